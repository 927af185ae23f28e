"""A loaded model with its prompts and views, and the run that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from mevqa.errors import InputError, MevqaError
from mevqa.inference.evaluation import Plan, answer, begin, check_notes, check_views, part_of, remaining
from mevqa.inference.fingerprint import run_fingerprint
from mevqa.inference.prepared import Prepared
from mevqa.inference.run_views import DrawOptions, run_views
from mevqa.inference.runs import RunRecord, check_run_folder
from mevqa.inference.shards import Shard, hold_run
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.models.base import Model, ModelOptions
from mevqa.models.registry import load_model, own_preferences, own_prompts
from mevqa.questions.prompts import PromptLibrary
from mevqa.types import Answer


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Which model is asked, how, and what it sees.

    Attributes:
        model: The name of a model (``load_model``), or one that is loaded.
        loading: How a model is loaded that is given by name.
        views: What the model sees.
        prompts: Folder of prompt files that replace the shipped ones, or a prompt library; None: those that the model
            was fine-tuned with, or the shipped ones.
        variant: Prompt variant; None: the one that the model prefers.
        consistency: Whether a clip's answers are decided together.
    """

    model: str | Model = "nano"
    loading: ModelOptions = field(default_factory=ModelOptions)
    views: ViewOptions = field(default_factory=ViewOptions)
    prompts: PromptLibrary | Path | str | None = None
    variant: str | None = None
    consistency: bool = True


@dataclass(frozen=True, slots=True)
class Answerer:
    """A loaded model with everything else that decides its answers.

    Attributes:
        model: The model.
        prompts: The prompt library.
        view_config: Which views are made and how.
        consistency: Whether a clip's answers are decided together.
        settings: The user's choices that can change an answer, for the manifest.
    """

    model: Model
    prompts: PromptLibrary
    view_config: ViewConfig
    consistency: bool
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClipProgress:
    """What is called while clips are answered.

    Attributes:
        advance: With each clip's answers.
        frames: With a long video, its frames done and its frames in all, while events are spotted in it.
    """

    advance: Callable[[Sequence[Answer]], None] = lambda answers: None
    frames: Callable[[str, int, int], None] = lambda clip, done, total: None


#: Given the clips and the questions to do, shows how far they are.
ShowProgress: TypeAlias = Callable[[int, int], AbstractContextManager[ClipProgress]]


def load_answerer(options: AskOptions, prepared: Prepared | None = None) -> Answerer:
    """Check all that can be checked without the model, load it, and return it with its prompts and views.

    Args:
        options: Which model is asked, how, and what it sees.
        prepared: A prepared benchmark, which decides what the model sees.

    Raises:
        InputError: A prompt file is wrong, or a view, sampler, variant or calibrator is unknown.
        ModelError: The model cannot be loaded.
    """
    prepared_views = None if prepared is None else prepared.view_config(options.views)
    _, problems = options.views.check()
    named = options.model if isinstance(options.model, str) else None
    if isinstance(options.model, str):
        preferences = own_preferences(options.model, options.loading.adapter)
    else:
        preferences = options.model.preferences
    prompts = options.prompts
    if not isinstance(prompts, PromptLibrary):
        folder = Path(prompts) if prompts is not None else None
        if folder is None and named is not None:
            folder = own_prompts(named, options.loading.adapter)
        try:
            prompts = PromptLibrary.load(folder, options.variant or preferences.variant)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    assert isinstance(prompts, PromptLibrary)
    model = load_model(options.model, options.loading) if isinstance(options.model, str) else options.model
    if prompts is not options.prompts and prompts.variant != (options.variant or model.preferences.variant):
        # Of a registered model it is only known now how it wants to be asked.
        prompts = PromptLibrary.load(folder, model.preferences.variant)
    view_config = prepared_views or options.views.for_model(model.preferences)
    chosen = _settings(options.loading if named is not None else None, model)
    return Answerer(model, prompts, view_config, options.consistency, chosen)


def _settings(loading: ModelOptions | None, model: Model) -> dict[str, Any]:
    """Return the settings of a model that can change an answer; those of a loaded one are its maker's to keep."""
    if (own := getattr(model, "run_settings", None)) is not None:
        return dict(own)
    score = model.preferences.option_score
    settings: dict[str, Any] = {}
    if loading is not None:
        names = ("seed", "dtype", "device", "quantization", "adapter", "attention")
        settings = {name: getattr(loading, name) for name in names}
        settings |= {"as_video": loading.video, "max_new_tokens": loading.max_new_tokens}
        score = score if loading.option_score == "auto" else loading.option_score
    return {**settings, "option_score": score, "thinking": getattr(model, "thinking", "")}


def answer_plan(
    work: Plan,
    out: Path,
    options: AskOptions,
    *,
    facts: Mapping[str, Any] | None = None,
    progress: ShowProgress | None = None,
    drawing: DrawOptions | None = None,
    shard: Shard | None = None,
) -> RunRecord:
    """Load the model, answer what the run still lacks, and return the run.

    Args:
        work: The plan.
        out: The run folder; continued where it is one.
        options: Which model is asked, how, and what it sees.
        facts: What a reader of the run wants to know besides.
        progress: Shows how far it is.
        drawing: Where the pictures of clips are taken from.
        shard: The part of the clips that this process answers; None: all.

    Raises:
        InputError: An option is wrong, another process writes the run, or it was made with other inputs.
        ModelError: The model cannot be loaded.
    """
    check_run_folder(out)
    # Held before the model is loaded: who comes second should not wait minutes to be told.
    own = work if shard is None else part_of(work, shard)
    with hold_run(out, shard), run_views(own, drawing or DrawOptions()) as views:
        if (expected := _expected_views(options)) is not None:
            views.begin(expected, out)
        asked = load_answerer(options, work.prepared)
        check_views(work, asked.view_config)
        check_notes(work.clips.values(), asked.prompts)
        fingerprint = run_fingerprint(
            work,
            asked.model,
            asked.prompts,
            asked.view_config,
            consistency=asked.consistency,
            settings=asked.settings,
            part=own,
        )
        known = {**(facts or {}), **getattr(asked.model, "run_facts", {})}
        with begin(work, out, fingerprint, known, shard) as log:
            groups = remaining(own, log.answers)
            questions = sum(len(group) for group in groups.values())
            showing = nullcontext(ClipProgress()) if progress is None else progress(len(groups), questions)
            with showing as shown:
                for answers in answer(
                    own,
                    log,
                    asked.model,
                    asked.prompts,
                    asked.view_config,
                    consistency=asked.consistency,
                    progress=shown.frames,
                    drawn_by=views.drawn_by(asked.view_config, groups),
                ):
                    shown.advance(answers)
    return log


def _expected_views(options: AskOptions) -> ViewConfig | None:
    """Return which views the model will ask for, as far as it tells before it is loaded; None where it cannot."""
    try:
        if isinstance(options.model, str):
            return options.views.for_model(own_preferences(options.model, options.loading.adapter))
        return options.views.for_model(options.model.preferences)
    except MevqaError:
        return None  # Said when the model is loaded.

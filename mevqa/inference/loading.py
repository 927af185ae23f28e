"""A model with its prompts and views, as the user asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from mevqa.errors import InputError, Problem
from mevqa.inference.consistency.class_table import ClassTable, read_class_table
from mevqa.inference.drawing.cache import chosen_cache
from mevqa.inference.evaluation import check_words
from mevqa.inference.prepared import Prepared
from mevqa.inference.sampling import Sampling
from mevqa.inference.shots.options import ShotOptions
from mevqa.inference.shots.source import ShotSource
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.models.base import Model, ModelOptions, Preferences, can_draw, takes_shots
from mevqa.models.class_prior import ClassPrior, CorrectedModel, class_prior
from mevqa.models.registry import load_model, own_preferences, own_prompts, tells_before_loading
from mevqa.questions.prompts import PromptLibrary


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
        shots: Answered clips that are shown before each clip; None: none.
        class_table: Question file with answers by which units make fine classes (``ClassTable``); None: the model alone
            decides.
        views_cache: Where the pictures of shots are stored, as ``DrawOptions.cache``.
    """

    model: str | Model = "nano"
    loading: ModelOptions = field(default_factory=ModelOptions)
    views: ViewOptions = field(default_factory=ViewOptions)
    prompts: PromptLibrary | Path | str | None = None
    variant: str | None = None
    consistency: bool = True
    shots: ShotOptions | None = None
    class_table: Path | None = None
    views_cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Answerer:
    """A loaded model with everything else that decides its answers.

    Attributes:
        model: The model.
        prompts: The prompt library.
        view_config: Which views are made and how.
        consistency: Whether a clip's answers are decided together.
        settings: The user's choices that can change an answer, for the manifest.
        shots: What gives the answered clips that are shown before each clip; None: none are.
        sampling: How several answers are drawn to each question; None: the likeliest is taken.
        class_table: How units make the fine classes of data sets; None: the model alone decides.
    """

    model: Model
    prompts: PromptLibrary
    view_config: ViewConfig
    consistency: bool
    settings: Mapping[str, Any]
    shots: ShotSource | None = None
    sampling: Sampling | None = None
    class_table: ClassTable | None = None


#: Holds what is asked about against views, prompts and shots; raises ``InputError``.
CheckQuestions: TypeAlias = Callable[[ViewConfig, PromptLibrary, ShotSource | None], None]


def load_answerer(
    options: AskOptions, prepared: Prepared | None = None, check: CheckQuestions | None = None
) -> Answerer:
    """Check all that can be checked without the model, load it, and return it with its prompts and views.

    Args:
        options: Which model is asked, how, and what it sees.
        prepared: A prepared benchmark, which decides what the model sees.
        check: What is to be asked about must fit, too; called before the model is loaded where that is possible.

    Raises:
        InputError: A prompt file is wrong, a view, sampler, variant or calibrator is unknown, or as ``check`` does.
        ModelError: The model cannot be loaded.
    """
    prepared_views = None if prepared is None else prepared.view_config(options.views)
    _, problems = options.views.check()
    prior = _prior(options.loading, problems)
    class_table = _class_table(options, problems)
    model_name = options.model if isinstance(options.model, str) else None
    if isinstance(options.model, str):
        preferences = own_preferences(options.model, options.loading.adapter)
    else:
        preferences = options.model.preferences
    prompts = options.prompts
    if not isinstance(prompts, PromptLibrary):
        folder = Path(prompts) if prompts is not None else None
        if folder is None and model_name is not None:
            folder = own_prompts(model_name, options.loading.adapter)
        try:
            prompts = PromptLibrary.load(folder, options.variant or preferences.variant)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    assert isinstance(prompts, PromptLibrary)
    early = model_name is None or tells_before_loading(model_name)
    views_and_shots = _views_and_shots(options, prompts, preferences, prepared_views, check) if early else None
    model = load_model(options.model, options.loading) if isinstance(options.model, str) else options.model
    if views_and_shots is None:
        # Of a registered model it is only known now how it wants to be asked.
        if prompts is not options.prompts and prompts.variant != (options.variant or model.preferences.variant):
            prompts = PromptLibrary.load(folder, model.preferences.variant)
        views_and_shots = _views_and_shots(options, prompts, model.preferences, prepared_views, check)
    view_config, shots = views_and_shots
    settings = _settings(options.loading if model_name is not None else None, model)
    if prior is not None:
        model = CorrectedModel(model, prior)
        settings["prior"] = {"source": Path(prior.source).name, **prior.counts}
        if prior.clips:
            settings["prior"]["leaves_out_subject"] = True
    if shots is not None:
        if not takes_shots(model):
            raise InputError([Problem("--shots", f"{model.name} cannot be shown answered clips: leave --shots out")])
        shots.measure()
    sampling = _sampling(options.loading, model)
    if sampling is not None:
        settings["samples"] = asdict(sampling)
    if class_table is not None:
        settings["class_table"] = class_table.record()
    return Answerer(model, prompts, view_config, options.consistency, settings, shots, sampling, class_table)


def _views_and_shots(
    options: AskOptions,
    prompts: PromptLibrary,
    preferences: Preferences,
    prepared: ViewConfig | None,
    check: CheckQuestions | None,
) -> tuple[ViewConfig, ShotSource | None]:
    """Return which views are shown and what gives the shots, or refuse what does not fit them.

    Raises:
        InputError: Views of words where there is no place for them, files of shots that are wrong, or as ``check``.
    """
    view_config = prepared or options.views.for_model(preferences)
    check_words((*view_config.views, *view_config.long_views), prompts)
    shots = None
    if options.shots is not None:
        shots = ShotSource(options.shots, prompts, view_config, chosen_cache(options.views_cache))
    if check is not None:
        check(view_config, prompts, shots)
    return view_config, shots


def _sampling(loading: ModelOptions, model: Model) -> Sampling | None:
    """Return how answers are drawn, None where they are not.

    Raises:
        InputError: The model cannot draw, or the temperature is none.
    """
    if loading.samples <= 1:
        return None
    if not can_draw(model):
        raise InputError([Problem("--samples", f"{model.name} cannot draw answers at random: leave --samples out")])
    if not loading.temperature > 0:
        raise InputError([Problem("--temperature", "answers are drawn at a temperature above 0")])
    return Sampling(loading.samples, loading.temperature, loading.seed)


def _prior(loading: ModelOptions, problems: list[Problem]) -> ClassPrior | None:
    """Return the class frequencies to take out; what is wrong with them is added to the problems."""
    try:
        return None if loading.prior is None else class_prior(loading.prior)
    except InputError as error:
        problems += error.problems
        return None


def _class_table(options: AskOptions, problems: list[Problem]) -> ClassTable | None:
    """Return the table of fine classes by units; what is wrong with it is added to the problems."""
    if options.class_table is None:
        return None
    if not options.consistency:
        problems.append(Problem("--class-table", "decides a clip's answers together: leave out --consistency off"))
        return None
    try:
        return read_class_table(options.class_table)
    except InputError as error:
        problems += error.problems
        return None


def _settings(loading: ModelOptions | None, model: Model) -> dict[str, Any]:
    """Return the settings of a model that can change an answer; those of a loaded one are its maker's to keep."""
    if (run_settings := getattr(model, "run_settings", None)) is not None:
        return dict(run_settings)
    score = model.preferences.option_score
    settings: dict[str, Any] = {}
    if loading is not None:
        names = ("seed", "dtype", "device", "quantization", "adapter", "attention")
        settings = {name: getattr(loading, name) for name in names}
        settings |= {"as_video": loading.video, "max_new_tokens": loading.max_new_tokens}
        score = score if loading.option_score == "auto" else loading.option_score
    return {**settings, "option_score": score, "thinking": getattr(model, "thinking", "")}

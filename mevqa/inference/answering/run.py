"""The run that a model answers, here or on a cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from mevqa.errors import InputError, MevqaError, Problem
from mevqa.inference.answering.clips import AnswersClips, Groups, answer, begin, remaining
from mevqa.inference.answering.run_views import DrawOptions, run_views
from mevqa.inference.engine import DrawsViews
from mevqa.inference.evaluation import Plan, check_notes, check_views, part_of
from mevqa.inference.fingerprint import run_fingerprint
from mevqa.inference.loading import Answerer, AskOptions, CheckQuestions, load_answerer
from mevqa.inference.runs import RunRecord, check_run_folder, open_run
from mevqa.inference.shards import Shard, hold_run
from mevqa.inference.shots.source import ShotSource
from mevqa.inference.view_config import ViewConfig
from mevqa.models.registry import own_preferences
from mevqa.questions.prompts import PromptLibrary
from mevqa.types import Answer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClipProgress:
    """Functions that are called while clips are answered.

    Attributes:
        advance: With each clip's answers.
        frames: With a long video, its frames done and its frames in all, while events are spotted in it.
    """

    advance: Callable[[Sequence[Answer]], None] = lambda answers: None
    frames: Callable[[str, int, int], None] = lambda clip, done, total: None


#: Given the clips and the questions to do, shows how far they are.
ShowProgress: TypeAlias = Callable[[int, int], AbstractContextManager[ClipProgress]]


def answer_plan(
    work: Plan,
    out: Path,
    options: AskOptions,
    *,
    facts: Mapping[str, Any] | None = None,
    progress: ShowProgress | None = None,
    drawing: DrawOptions | None = None,
    shard: Shard | None = None,
    on_cluster: bool = False,
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
        on_cluster: Whether workers of a cluster of Ray load the model and answer, as many as ``drawing`` names.

    Raises:
        InputError: An option is wrong, another process writes the run, it was made with other inputs, or the cluster
            cannot be used.
        ModelError: The model cannot be loaded.
    """
    check_run_folder(out)
    chosen = drawing or DrawOptions()
    # Held before the model is loaded: a second process is refused at once, and not after minutes.
    part = work if shard is None else part_of(work, shard)
    start = _on_cluster if on_cluster else _here
    check = partial(check_questions, work, part)
    with hold_run(out, shard), start(part, out, options, chosen, check) as answering:
        answerer = answering.answerer
        if answerer.class_table is not None:
            answerer.class_table.check(work.clips.values())
        fingerprint = run_fingerprint(
            work,
            answerer.model,
            answerer.prompts,
            answerer.view_config,
            consistency=answerer.consistency,
            settings=answerer.settings,
            part=part,
            shots=None if answerer.shots is None else answerer.shots.record(),
        )
        all_facts = {**(facts or {}), **getattr(answerer.model, "run_facts", {})}
        with begin(work, out, fingerprint, all_facts, shard) as log:
            groups = remaining(part, log.answers)
            questions = sum(len(group) for group in groups.values())
            _log.debug("%s: %d questions about %d clips are to be answered", out, questions, len(groups))
            showing = nullcontext(ClipProgress()) if progress is None else progress(len(groups), questions)
            with showing as clip_progress:
                for answers in answer(
                    part,
                    log,
                    answerer.model,
                    answerer.prompts,
                    answerer.view_config,
                    consistency=answerer.consistency,
                    class_table=answerer.class_table,
                    progress=clip_progress.frames,
                    drawn_by=answering.drawn_by(groups),
                    answered_by=answering.answered_by,
                    shots=answerer.shots,
                    sampling=answerer.sampling,
                ):
                    _log.debug("clip answered: %d questions", len(answers))
                    clip_progress.advance(answers)
    # With what the processes that answer other parts have written meanwhile.
    return log if shard is None else open_run(log.path)


def check_questions(
    work: Plan, part: Plan, view_config: ViewConfig, prompts: PromptLibrary, shots: ShotSource | None
) -> None:
    """Refuse clips that cannot be shown as is asked, notes that have no place, and shots that cannot be given.

    Args:
        work: The plan.
        part: The part of it that this process answers.
        view_config: What is shown of a clip.
        prompts: How questions are put.
        shots: What gives the answered clips that are shown before; None: none are.

    Raises:
        InputError: One of these is wrong.
    """
    check_views(work, view_config)
    check_notes(work.clips.values(), prompts)
    if shots is not None:
        shots.check(part.clips.values())


@dataclass(frozen=True, slots=True)
class _Answering:
    """What answers a run: the model here, or a cluster.

    Attributes:
        answerer: The model with everything else that decides its answers.
        drawn_by: Given the questions to answer, returns what gives the pictures of clips.
        answered_by: Who answers in place of the model here.
    """

    answerer: Answerer
    drawn_by: Callable[[Groups], DrawsViews | None]
    answered_by: AnswersClips | None = None


@contextmanager
def _here(
    part: Plan, out: Path, options: AskOptions, drawing: DrawOptions, check: CheckQuestions
) -> Iterator[_Answering]:
    """Load the model in this process, while others begin to draw."""
    with run_views(part, drawing) as views:
        if (expected := _expected_views(options)) is not None:
            views.begin(expected, out)
        answerer = load_answerer(options, part.prepared, check)
        yield _Answering(answerer, partial(views.drawn_by, answerer.view_config))


@contextmanager
def _on_cluster(
    part: Plan, out: Path, options: AskOptions, drawing: DrawOptions, check: CheckQuestions
) -> Iterator[_Answering]:
    """Load the model in workers of a cluster of Ray."""
    if not isinstance(options.model, str):
        raise InputError([Problem("--engine ray", "each worker loads the model: give its name or folder")])
    if options.shots is not None:
        raise InputError([Problem("--engine ray", "shots are shown by processes here: leave it out, or --shots")])
    if options.model.startswith("openai:"):
        raise InputError([Problem("--engine ray", "a served model answers where it is: leave it out (--concurrency)")])
    from mevqa.inference.answering.cluster import answering_cluster

    with answering_cluster(options, part, drawing) as cluster:
        check(cluster.answerer.view_config, cluster.answerer.prompts, cluster.answerer.shots)
        yield _Answering(cluster.answerer, lambda groups: None, partial(cluster.answered_by, part))


def _expected_views(options: AskOptions) -> ViewConfig | None:
    """Return which views the model will ask for, as far as it tells before it is loaded; None where it cannot."""
    try:
        if isinstance(options.model, str):
            return options.views.for_model(own_preferences(options.model, options.loading.adapter))
        return options.views.for_model(options.model.preferences)
    except MevqaError:
        return None  # Said when the model is loaded.

"""Answer planned questions: what a run still lacks, clip by clip, kept as it is done."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from mevqa.files.lock import hold_folder
from mevqa.inference.consistency.class_table import ClassTable
from mevqa.inference.engine import ClipAnswers, DrawsViews, ShowsShots, answer_clip
from mevqa.inference.evaluation import Plan
from mevqa.inference.logs.answer_log import ANSWERS
from mevqa.inference.logs.usage_log import UsageLog
from mevqa.inference.long_videos.event_log import EventLog
from mevqa.inference.runs import RunWriter, start_run
from mevqa.inference.sampling import Sampling
from mevqa.inference.shards import BEGINNING, Shard
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Model
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.signals import finished_first
from mevqa.types import Answer, Clip, Question

#: Questions to answer, by clip id.
Groups: TypeAlias = Mapping[str, Sequence[Question]]
#: Answers questions; yields each clip, in whatever order, with its answers.
AnswersClips: TypeAlias = Callable[[Groups], Iterator[tuple[str, ClipAnswers]]]


def begin(
    work: Plan,
    out: Path,
    fingerprint: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    shard: Shard | None = None,
) -> RunWriter:
    """Create or continue the run folder ``out``.

    Args:
        work: The plan.
        out: The run folder.
        fingerprint: What ``run_fingerprint`` returned.
        facts: What a reader of the run wants to know besides.
        shard: The part of the run that this process answers; None: the whole.

    Raises:
        InputError: The folder holds something else or a run that other inputs decided.
    """
    files = [str(file.path.absolute()) for file in work.files]
    sources = [source.as_record() for source in work.sources]
    manifest_facts = {"question_files": files, "sources": sources, **(facts or {})}
    if shard is None:
        return start_run(out, fingerprint, manifest_facts)
    with hold_folder(out, wait=BEGINNING):
        return start_run(out, fingerprint, {**manifest_facts, "clips": list(work.questions)}, part=shard.name)


def remaining(work: Plan, answered: Mapping[str, Answer]) -> dict[str, tuple[Question, ...]]:
    """Return the clips that still have a question without an answer, with all their questions.

    An error is no answer. A reply that was cut off or cannot be read is final: models write without chance, so that
    the same settings would give the same reply again.
    """
    return {
        clip_id: group
        for clip_id, group in work.questions.items()
        if any(q.id not in answered or _is_open(answered[q.id]) for q in group)
    }


def looks(work: Plan, groups: Mapping[str, Sequence[Question]], view_config: ViewConfig) -> Iterator[tuple[Clip, bool]]:
    """Yield the clips that a model looks at, each with whether as a long video, in the order of ``answer``.

    Args:
        work: The plan.
        groups: The questions to answer, by clip id.
        view_config: Who answers questions about long videos.
    """
    for clip_id, questions in groups.items():
        for long_video in (False, True):
            if long_video and view_config.lvqa != "model":
                continue  # The model looks at the events that are found in it.
            if any(asks_long_video(question) == long_video for question in questions):
                yield work.clips[clip_id], long_video


def _is_open(answer: Answer) -> bool:
    return answer.error is not None and answer.unusable is None


def answer(
    work: Plan,
    run: RunWriter,
    model: Model,
    prompts: PromptLibrary,
    view_config: ViewConfig,
    *,
    consistency: bool = True,
    class_table: ClassTable | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    drawn_by: DrawsViews | None = None,
    answered_by: AnswersClips | None = None,
    shots: ShowsShots | None = None,
    sampling: Sampling | None = None,
) -> Iterator[list[Answer]]:
    """Answer what the run still lacks; the events of long videos are kept in ``events.csv`` of the run.

    Args:
        work: The plan.
        run: The open run.
        model: Who is asked.
        prompts: The prompt library.
        view_config: Which views are made and how.
        consistency: Decide a clip's answers together.
        class_table: How units make the fine classes of data sets, which then decides with the model.
        progress: Called with the clip, frames done and frames in all while events are spotted in a long video.
        drawn_by: What gives the pictures of clips; None: the plan's prepared pictures, or ``view_config`` itself.
        answered_by: Who answers, e.g. a cluster; None: ``model`` itself, one clip after the other.
        shots: What gives the answered clips that are shown before each clip.
        sampling: How several answers are drawn to each question.

    Yields:
        Each clip's answers once they are on the disk. A request to terminate waits until then. A served model whose
        next answers could cost too much ends them.
    """
    groups = remaining(work, run.answers)
    # Opened before the work, so that a foreign table is refused before and not after it.
    about_long = any(asks_long_video(question) for group in groups.values() for question in group)
    shared = run.log.name != ANSWERS
    log = EventLog(run.path, shared=shared) if about_long and view_config.lvqa != "model" else None

    def keep(clip_id: str, result: ClipAnswers) -> list[Answer]:
        if log is not None and result.long_video is not None:
            log.put(clip_id, result.long_video)
        run.append(result.answers)
        return result.answers

    if answered_by is not None:
        results = answered_by(groups)
        for _ in groups:
            with finished_first():
                answers = keep(*next(results))
            yield answers
        return
    usage = UsageLog(run.log, getattr(model, "meter", None))
    for clip_id, questions in groups.items():
        frame_progress = None if progress is None else functools.partial(progress, clip_id)
        clip = work.clips[clip_id]
        with finished_first(), usage.counted(clip_id):
            result = answer_clip(
                clip,
                questions,
                model,
                prompts,
                view_config,
                consistency=consistency,
                class_table=class_table,
                progress=frame_progress,
                drawn_by=drawn_by or work.prepared,
                shots=shots,
                sampling=sampling,
            )
            answers = keep(clip_id, result)
        if usage.stopped:
            return
        yield answers

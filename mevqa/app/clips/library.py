"""The clips that the page is started with: a video, a folder, a question file, or a run with its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import mevqa
from mevqa.app.settings import AppSettings
from mevqa.data import read_annotations, search_clips
from mevqa.errors import InputError, Problem
from mevqa.safe_text import shared_name

if TYPE_CHECKING:
    from mevqa import Answer, Clip, Question, Run

#: How a question file's name ends.
_QUESTION_SUFFIXES = (".jsonl", ".json")


@dataclass(frozen=True, slots=True)
class Choice:
    """A clip that can be chosen.

    Attributes:
        clip: The clip; without media where the run's videos are not there.
        questions: Questions of a question file about it.
        answers: Answers of a run to these, by question id.
    """

    clip: Clip
    questions: tuple[Question, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its text in the list."""
        count_text = f" ({len(self.questions)} questions)" if len(self.questions) > 1 else ""
        return f"{self.clip.id}{count_text}"


@dataclass(frozen=True, slots=True)
class Library:
    """The clips that can be chosen.

    Attributes:
        choices: The clips, in the order of their file.
        answered_by: Model of the run that they come from; empty without one.
        notes: Notes for the user, one sentence each.
    """

    choices: tuple[Choice, ...] = ()
    answered_by: str = ""
    notes: tuple[str, ...] = ()


def read_library(settings: AppSettings) -> Library:
    """Read the clips that the page is started with.

    Args:
        settings: Settings of the page.

    Raises:
        InputError: Everything that is wrong with a run or a question file.
        MediaError: A folder holds no video.
    """
    start = settings.start
    if start is None:
        return Library()
    if (start / "manifest.json").is_file():
        return _of_run(mevqa.open_run(start), settings)
    if start.suffix.lower() in _QUESTION_SUFFIXES:
        return _of_questions(start, settings)
    return _of_videos(start, settings)


def _of_videos(start: Path, settings: AppSettings) -> Library:
    from mevqa.spotting.video import find_videos, video_names

    videos = find_videos(start)
    names = video_names(videos)
    return Library(tuple(Choice(mevqa.Clip(names[path], settings.dataset, media=path)) for path in videos))


def _of_questions(start: Path, settings: AppSettings) -> Library:
    if settings.media is None:
        raise InputError([Problem(start, "is a question file: give the folder of its videos with --media")])
    questions = mevqa.read_questions(start).questions
    labels = None if settings.annotations is None else read_annotations(settings.annotations)
    clips = mevqa.find_clips(questions, settings.media, labels)
    return Library(_choices(questions, clips, {}))


def _of_run(run: Run, settings: AppSettings) -> Library:
    questions = run.questions
    clips: dict[str, Clip] = {}
    notes: list[str] = []
    sources = [dict(record) for record in run.manifest.get("sources", ())] or [{}]
    for source in sources:
        media = settings.media or _path(source.get("media"))
        annotations = settings.annotations or _path(source.get("annotations"))
        # A source that names its files may give clips of earlier ones anew; an old run's names none.
        known_clips = () if source.get("files") else clips
        if media is None:
            continue
        try:
            labels = read_annotations(annotations) if annotations is not None else None
            search = search_clips(
                [question for question in questions if question.clip_id not in known_clips], media, labels
            )
        except InputError as error:
            notes.append(str(error.problems[0]))
            continue
        clips |= dict(search.clips)
    missing = len({question.clip_id for question in questions} - clips.keys())
    if missing:
        notes.append(f"{missing} clips have no video here: give the folder of the videos with --media")
    model = str((run.manifest.get("decides", {}).get("model") or {}).get("name") or "the run")
    return Library(_choices(questions, clips, run.answers), shared_name(model), tuple(notes))


def _choices(
    questions: Sequence[Question], clips: Mapping[str, Clip], answers: Mapping[str, Answer]
) -> tuple[Choice, ...]:
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.clip_id, []).append(question)
    return tuple(
        Choice(
            clips.get(clip_id) or mevqa.Clip(clip_id, group[0].dataset, group[0].subject),
            tuple(group),
            {question.id: answers[question.id] for question in group if question.id in answers},
        )
        for clip_id, group in groups.items()
    )


def _path(value: object) -> Path | None:
    return Path(str(value)) if value else None

"""Answer whole question files: plan the work, refuse what cannot be answered, keep a resumable log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.errors import InputError, Problem
from mevqa.inference.prepared import Prepared
from mevqa.inference.shards import Shard
from mevqa.inference.view_config import ViewConfig
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.types import Clip, Question

if TYPE_CHECKING:
    from mevqa.data.official import QuestionFile
    from mevqa.datasets.label_layout import FolderNumbers


@dataclass(frozen=True, slots=True)
class Source:
    """Where the clips of some question files come from.

    Attributes:
        files: The question files.
        media: Folder of the clips.
        annotations: Label file.
        pictures: Folders of ready-made pictures by view name.
        numbers: How the frames of folders were numbered, where a data set's label file tells numbers.
    """

    files: tuple[Path, ...]
    media: Path | None = None
    annotations: Path | None = None
    pictures: Mapping[str, Path] = field(default_factory=dict)
    numbers: FolderNumbers = "names"

    def as_record(self) -> dict[str, Any]:
        """Return plain values with whole paths, for the manifest."""
        return {
            "files": [str(path.absolute()) for path in self.files],
            "media": str(self.media.absolute()) if self.media is not None else None,
            "annotations": str(self.annotations.absolute()) if self.annotations is not None else None,
            "pictures": {name: str(path.absolute()) for name, path in self.pictures.items()},
            "numbers": self.numbers,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Source:
        """Read what ``as_record`` returned."""
        media, annotations = record.get("media"), record.get("annotations")
        return cls(
            tuple(Path(name) for name in record.get("files", ())),
            Path(media) if media else None,
            Path(annotations) if annotations else None,
            {name: Path(path) for name, path in (record.get("pictures") or {}).items()},
            record.get("numbers", "names"),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Checked work: every question has its clip.

    Attributes:
        files: The question files, in the order given.
        clips: By clip id, in the order in which the files name them.
        questions: By clip id.
        sources: Where the clips come from; several when data sets were put together (``merged``).
        prepared: Where the pictures of the clips are kept, when they were drawn before.
    """

    files: tuple[QuestionFile, ...]
    clips: Mapping[str, Clip]
    questions: Mapping[str, tuple[Question, ...]]
    sources: tuple[Source, ...] = ()
    prepared: Prepared | None = None

    @property
    def all_questions(self) -> list[Question]:
        """Every planned question, clip by clip."""
        return [question for group in self.questions.values() for question in group]


def plan(
    files: Sequence[Path],
    media: Path | None,
    *,
    annotations: Path | None = None,
    pictures: Mapping[str, Path] | None = None,
    limit: int | None = None,
    numbers: FolderNumbers = "names",
) -> Plan:
    """Read question files, find their media and annotations.

    Args:
        files: Official question files.
        media: Folder of the clips; None when ready-made pictures are all there is.
        annotations: Onset, apex, offset and codes: our CSV or an official label file.
        pictures: Folders of ready-made pictures by view name.
        limit: Only the first so many clips.
        numbers: How the frames of folders were numbered, where a data set's label file tells numbers.

    Raises:
        InputError: Every problem of all inputs together.
    """
    from mevqa.data.annotations import read_annotations
    from mevqa.data.media import search_clips
    from mevqa.data.official import read_questions

    problems: list[Problem] = []
    read: list[QuestionFile] = []
    for path in files:
        try:
            read.append(read_questions(path).without_rows())
        except InputError as error:
            problems.extend(error.problems)
    questions = [question for file in read for question in file.questions]
    problems.extend(_doubled_ids(read))
    labels = None
    if annotations is not None:
        try:
            labels = read_annotations(annotations).counted(numbers)
        except InputError as error:
            problems.extend(error.problems)
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.clip_id, []).append(question)
    chosen = dict(list(groups.items())[:limit])
    clips: dict[str, Clip] = {}
    for file in read:
        new_questions = [q for q in file.questions if q.clip_id in chosen and q.clip_id not in clips]
        search = search_clips(new_questions, media, labels, pictures, file.path)
        clips.update(search.clips)
        problems.extend(problem for problem in search.problems if problem not in problems)
    if problems:
        raise InputError(problems)
    source = Source(tuple(files), media, annotations, dict(pictures or {}), numbers)
    return Plan(tuple(read), clips, {clip: tuple(group) for clip, group in chosen.items()}, (source,))


def plan_prepared(folder: Path, *, limit: int | None = None) -> Plan:
    """Read the questions and clips of a prepared benchmark; the media are not needed.

    Args:
        folder: What ``prepare_plan`` wrote.
        limit: Only the first so many clips.

    Raises:
        InputError: The folder is none, or one of its files is broken.
    """
    from mevqa.data.official import read_questions

    prepared = Prepared(folder)
    files = tuple(read_questions(path).without_rows() for path in prepared.files)
    groups: dict[str, list[Question]] = {}
    for question in (question for file in files for question in file.questions):
        groups.setdefault(question.clip_id, []).append(question)
    chosen = {clip_id: tuple(group) for clip_id, group in list(groups.items())[:limit]}
    if missing := [clip_id for clip_id in chosen if clip_id not in prepared.clips or not prepared.has(clip_id)]:
        raise InputError(Problem(folder, f"has no row about the clip {name!r}; prepare it again") for name in missing)
    clips = {clip_id: prepared.clips[clip_id] for clip_id in chosen}
    copies = {path.name: path for path in prepared.files}
    sources = [Source.from_record(record) for record in prepared.record.sources]
    copied_sources = tuple(
        replace(source, files=tuple(copies[path.name] for path in source.files)) for source in sources
    )
    return Plan(files, clips, chosen, copied_sources, prepared)


def with_notes(work: Plan, path: Path) -> Plan:
    """Return a plan whose clips have the notes of a table; clips that it does not name have none.

    Args:
        work: The plan.
        path: Table of clip and note (``mevqa.data.clip_notes``).

    Raises:
        InputError: The table cannot be read, or names none of the clips.
    """
    from mevqa.data.clip_notes import notes_of, read_clip_notes

    notes = notes_of(list(work.clips), read_clip_notes(path), path)
    clips = {name: replace(clip, notes=(notes[name],)) if name in notes else clip for name, clip in work.clips.items()}
    return replace(work, clips=clips)


def check_notes(clips: Iterable[Clip], prompts: PromptLibrary) -> None:
    """Refuse notes where the prompts have no place for them.

    Raises:
        InputError: A clip has notes, and the prompt variant no system text.
    """
    if not prompts.takes_notes and any(clip.notes for clip in clips):
        problem = f"the prompt variant {prompts.variant!r} has no text before the pictures in which notes could stand"
        mend = "it is for models that were trained on bare questions (nano); ask with --variant default, or another"
        raise InputError([Problem("--notes", f"{problem}: {mend} model")])


def check_words(views: Iterable[str], prompts: PromptLibrary, where: str = "--views") -> None:
    """Refuse views of words where the prompts have no place for them.

    Args:
        views: Names of the views that are asked for.
        prompts: The prompt library.
        where: The option or setting that names the views.

    Raises:
        InputError: One of them is a text, and the prompt variant has no system text.
    """
    from mevqa.video.views.registry import is_of_words

    text_views = ", ".join(dict.fromkeys(name for name in views if is_of_words(name)))
    if text_views and not prompts.takes_notes:
        problem = f"{text_views} is a text, and the prompt variant {prompts.variant!r} has none before the pictures"
        mend = "it is for models that were trained on bare questions (nano); leave it out, or ask with another variant"
        raise InputError([Problem(where, f"{problem}: {mend}")])


def merged(plans: Sequence[Plan]) -> Plan:
    """Put the plans of several data sets together.

    Raises:
        InputError: An id stands in two of them.
    """
    files = [file for part in plans for file in part.files]
    problems = _doubled_ids(files)
    clips: dict[str, Clip] = {}
    questions: dict[str, tuple[Question, ...]] = {}
    for part in plans:
        where = part.files[0].path if part.files else "suite"
        problems.extend(
            Problem(where, f"the clip {name!r} stands in another part too") for name in part.questions if name in clips
        )
        clips.update(part.clips)
        questions.update(part.questions)
    if problems:
        raise InputError(problems)
    return Plan(tuple(files), clips, questions, tuple(source for part in plans for source in part.sources))


def check_views(work: Plan, view_config: ViewConfig) -> None:
    """Refuse views that some clips cannot have, before anything is answered.

    Raises:
        InputError: One line for all clips that lack the same views, and one for long videos that are none.
    """
    from mevqa.video.views.render import views_to_draw

    clips_by_views: dict[tuple[str, ...], list[str]] = {}
    missing_videos: list[str] = []
    for clip in work.clips.values():
        is_gone = clip.media is None or (work.prepared is not None and not clip.media.exists())
        if is_gone and view_config.lvqa != "model" and any(map(asks_long_video, work.questions[clip.id])):
            missing_videos.append(clip.id)
        elif clip.media is None and work.prepared is None and (views := views_to_draw(clip, view_config.views)):
            clips_by_views.setdefault(tuple(views), []).append(clip.id)
    problems = [
        Problem(
            "--views",
            f"{', '.join(views)} cannot be made for {len(clips)} clips without video ({clips[0]}, ...): "
            "give --media, more --precomputed pictures, or fewer --views",
        )
        for views, clips in clips_by_views.items()
    ]
    if missing_videos:
        message = (
            f"no events can be found in {len(missing_videos)} long videos that are not there ({missing_videos[0]}, ...)"
        )
        mend = "give the folder of the videos" if work.prepared is None else "put them back where they were prepared"
        problems.append(Problem("--media", f"{message}: {mend}, or --lvqa model"))
    if problems:
        raise InputError(problems)


def part_of(work: Plan, shard: Shard) -> Plan:
    """Return the part of a plan that one of several processes answers."""
    chosen = shard.of(work.questions)
    return replace(work, questions={c: work.questions[c] for c in chosen}, clips={c: work.clips[c] for c in chosen})


def _doubled_ids(files: Sequence[QuestionFile]) -> list[Problem]:
    """Return a problem for every id that stands in two files: their answers could not be told apart."""
    first: dict[str, Path] = {}
    problems = []
    for file in files:
        for question in file.questions:
            other = first.setdefault(question.id, file.path)
            if other != file.path:
                problems.append(Problem(file.path, f"the id {question.id!r} stands in {other} too", question.line))
    return problems

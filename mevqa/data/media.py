"""Bring questions, media, labels and ready-made pictures together into clips."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mevqa.data.clip_facts import named_dataset
from mevqa.data.clip_problems import ClipProblem, examples, together
from mevqa.data.frame_numbers import first_frame_warning, place
from mevqa.data.label_types import ClipLabels, LabelFile
from mevqa.data.layouts import MediaFolder
from mevqa.data.official import leaves_folder
from mevqa.datasets import dataset as find_dataset
from mevqa.errors import InputError, Problem
from mevqa.events import Event
from mevqa.names import subject_key
from mevqa.questions.question_types import asks_long_video
from mevqa.types import Clip, Question
from mevqa.video.reading.key_frames import usable

#: Other names of views under which ready-made pictures are given.
PICTURE_ALIASES: Mapping[str, str] = {"flow": "motion"}
#: What ready-made pictures may be called, in messages.
_EXAMPLES: Mapping[str, str] = {"DIR": "maps/", "FILE": "map.png"}


@dataclass(frozen=True, slots=True)
class ClipSearch:
    """The clips of some questions, and what is wrong with them.

    Attributes:
        clips: Clip by id, in the order of the questions; clips with problems are left out.
        problems: One line each, in the same order.
    """

    clips: Mapping[str, Clip]
    problems: tuple[Problem, ...]


def ready_pictures(
    items: Sequence[str] | Mapping[str, str | os.PathLike[str]], *, each: Literal["DIR", "FILE"] = "DIR"
) -> dict[str, Path]:
    """Return the folders (or files) of ready-made pictures by view name.

    Args:
        items: Folders by view name, or VIEW=DIR items.
        each: ``DIR``, or ``FILE`` for the pictures of one clip.

    Raises:
        InputError: Every item that is not of that form or does not exist.
    """
    pictures = {}
    problems = []
    for item in items if not isinstance(items, Mapping) else [f"{name}={path}" for name, path in items.items()]:
        name, _, where = item.partition("=")
        path = Path(where)
        if not (name and where):
            problems.append(Problem("--precomputed", f"{item!r} is not VIEW={each}, e.g. flow={_EXAMPLES[each]}"))
        elif not (path.is_dir() if each == "DIR" else path.is_file()):
            kind = "folder" if each == "DIR" else "file"
            problems.append(Problem(where, f"is not a {kind} (from --precomputed {item})"))
        else:
            pictures[PICTURE_ALIASES.get(name, name)] = path
    if problems:
        raise InputError(problems)
    return pictures


def find_clips(
    questions: Sequence[Question],
    media_root: Path | None,
    annotations: Mapping[str, ClipLabels] | None = None,
    pictures: Mapping[str, Path] | None = None,
) -> dict[str, Clip]:
    """Return the clips that questions are about, with media, labels and pictures.

    Args:
        questions: The questions.
        media_root: Folder below which the media are searched (``clip_paths`` of the data set); None: only pictures
            exist.
        annotations: Labels by clip id (``read_annotations``); every name of a long video leads to its labels.
        pictures: Folder of ``<clip id>.png`` by view name (``motion``; ``flow`` is another name of it).

    Raises:
        InputError: Everything that is missing, ambiguous or contradictory, together.
    """
    search = search_clips(questions, media_root, annotations, pictures)
    if search.problems:
        raise InputError(search.problems)
    return dict(search.clips)


def search_clips(
    questions: Sequence[Question],
    media_root: Path | None,
    annotations: Mapping[str, ClipLabels] | None = None,
    pictures: Mapping[str, Path] | None = None,
    question_file: Path | None = None,
) -> ClipSearch:
    """Find clips as ``find_clips`` does, and return the problems instead of raising them.

    With ``question_file`` the problems of a clip point at its first question.
    """
    problems: list[Problem] = []
    folder = None
    if media_root is not None:
        problems.extend(_folder_problems(media_root, "the folder of the media"))
        folder = MediaFolder(media_root)
    views: dict[str, MediaFolder] = {}
    for name, path in (pictures or {}).items():
        problems.extend(_folder_problems(path, f"the folder of the ready-made pictures {name!r}"))
        views[PICTURE_ALIASES.get(name, name)] = MediaFolder(path)
    if folder is None and not views:
        problems.append(Problem("--media", "says where the clips are, where no ready-made pictures of them are given"))
    if problems:
        return ClipSearch({}, tuple(problems))
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.clip_id, []).append(question)
    file = None if annotations is None else _label_file(annotations)
    clips: dict[str, Clip] = {}
    clip_problems: list[ClipProblem] = []
    for clip_id, group in groups.items():
        finder = _ClipFinder(clip_id, group, folder, views)
        clip = finder.find(file)
        if finder.problems:
            clip_problems += finder.problems
        else:
            clips[clip_id] = clip
    problems += _foreign_labels(questions, file, question_file) if file is not None else []
    problems += together(clip_problems, len(groups), question_file)
    return ClipSearch(clips, tuple(problems))


def _foreign_labels(questions: Sequence[Question], file: LabelFile, question_file: Path | None) -> list[Problem]:
    """Return a problem where the label file of one data set is given for questions about another."""
    if not file.official:
        return []
    label_datasets = {labels.dataset for labels in (*file.values(), *file.videos.values())}
    others = [question for question in questions if question.dataset not in label_datasets | {"unknown"}]
    if not others or "unknown" in label_datasets:
        return []
    asked_datasets = ", ".join(sorted({question.dataset for question in others}))
    names = examples(question.clip_id for question in others)
    message = (
        f"asks about clips of {asked_datasets} ({names}), but the annotations were read as the label file of "
        f"{', '.join(sorted(label_datasets))} ({examples(file or file.videos)}): its clips, frame numbers and frame "
        "rate are others; give the label file of that data set, or our own CSV"
    )
    return [Problem(question_file or "annotations", message, others[0].line if question_file is not None else None)]


def labels_of(questions: Sequence[Question], annotations: Mapping[str, ClipLabels]) -> dict[str, ClipLabels]:
    """Return the labels of the clips that questions are about, by the ids that the questions use.

    A label file may hold short clips and the long videos that they were cut from: the types of the questions decide.

    Args:
        questions: The questions.
        annotations: Labels by clip id (``read_annotations``).
    """
    file = _label_file(annotations)
    long: dict[str, bool] = {}
    for question in questions:
        long[question.clip_id] = long.get(question.clip_id, False) or asks_long_video(question)
    labels_by_clip = {clip_id: file.find(clip_id, long=is_long) for clip_id, is_long in long.items()}
    return {clip_id: labels for clip_id, labels in labels_by_clip.items() if labels is not None}


def _label_file(annotations: Mapping[str, ClipLabels]) -> LabelFile:
    return annotations if isinstance(annotations, LabelFile) else LabelFile(annotations)


def _folder_problems(path: Path, what: str) -> list[Problem]:
    if path.is_dir():
        return []
    return [Problem(path, f"{what} is a file, not a folder" if path.exists() else f"{what} does not exist")]


@dataclass
class _ClipFinder:
    """Finds what belongs to one clip; what is wrong goes to ``problems``."""

    clip_id: str
    questions: Sequence[Question]
    folder: MediaFolder | None
    views: Mapping[str, MediaFolder]
    problems: list[ClipProblem] = field(default_factory=list)

    def _complain(self, message: str, *, kind: str | None = None, of_many: str | None = None) -> None:
        self.problems.append(ClipProblem(self.clip_id, message, self.questions[0].line, kind or of_many, of_many))

    def find(self, annotations: LabelFile | None) -> Clip:
        """Return the clip, complete only when there are no problems."""
        if leaves_folder(self.clip_id):
            self._complain("the id leads out of the media folder; use a name or a path below it")
            return Clip(self.clip_id)
        labels = None if annotations is None else labels_of(self.questions, annotations).get(self.clip_id)
        dataset = named_dataset(self.questions)
        if labels and dataset == "unknown":
            dataset = labels.dataset
        pictures = self._pictures()
        media = self._media(dataset, needed=not pictures)
        if annotations is not None:
            self._check_labels(labels, annotations)
        spelt = sorted(
            {question.subject for question in self.questions if question.subject and question.subject.strip()}
        )
        subjects = sorted({subject_key(subject): subject for subject in reversed(spelt)}.values())
        if len(subjects) > 1:
            self._complain(f"its questions name several subjects: {', '.join(subjects)}")
        fps = labels.fps if labels else None
        if fps is None and media is not None and media.is_dir():
            fps = find_dataset(dataset).fps
        annotation, warnings = self._annotation(labels, media) if labels else (None, ())
        return Clip(
            id=self.clip_id,
            dataset=dataset,
            subject=subjects[0] if subjects else labels.subject if labels else None,
            media=media,
            fps=fps,
            annotation=annotation,
            pictures=pictures,
            warnings=warnings,
        )

    def _pictures(self) -> dict[str, Path]:
        pictures = {}
        for view, folder in self.views.items():
            candidates = folder.pictures(self.clip_id)
            if len(candidates) == 1:
                self._refuse_links(folder, candidates[0])
                pictures[view] = candidates[0]
            elif candidates:
                self._complain(f"has several {view} pictures ({_names(candidates, folder.root)}); keep one")
            else:
                self._complain(
                    f"has no {view} picture {self.clip_id}.png in {folder.root}",
                    of_many=f"have no {view} picture in {folder.root}: no picture is named for them",
                )
        return pictures

    def _media(self, dataset: str, *, needed: bool) -> Path | None:
        if self.folder is None:
            return None
        root = self.folder.root
        candidates, bare = self.folder.candidates(self.clip_id, dataset)
        if len(candidates) == 1:
            self._refuse_links(self.folder, candidates[0])
            return candidates[0]
        if candidates:
            names = _names(candidates, root)
            self._complain(f"has several media in {root} ({names}); keep one, or name a folder that has one")
        elif bare:
            self._complain(f"the folder {bare[0].relative_to(root)} in {root} holds no frames")
        elif needed:
            contents = examples(sorted(path.name for path in root.iterdir())) or "nothing"
            self._complain(
                f"has no media in {root}: no video and no folder of frames of that name",
                of_many=f"have no media in {root}: no video and no folder of frames of their names; "
                f"it holds {contents}",
            )
        return None

    def _refuse_links(self, folder: MediaFolder, path: Path) -> None:
        if (refusal := folder.refusal(path)) is not None:
            self._complain(refusal, of_many=f"are links that lead out of {folder.root}; --follow-links allows them")

    def _check_labels(self, labels: ClipLabels | None, annotations: LabelFile) -> None:
        """Complain about labels that are missing or wrong.

        The file of a data set has no row about a long video without expressions; in our own CSV one can be written.
        """
        if labels is not None:
            for error in labels.errors:
                self._complain(error)
        elif not self._is_long:
            self._complain(
                "is not in the annotations; add a row (one without onset, apex and offset is localised)",
                of_many="are not in the annotations, which name other clips"
                f" ({examples(annotations)}); add rows (those without onset, apex and offset are localised)",
            )
        elif not annotations.official:
            self._complain("is not in the annotations; add a row (one that only names it: nothing happens in it)")

    @property
    def _is_long(self) -> bool:
        typed_questions = [question for question in self.questions if question.type != "open"]
        return bool(typed_questions) and all(map(asks_long_video, typed_questions))

    def _annotation(self, labels: ClipLabels, media: Path | None) -> tuple[Event | None, tuple[str, ...]]:
        """Return the event of a short clip in frames of its media, and warnings about moments that were left out.

        Long videos have none here: their events are asked for.
        """
        if self._is_long:
            return None, ()
        if len(labels.events) > 1:
            rows = ", ".join(map(str, labels.lines))
            self._complain(f"has several events in the annotations (rows {rows}); a short clip has one")
        event = labels.annotation
        if event is None or labels.numbering is None:
            return event, ()
        if media is None:
            return replace(event, onset=None, apex=None, offset=None), ()
        doubt = first_frame_warning(labels.numbering, media)
        warnings = (doubt,) if doubt is not None else ()
        try:
            return place(event, labels.numbering, media), warnings
        except ValueError as error:
            reason = str(error)
        # A moment that cannot be right need not be in the folder: an apex outside an interval that is all there is.
        moments = usable(event)
        if moments.warnings:
            with suppress(ValueError):
                return place(moments.event, labels.numbering, media), (*warnings, *moments.warnings)
        self._complain(reason, kind="placement")
        return None, ()


def _names(paths: Sequence[Path], root: Path) -> str:
    return ", ".join(str(path.relative_to(root)) for path in paths)

"""Check question file, media and annotations together, before a model is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mevqa.data.annotations import ClipLabels, read_annotations
from mevqa.data.media import search_clips
from mevqa.data.official import QuestionFile, scan_questions
from mevqa.errors import InputError, MediaError, Problem
from mevqa.records import Annotation, Clip, QuestionType


@dataclass(frozen=True, slots=True)
class Summary:
    """What the inputs hold.

    Attributes:
        layout: ``train`` or ``test``.
        task: ``vqa`` or ``lvqa``.
        questions: Number of questions.
        answered: Questions with an answer in the file.
        unknown: Questions of no official type; they are answered freely.
        types: Number of questions by type, most frequent first.
        clips: Number of clips.
        subjects: Number of subjects, as far as they are known.
        datasets: Number of clips by data set.
        frames: Number of frames of all media; None when no media was opened.
        fps: Number of media by frames per second.
        annotated: Clips with onset, apex and offset; the others are localised.
        notes: What a reader should know, one line each, with the number of clips that it concerns.
    """

    layout: str
    task: str
    questions: int
    answered: int
    unknown: int
    types: Mapping[str, int]
    clips: int
    subjects: int
    datasets: Mapping[str, int]
    frames: int | None
    fps: Mapping[str, int]
    annotated: int
    notes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    Attributes:
        problems: Everything that is wrong, question file first, then media and annotations.
        summary: What was read, without what has problems.
    """

    problems: tuple[Problem, ...]
    summary: Summary

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        problems = [{"path": str(p.path), "line": p.line, "message": p.message} for p in self.problems]
        return {"ok": not self.problems, "problems": problems, "summary": asdict(self.summary)}


@dataclass
class _Media:
    """What opening the media told."""

    frames: int = 0
    opened: int = 0
    fps: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)


def check(
    questions: Path,
    media: Path | None,
    annotations: Path | None = None,
    pictures: Mapping[str, Path] | None = None,
    on_clip: Callable[[int, int], None] = lambda done, of: None,
) -> Report:
    """Check everything that a run would read.

    Args:
        questions: The question file.
        media: Folder of the clips; None when ready-made pictures are all there is.
        annotations: Our CSV or an official label file.
        pictures: Folder of ready-made pictures by view name.
        on_clip: Called after each clip with the number of clips done and the number of all.
    """
    scan = scan_questions(questions)
    problems = list(scan.problems)
    labels: dict[str, ClipLabels] | None = None
    if annotations is not None:
        try:
            labels = read_annotations(annotations)
        except InputError as error:
            problems.extend(error.problems)
    asked = scan.file.questions
    search = search_clips(asked, media, labels, pictures, question_file=questions)
    problems.extend(search.problems)
    lines: dict[str, int | None] = {}
    for question in asked:
        lines.setdefault(question.clip_id, question.line)
    seen = _Media()
    event_problems: list[Problem] = []
    for done, clip_id in enumerate(lines, 1):
        clip = search.clips.get(clip_id)
        length = _open(clip, questions, lines[clip_id], seen) if clip is not None else None
        if labels is not None and annotations is not None and clip_id in labels:
            event_problems.extend(_event_problems(annotations, labels[clip_id], clip, length))
            seen.notes.update(labels[clip_id].notes)
        on_clip(done, len(lines))
    return Report((*problems, *seen.problems, *event_problems), _summarise(scan.file, search.clips, seen))


def _open(clip: Clip, question_file: Path, line: int | None, seen: _Media) -> int | None:
    """Open the media and the pictures of one clip; return the number of frames when it is known."""
    from PIL import Image

    from mevqa.video.reader import open_video

    for view, path in clip.pictures.items():
        try:
            with Image.open(path) as picture:
                picture.load()
        except (OSError, ValueError, SyntaxError) as error:
            message = f"clip {clip.id}: the {view} picture {path} cannot be read: {error}"
            seen.problems.append(Problem(question_file, message, line))
    if clip.media is None:
        return None
    try:
        with open_video(clip.media, fps=clip.fps) as video:
            length = len(video)
            seen.notes.update(video.warnings)
            seen.fps[f"{video.fps:.4g}"] += 1
    except MediaError as error:
        seen.problems.append(Problem(question_file, f"clip {clip.id}: {error}", line))
        return None
    seen.opened += 1
    seen.frames += length
    return length


def _event_problems(path: Path, labels: ClipLabels, clip: Clip | None, length: int | None) -> list[Problem]:
    """Return events that run backwards or leave the video."""
    # Numbers of files in a folder were looked up one by one when the clip was found; only order is left to check.
    if labels.numbering is not None and (clip is None or clip.media is None or clip.media.is_dir()):
        length = None
    return [
        Problem(path, f"clip {labels.clip}: {message}", line)
        for event, line in zip(labels.events, labels.lines, strict=True)
        for message in _frame_order(event, length)
    ]


def _frame_order(event: Annotation, length: int | None) -> list[str]:
    named = [("onset", event.onset), ("apex", event.apex), ("offset", event.offset)]
    coded = [(name, frame) for name, frame in named if frame is not None]
    messages = [
        f"the {name} {frame} comes before the {earlier} {first}"
        for (earlier, first), (name, frame) in zip(coded, coded[1:], strict=False)
        if frame < first
    ]
    if length is not None:
        messages += [
            f"the {name} {frame} is outside the video, whose frames are 0 to {length - 1}"
            for name, frame in coded
            if frame >= length
        ]
    return messages


def _summarise(file: QuestionFile, clips: Mapping[str, Clip], seen: _Media) -> Summary:
    types = Counter(question.type for question in file.questions)
    located = [clip.annotation for clip in clips.values() if clip.annotation is not None]
    return Summary(
        layout=file.layout,
        task=file.task,
        questions=len(file.questions),
        answered=sum(question.reference is not None for question in file.questions),
        unknown=types[QuestionType.OPEN],
        types={kind.value: count for kind, count in types.most_common()},
        clips=len(file.clip_ids),
        subjects=len({clip.subject for clip in clips.values()} - {None}),
        datasets=dict(Counter({q.clip_id: q.dataset for q in file.questions}.values()).most_common()),
        frames=seen.frames if seen.opened else None,
        fps=dict(seen.fps.most_common()),
        annotated=sum(None not in (event.onset, event.apex, event.offset) for event in located),
        notes=dict(seen.notes.most_common()),
    )

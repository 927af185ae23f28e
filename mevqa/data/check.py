"""Check question file, media and annotations together, before a model is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mevqa.control_tokens import escape_control_tokens, find_control_tokens
from mevqa.data.annotations import read_annotations
from mevqa.data.clip_problems import list_lines
from mevqa.data.frame_numbers import STARTS_AT_ZERO, place_events, show_number
from mevqa.data.label_types import ClipLabels, LabelFile
from mevqa.data.media import labels_of, search_clips
from mevqa.data.official import QuestionFile, scan_questions
from mevqa.datasets.label_layout import FolderNumbers, Numbering
from mevqa.errors import InputError, MediaError, Problem
from mevqa.events import Event
from mevqa.files.system_errors import problem_of
from mevqa.names import spelling_notes, subject_key
from mevqa.questions.question_types import asks_long_video
from mevqa.types import Clip, Question
from mevqa.video.reading.key_frames import KeyFrames, implied_key_frames, key_frames, usable

#: Part by which the frame rate of a video file may differ from that of the annotations: 29.97 is 30.
_RATE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Summary:
    """Contents of the question file, the media and the annotations in numbers.

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
        with_events: Long videos with coded events; None when no annotations were read.
        events: Number of their events by kind.
        blinks: Number of their coded blinks.
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
    with_events: int | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    blinks: int = 0


@dataclass(frozen=True, slots=True)
class ClipWarning:
    """A row of the annotations that a run reads otherwise than it is coded, or a blemish of the question file.

    Attributes:
        path: The annotations, or the question file.
        line: 1-based row.
        clip: The clip; empty for the whole file.
        message: What is coded, and what becomes of it.
    """

    path: Path
    line: int
    clip: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Result of a check: problems, warnings and a summary of what was read.

    Attributes:
        problems: Everything that is wrong, question file first, then media and annotations.
        summary: What was read, without what has problems.
        warnings: Rows of the annotations that a run reads otherwise than they are coded; line ends and byte order mark
            of the question file that are not the official ones.
    """

    problems: tuple[Problem, ...]
    summary: Summary
    warnings: tuple[ClipWarning, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        problems = [{"path": str(p.path), "line": p.line, "message": p.message} for p in self.problems]
        warnings = [asdict(warning) | {"path": str(warning.path)} for warning in self.warnings]
        return {
            "ok": not self.problems,
            "problems": problems,
            "warnings": warnings,
            "summary": asdict(self.summary),
        }


@dataclass
class _MediaFindings:
    """Counts, notes and problems gathered while the media are opened."""

    frames: int = 0
    opened: int = 0
    fps: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[ClipWarning] = field(default_factory=list)
    #: Onset, apex and offset of the short clips that were opened, as a run reads them.
    moments: dict[str, KeyFrames] = field(default_factory=dict)


def check(
    questions: Path,
    media: Path | None,
    annotations: Path | None = None,
    pictures: Mapping[str, Path] | None = None,
    on_clip: Callable[[int, int], None] = lambda done, of: None,
    *,
    numbers: FolderNumbers = "names",
) -> Report:
    """Check everything that a run would read.

    Args:
        questions: The question file.
        media: Folder of the clips; None when ready-made pictures are all there is.
        annotations: Our CSV or an official label file.
        pictures: Folder of ready-made pictures by view name.
        on_clip: Called after each clip with the number of clips done and the number of all.
        numbers: How the frames of folders were numbered, where a data set's label file tells numbers.
    """
    scan = scan_questions(questions)
    problems = list(scan.problems)
    labels: LabelFile | None = None
    if annotations is not None:
        try:
            labels = read_annotations(annotations).counted(numbers)
        except InputError as error:
            problems.extend(error.problems)
    all_questions = scan.file.questions
    search = search_clips(all_questions, media, labels, pictures, question_file=questions)
    problems.extend(search.problems)
    clip_labels = {} if labels is None else labels_of(all_questions, labels)
    lines: dict[str, int | None] = {}
    for question in all_questions:
        lines.setdefault(question.clip_id, question.line)
    long = {question.clip_id for question in all_questions if asks_long_video(question)}
    findings = _MediaFindings(notes=Counter(_control_token_notes(all_questions)))
    event_problems: list[Problem] = []
    for done, clip_id in enumerate(lines, 1):
        clip = search.clips.get(clip_id)
        is_long = clip_id in long
        length = _open(clip, questions, lines[clip_id], findings, is_long=is_long) if clip is not None else None
        if clip is not None and STARTS_AT_ZERO in clip.warnings:
            findings.notes[STARTS_AT_ZERO] += 1
        if annotations is not None and clip_id in clip_labels:
            findings.notes.update(dict.fromkeys(clip_labels[clip_id].notes, 1))
            event_problems.extend(
                _event_problems(annotations, clip_labels[clip_id], clip, length, findings, is_long=is_long)
            )
        on_clip(done, len(lines))
    findings.notes.update(spelling_notes((clip.dataset, clip.subject) for clip in search.clips.values()))
    summary = _summarise(scan.file, search.clips, findings)
    if labels is not None and scan.file.task == "lvqa":
        summary = _with_events(summary, clip_labels)
    form = [ClipWarning(questions, warning.line or 1, "", warning.message) for warning in scan.warnings]
    return Report((*problems, *findings.problems, *event_problems), summary, (*form, *findings.warnings))


def _control_token_notes(questions: Sequence[Question]) -> list[str]:
    """Return a line for each control token of models (``<image>``) that stands in questions."""
    lines: dict[str, list[int]] = {}
    for question in questions:
        for token in find_control_tokens(question.text):
            lines.setdefault(token, []).append(question.line or 0)
    return [
        f"{list_lines(token_lines)}: {token} in the question's text is a control token of models; it is asked "
        f"as {escape_control_tokens(token)}"
        for token, token_lines in lines.items()
    ]


def _open(clip: Clip, question_file: Path, line: int | None, findings: _MediaFindings, *, is_long: bool) -> int | None:
    """Open the media and the pictures of one clip; return the number of frames when it is known."""
    from mevqa.video.reading.pictures import read_ready_made
    from mevqa.video.reading.reader import open_video

    for view, path in clip.pictures.items():
        try:
            read_ready_made(path)
        except MediaError as error:
            message = f"clip {clip.id}: the {view} picture {path} cannot be read: it {error.reason}"
            findings.problems.append(Problem(question_file, message, line))
    if clip.media is None:
        return None
    try:
        with open_video(clip.media, fps=clip.fps) as video:
            length = len(video)
            findings.notes.update(video.warnings)
            if not is_long:
                moments = key_frames(clip.annotation or Event(), video)
                findings.moments[clip.id] = moments
                # A warning about the pictures themselves is a note on the clip, not on a row of the annotations.
                implied = implied_key_frames(video)[1]
                findings.notes.update([implied] if implied is not None and implied in moments.warnings else [])
            findings.fps[f"{video.fps:.4g}"] += 1
        findings.notes.update(_rate_notes(clip))
    except (MediaError, OSError) as error:
        reason = error if isinstance(error, MediaError) else problem_of(error, clip.media or clip.id)
        findings.problems.append(Problem(question_file, f"clip {clip.id}: {reason}", line))
        return None
    findings.opened += 1
    findings.frames += length
    return length


def _rate_notes(clip: Clip) -> list[str]:
    """Return a note where the frame rates of a video file and of its label file differ: one may be of another set."""
    from mevqa.video.reading.reader import open_video

    if clip.fps is None or clip.media is None or not clip.media.is_file():
        return []
    with open_video(clip.media) as video:
        if video.fps_source == "assumed" or abs(video.fps / clip.fps - 1) <= _RATE_TOLERANCE:
            return []
        return [f"the file tells {video.fps:.4g} frames per second; the {clip.fps:g} of the annotations are used"]


def _event_problems(
    path: Path, labels: ClipLabels, clip: Clip | None, length: int | None, findings: _MediaFindings, *, is_long: bool
) -> list[Problem]:
    """Return events that run backwards or leave the video."""
    problems = []
    # Numbers of files in a folder were looked up one by one when a short clip was found; only order is left to check.
    if labels.numbering is not None and (clip is None or clip.media is None or clip.media.is_dir()):
        length = None
    for event, line in zip(labels.events, labels.lines, strict=True):
        coded = any(frame is not None for frame in (event.onset, event.apex, event.offset))
        moments = usable(event, length) if coded else KeyFrames(event)
        # Events of long videos are what answers are compared with: nothing is localised in their place.
        messages = [text.partition(":")[0] if is_long else text for text in moments.warnings]
        if clip is not None and clip.id in findings.moments and len(labels.events) == 1:
            messages = [text for text in findings.moments[clip.id].warnings if text not in findings.notes]
        findings.warnings += [ClipWarning(path, line, labels.clip, message) for message in messages]
        problems += [
            Problem(path, f"clip {labels.clip}: {message}", line)
            for message in _frame_order(moments.event, length, labels.numbering)
        ]
    if labels.numbering is not None and labels.names and clip is not None and clip.media is not None:
        problems += _placement_problems(path, labels, clip.media, findings)
    return sorted(problems, key=lambda problem: problem.line or 0)


def _placement_problems(path: Path, labels: ClipLabels, media: Path, findings: _MediaFindings) -> list[Problem]:
    """Return a problem when a folder holds no event of a long video; that it lacks some is a note.

    Recordings of CAS(ME)^3 lack frames, and nobody can add them.
    """
    placement = place_events(labels, media)
    if not placement.missing:
        return []
    line, message = next(iter(placement.missing.items()))
    if not placement.events and media.is_dir():
        return [Problem(path, f"clip {labels.clip}: no event can be found in the media: {message}", line)]
    rows = list_lines(list(placement.missing), what="row")
    count = f"{len(placement.missing)} of {len(labels.events)} events"
    note = f"clip {labels.clip}: {count} cannot be found in the media ({rows}), the first because {message}"
    findings.notes[note] += 1
    return []


def _frame_order(event: Event, length: int | None, numbering: Numbering | None) -> list[str]:
    named = [("onset", event.onset), ("apex", event.apex), ("offset", event.offset)]
    coded = [(name, frame) for name, frame in named if frame is not None]

    def show(frame: int) -> str:
        return show_number(frame, numbering) if numbering is not None else str(frame)

    messages = [
        f"the {name} {show(frame)} comes before the {earlier} {show(first)}"
        for (earlier, first), (name, frame) in zip(coded, coded[1:], strict=False)
        if frame < first
    ]
    if length is not None:
        messages += [
            f"the {name} {show(frame)} is outside the video, whose frames are 0 to {length - 1}"
            for name, frame in coded
            if frame >= length
        ]
    return messages


def _with_events(summary: Summary, clip_labels: Mapping[str, ClipLabels]) -> Summary:
    """Return a summary with the events of the long videos that are asked about."""
    kinds = Counter({"micro": 0, "macro": 0})
    kinds.update(str(event.kind) for labels in clip_labels.values() for event in labels.events)
    notes = dict(summary.notes)
    if not clip_labels:
        notes["no video of the questions is in the annotations"] = summary.clips
    return replace(
        summary,
        notes=notes,
        with_events=sum(bool(labels.events) for labels in clip_labels.values()),
        events=dict(kinds),
        blinks=sum(len(labels.blinks) for labels in clip_labels.values()),
    )


def _summarise(file: QuestionFile, clips: Mapping[str, Clip], findings: _MediaFindings) -> Summary:
    types = Counter(question.type for question in file.questions)
    datasets = {q.clip_id: clips[q.clip_id].dataset if q.clip_id in clips else q.dataset for q in file.questions}
    moments = [findings.moments.get(clip.id) or usable(clip.annotation or Event()) for clip in clips.values()]
    return Summary(
        layout=file.layout,
        task=file.task,
        questions=len(file.questions),
        answered=sum(question.reference is not None for question in file.questions),
        unknown=types["open"],
        types={kind: count for kind, count in types.most_common()},
        clips=len(file.clip_ids),
        subjects=len({(clip.dataset, subject_key(clip.subject)) for clip in clips.values() if clip.subject}),
        datasets=dict(Counter(datasets.values()).most_common()),
        frames=findings.frames if findings.opened else None,
        fps=dict(findings.fps.most_common()),
        annotated=sum(
            None not in (clip_moments.event.onset, clip_moments.event.apex, clip_moments.event.offset)
            for clip_moments in moments
        ),
        notes=dict(findings.notes.most_common()),
    )

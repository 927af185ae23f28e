"""The pictures and the timeline of one clip: what there was to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.errors import InputError, MediaError
from mevqa.records import LONG_VIDEO_TYPES, Annotation, Clip, Question
from mevqa.report.charts.timeline import Span, timeline_chart
from mevqa.report.drawing import Drawing

if TYPE_CHECKING:
    from PIL.Image import Image

    from mevqa.data.annotations import ClipLabels
    from mevqa.scoring.event_rows import EventRow
    from mevqa.video.face import FaceMode

#: What is shown of an expression.
_VIEWS = ("onset", "apex", "offset", "motion", "magnified")
#: What is shown of each event of a long video, and of how many events.
_EVENT_VIEWS = ("onset", "apex", "motion", "magnified")
_MOST_EVENTS = 8
#: Moments of a long video whose events are not known.
_MOMENTS = 6
#: Points of the curve of a long video: one every four of the timeline's px.
_CURVE_POINTS = 260


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a clip.

    Attributes:
        name: What it is, with its frame.
        caption: What it shows.
        image: RGB picture.
        role: ``onset``, ``apex``, ``offset``, ``motion``, ...
    """

    name: str
    caption: str
    image: Image
    role: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown of a clip.

    Attributes:
        rows: Pictures in rows, one row an event.
        timeline: Events in time, for long videos.
        notes: Why something is not shown, and what was found instead of given.
    """

    rows: tuple[tuple[Picture, ...], ...] = ()
    timeline: Drawing | None = None
    notes: tuple[str, ...] = field(default=())


def see(
    clip: Clip,
    questions: Sequence[Question],
    labels: ClipLabels | None,
    detected: Sequence[EventRow] | None,
    face: FaceMode = "auto",
) -> Seen:
    """Return what is shown of a clip; what cannot be read is a note.

    Args:
        clip: The clip with its media.
        questions: The questions about it.
        labels: What human coders wrote about it.
        detected: Events that were found in it; None when nothing was looked for.
        face: How the face is found.
    """
    try:
        if any(question.type in LONG_VIDEO_TYPES for question in questions) and clip.media is not None:
            return _see_long(clip, labels, detected, face)
        pictures, notes = _look(clip, _VIEWS, face)
        return Seen((pictures,) if pictures else (), None, notes)
    except (MediaError, InputError) as error:
        return Seen(notes=(f"no pictures: {error}",))


def _look(clip: Clip, views: Sequence[str], face: FaceMode) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the views that a clip can give."""
    from mevqa.video.look import look

    if clip.media is None:
        views = [name for name in clip.pictures if name in views] or list(clip.pictures)
        if not views:
            return (), ("there is neither a video nor a ready-made picture",)
    seen = look(clip, views=views, face=face)
    where = {"onset": seen.onset, "apex": seen.apex, "offset": seen.offset}
    pictures = tuple(
        Picture(_named(view.name, where.get(view.name)), view.caption, view.image, view.name) for view in seen.views
    )
    found = ("onset, apex and offset were found in the motion, not given",) if seen.localised else ()
    return pictures, (*found, *seen.warnings)


def _named(view: str, frame: int | None) -> str:
    return view if frame is None else f"{view} · frame {frame}"


def _see_long(clip: Clip, labels: ClipLabels | None, detected: Sequence[EventRow] | None, face: FaceMode) -> Seen:
    """Return the timeline of a long video and its first events."""
    from mevqa.video.reader import open_video

    assert clip.media is not None
    events, notes = _placed(labels, clip.media)
    with open_video(clip.media, fps=clip.fps) as video:
        times = video.times_ms / 1000
        curve = motion_curve(video, face)
    seconds = float(times[-1]) if len(times) else 0.0

    def at(frame: float | None) -> float | None:
        return None if frame is None else float(times[min(max(round(frame), 0), len(times) - 1)])

    coded = [
        Span(at(e.onset) or 0.0, at(e.offset) or 0.0, at(e.apex), e.kind, e.fine or "")
        for e in events
        if e.onset is not None and e.offset is not None
    ]
    found = None
    if detected is not None:
        found = [Span(at(e.onset) or 0.0, at(e.offset) or 0.0, at(e.apex), e.kind, e.emotion or "") for e in detected]
    timeline = timeline_chart(coded, found, curve, seconds, f"Events of {clip.id} in time")
    rows, more = _event_rows(clip, events, face) if events else _moment_rows(clip, face)
    return Seen(rows, timeline, (*notes, *more))


def _placed(labels: ClipLabels | None, media: Path) -> tuple[list[Annotation], tuple[str, ...]]:
    """Return the coded events in frames of the media."""
    from mevqa.data.frame_numbers import place_events

    if labels is None:
        return [], ("the events are not known: no label file was given",)
    placement = place_events(labels, media)
    missing = tuple(f"row {line} of the labels cannot be placed: {why}" for line, why in placement.missing.items())
    return list(placement.events), missing


def _event_rows(
    clip: Clip, events: Sequence[Annotation], face: FaceMode
) -> tuple[tuple[tuple[Picture, ...], ...], tuple[str, ...]]:
    rows = []
    notes: list[str] = []
    for number, event in enumerate(events[:_MOST_EVENTS], 1):
        pictures, warnings = _look(replace(clip, annotation=event), _EVENT_VIEWS, face)
        rows.append(tuple(replace(p, name=f"{number} · {event.kind} · {p.name}") for p in pictures))
        notes += [warning for warning in warnings if warning not in notes]
    if len(events) > _MOST_EVENTS:
        notes.append(f"pictures of the first {_MOST_EVENTS} of {len(events)} events")
    return tuple(rows), tuple(notes)


def _moment_rows(clip: Clip, face: FaceMode) -> tuple[tuple[tuple[Picture, ...], ...], tuple[str, ...]]:
    """Return faces of a long video at equal distances."""
    from mevqa.video.look import look

    seen = look(clip, views=("frames",), sampler="uniform", frames=_MOMENTS, face=face)
    pictures = tuple(Picture(f"frame {view.frames[0]}", view.caption, view.image, "frames") for view in seen.views)
    return (pictures,), seen.warnings


def motion_curve(video: object, face: FaceMode = "auto") -> list[tuple[float, float]]:
    """Return (time in s, motion in percent of the eye distance) of a long video's face against its first frame.

    The motion is the largest displacement of a region of the face (eyelids left out) less the median of all, which is
    what the head does.

    Args:
        video: The open video.
        face: How the face is found.
    """
    import numpy as np

    from mevqa.video.face import FaceAligner
    from mevqa.video.reader import Video
    from mevqa.video.regional_motion import MotionMeter
    from mevqa.video.regions import face_regions

    assert isinstance(video, Video)
    frames = np.unique(np.linspace(0, len(video) - 1, min(len(video), _CURVE_POINTS)).round().astype(int)).tolist()
    aligner = FaceAligner.fit(video[0], face)
    if not aligner.found or len(frames) < 3:
        return []
    meter = None
    curve = []
    wanted = set(frames)
    for index, frame in enumerate(video):
        if index not in wanted:
            continue
        aligned = aligner(frame)
        meter = meter or MotionMeter([aligned], [region for region in face_regions() if region.kind == "face"])
        moved = meter(aligned).displacement
        moved = moved - np.median(moved, axis=0)
        curve.append((float(video.times_ms[index]) / 1000, 100 * float(np.hypot(*moved.T).max())))
    return curve


def read_detections(path: Path) -> Mapping[str, list[EventRow]]:
    """Return detected events by video name, and by ``subject_video`` where subjects are given.

    Raises:
        InputError: The file is wrong.
    """
    from mevqa.scoring.event_files import read_events

    file = read_events(path, "predictions")
    found: dict[str, list[EventRow]] = {video.video: [] for video in file.videos}
    for event in file.events:
        found.setdefault(event.video, []).append(event)
        if event.subject:
            found.setdefault(f"{event.subject}_{event.video}", []).append(event)
    return found

"""Pictures of a long video: its timeline, a table of its events, and views of the first events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mevqa.errors import MediaError
from mevqa.events import Event
from mevqa.reporting.charts.timeline import Timeline
from mevqa.reporting.event_pairs import (
    EventPairs,
    NumberedEvents,
    event_content,
    event_spans,
    event_table,
    number_events,
    pair_events,
)
from mevqa.reporting.motion_curve import motion_curve
from mevqa.reporting.pictures import ClipPictures, Picture, picture_of
from mevqa.types import Clip

if TYPE_CHECKING:
    from mevqa.data.events.rows import EventRow
    from mevqa.data.label_types import ClipLabels
    from mevqa.video.face.aligned_face import FaceMode
    from mevqa.video.reading.video import Video

#: What is shown of each event, of an event without a known apex, and of how many events.
_VIEWS = ("onset", "apex", "motion", "magnified")
_WITHOUT_APEX = ("onset", "offset")
_MOST_EVENTS = 8
#: Moments that are shown of a video whose events are not known, or that has none.
_MOMENTS = 6

#: Rows of pictures, and the title of each.
_Rows: TypeAlias = tuple[tuple[tuple[Picture, ...], ...], tuple[str, ...]]


def long_video_pictures(
    clip: Clip,
    labels: ClipLabels | None,
    detected: Sequence[EventRow] | None,
    face: FaceMode = "auto",
    on_frames: Callable[[int, int], None] = lambda done, total: None,
    curve: list[tuple[float, float]] | None = None,
    unseen: Sequence[tuple[float, float, str]] = (),
) -> ClipPictures:
    """Return the timeline of a long video, its events as a table, and pictures of the first events.

    Pictures are of the coded events, or of the detected ones where nothing is coded. What cannot be read is a note.

    Args:
        clip: The video; it has media.
        labels: What human coders wrote about it.
        detected: Events that were detected in it; None when nothing was looked for.
        face: How the face is found.
        on_frames: Called with the frames that are passed, and all of them.
        curve: (time in s, motion in percent of the eye distance) where it is known; it is measured where it is not.
        unseen: Begin and end in s, and the reason, of what a run could not look at.

    Raises:
        MediaError: The video cannot be opened.
    """
    from mevqa.video.reading.reader import open_video

    assert clip.media is not None
    notes: list[str] = []
    with open_video(clip.media, fps=clip.fps) as video:
        seconds = video.times_ms / 1000
        try:
            curve = motion_curve(video, face, on_frames) if curve is None else curve
        except MediaError as error:
            curve = []
            notes.append(f"the curve of the motion is missing: {error.reason}")

        def at(frame: int) -> float:
            return float(seconds[frame])

        pairs = _events(labels, detected, clip.media, len(seconds), notes)
        listed = pairs.coded or pairs.detected or {}
        what = "coded" if pairs.coded else "found"
        try:
            draw = partial(_draw_events, clip, video, face, notes)
            rows, titles = _event_rows(what, listed, at, draw, notes) if listed else _moment_rows(clip, face, notes)
        except MediaError as error:
            rows, titles = (), ()
            notes.append(f"no pictures: {error}")
    coded_spans, found_spans = event_spans(pairs, at)
    length = float(seconds[-1]) if len(seconds) else 0.0
    label = f"Events of {clip.id} in time: {pairs.summary}"
    timeline = Timeline(coded_spans, found_spans, curve, length, unseen).chart(label)
    table = event_table(pairs, at) if pairs.coded or pairs.detected else None
    return ClipPictures(rows, timeline, tuple(dict.fromkeys(notes)), titles, table)


def _events(
    labels: ClipLabels | None, detected: Sequence[EventRow] | None, media: Path, frames: int, notes: list[str]
) -> EventPairs:
    """Return the events that lie in the media; ``notes`` gets why others are left out."""
    from mevqa.data.frame_numbers import place_events

    coded = None
    complete = True
    if labels is None:
        notes.append("what coders saw is not known: no label file was given")
    else:
        placement = place_events(labels, media)
        notes += [f"row {line} of the labels cannot be placed: {why}" for line, why in placement.missing.items()]
        placed = number_events(placement.events)
        coded = _inside(placed, "coded", frames, notes)
        complete = not placement.missing and len(coded) == len(placed)
        if not complete and detected is not None:
            notes.append("coded and found events are not compared: some of the coded ones are missing here")
    detected_inside = None if detected is None else _inside(number_events(detected), "found", frames, notes)
    return pair_events(coded, detected_inside, complete=complete)


def _inside(events: NumberedEvents, name: str, frames: int, notes: list[str]) -> NumberedEvents:
    """Return the events whose frames the media has, in order."""
    inside = {}
    for number, event in events.items():
        moments = [frame for frame in (event.onset, event.apex, event.offset) if frame is not None]
        label = f"{name} event {number} (frames {event.onset} to {event.offset})"
        if min(moments) < 0 or max(moments) >= frames:
            notes.append(f"{label} is left out: the video has frames 0 to {frames - 1}")
        elif moments != sorted(moments):
            notes.append(f"{label} is left out: its apex {event.apex} is not inside")
        else:
            inside[number] = event
    return inside


def _event_rows(
    what: str,
    events: NumberedEvents,
    at: Callable[[int], float],
    draw: Callable[[NumberedEvents, Sequence[str]], Mapping[int, tuple[Picture, ...]]],
    notes: list[str],
) -> _Rows:
    """Return a row of pictures and a title for each of the first events."""
    first = dict(list(events.items())[:_MOST_EVENTS])
    pictures: dict[int, tuple[Picture, ...]] = {}
    for has_apex, views in ((True, _VIEWS), (False, _WITHOUT_APEX)):
        these = {number: event for number, event in first.items() if (event.apex is not None) == has_apex}
        pictures |= draw(these, views)
    if len(events) > len(first):
        notes.append(f"pictures of the first {len(first)} of {len(events)} {what} events")
    titles = [_title(f"{what} {number}", event, at) for number, event in first.items()]
    return tuple(pictures[number] for number in first), tuple(titles)


def _draw_events(
    clip: Clip, video: Video, face: FaceMode, notes: list[str], events: NumberedEvents, views: Sequence[str]
) -> Mapping[int, tuple[Picture, ...]]:
    """Return the views of events by their numbers."""
    from mevqa.video.views.render import render_events

    # Views that do not show the apex do not use it: the onset stands in its place.
    spans = [
        Event(event.onset, event.onset if event.apex is None else event.apex, event.offset) for event in events.values()
    ]
    pictures = {}
    rendered = render_events(clip, spans, views=views, face=face, footage=video)
    for (number, event), views_of_event in zip(events.items(), rendered, strict=True):
        moments = {"onset": event.onset, "apex": event.apex, "offset": event.offset}
        pictures[number] = tuple(picture_of(view, moments.get(view.name)) for view in views_of_event.views)
        notes += views_of_event.warnings
    return pictures


def _title(name: str, event: Event, at: Callable[[int], float]) -> str:
    """Return number, kind, time, units and class of an event."""
    onset, offset = (at(frame) for frame in event.interval or ())
    score = "" if event.score is None else f"score {event.score:.2f}"
    time = f"{onset:.2f} to {offset:.2f} s"
    return " · ".join(filter(None, (name, event.kind or "kind not known", time, *event_content(event), score)))


def _moment_rows(clip: Clip, face: FaceMode, notes: list[str]) -> _Rows:
    """Return faces of a long video at equal distances."""
    from mevqa.video.views.render import render_clip

    rendered = render_clip(clip, views=("frames",), sampler="uniform", frames=_MOMENTS, face=face)
    notes += rendered.warnings
    pictures = tuple(Picture(f"frame {view.frames[0]}", view.caption, view.image, "frames") for view in rendered.views)
    return (pictures,), ()

"""The events of one video as a picture."""

from __future__ import annotations

from pathlib import Path

from mevqa.files.whole import write_picture, write_whole
from mevqa.report.charts.spotted import SpottedEvent, spotted_chart
from mevqa.report.charts.timeline import Span, Unseen
from mevqa.spotting.events import Event
from mevqa.spotting.video import Spotting


def write_plot(path: Path, video: Spotting) -> None:
    """Draw the events in time over the curve of the motion, and as a table; PNG, or SVG by the suffix.

    Raises:
        InputError: The file cannot be written.
    """
    kinds = [event.kind for event in video.events]
    facts = (
        f"{video.seconds:.1f} s at {video.fps:g} fps, micro-expressions {kinds.count('micro')}, "
        f"macro-expressions {kinds.count('macro')}"
    )
    events = [_spotted(event, number) for number, event in enumerate(video.events, 1)]
    curve = [(ms / 1000, 100 * value) for ms, value in video.trace]
    unseen = [Unseen(*one) for one in video.not_looked_at]
    drawing = spotted_chart(video.video, facts, events, curve, video.seconds, unseen)
    if path.suffix.lower() == ".svg":
        write_whole(path, drawing.svg(alone=True))
    else:
        write_picture(path, drawing.picture())


def _spotted(event: Event, number: int) -> SpottedEvent:
    units = "; ".join(f"{one.unit} {one.unit.name}" for one in event.units) or "none that explains the motion"
    times = (event.onset_ms / 1000, event.offset_ms / 1000, event.apex_ms / 1000)
    span = Span(*times, event.kind, f"score {event.score:.2f}, AU {units}", number)
    return SpottedEvent(span, event.score, event.side or "both", units)

"""A picture of the events spotted in one video: its name, a timeline, and a table of the events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.files.whole import write_picture, write_whole
from mevqa.reporting.charts.chart import LIGHT, Chart, fitted
from mevqa.reporting.charts.timeline import LEFT, WIDTH, DrawnEvent, Timeline, draw_timeline
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import SpottedEvent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD, _ROW = 48, 19
#: Where the columns of the table begin, px from its left, and what stands above them.
_COLUMNS = {"": 0, "kind": 34, "from": 92, "to": 152, "length": 212, "score": 280, "side": 332, "action units": 396}
#: Letters that fit into the last column and beside the name.
_UNITS, _NAME = 100, 90
#: Rows of the table; the surest events are listed.
_MOST_ROWS = 40


def write_plot(path: Path, video: Spotting) -> None:
    """Draw the events in time over the curve of the motion, and as a table.

    The suffix decides the format: SVG, PDF, or a picture, PNG where it names none.

    Raises:
        InputError: The file cannot be written.
    """
    chart = spotted_chart(video)
    match path.suffix.lower():
        case ".svg":
            write_whole(path, chart.svg(alone=True))
        case ".pdf":
            write_whole(path, chart.pdf())
        case _:
            write_picture(path, chart.picture())


def spotted_chart(video: Spotting) -> Chart:
    """Draw a video's events in time over the curve of the motion, and as a table."""
    kinds = [event.kind for event in video.events]
    facts = (
        f"{video.seconds:.1f} s at {video.fps:g} fps, micro-expressions {kinds.count('micro')}, "
        f"macro-expressions {kinds.count('macro')}"
    )
    numbered = list(enumerate(video.events, 1))
    listed = sorted(numbered, key=lambda pair: -pair[1].score)[:_MOST_ROWS]
    listed.sort(key=lambda pair: pair[1].onset_ms)
    notes = _notes(len(numbered), len(listed), bool(video.not_looked_at))
    label = f"Expressions found in {video.video}: {facts}"
    drawn = [_drawn(number, event) for number, event in numbered]
    curve = [(ms / 1000, 100 * value) for ms, value in video.trace]
    timeline = Timeline(None, drawn, curve, video.seconds, video.not_looked_at)
    height = _HEAD + timeline.height + 14 + (_ROW * (len(listed) + 1) if listed else 0) + _ROW * len(notes)
    return Chart(WIDTH, height, label, partial(_draw, (video.video, facts), timeline, listed, notes))


def _draw(
    head: tuple[str, str],
    timeline: Timeline,
    listed: Sequence[tuple[int, SpottedEvent]],
    notes: Sequence[str],
    figure: Figure,
) -> None:
    width, height = (72 * side for side in figure.get_size_inches())

    def write(x: float, y: float, text: str, colour: str = "muted", size: int = 11, **style: Any) -> None:
        figure.text((LEFT + x) / width, 1 - y / height, text, color=LIGHT[colour], fontsize=size, **style)

    write(0, 22, fitted(head[0], _NAME), "ink", 16, fontweight="bold")
    write(0, 41, head[1], size=12)
    draw_timeline(timeline, figure, _HEAD)
    y = _HEAD + timeline.height + 20
    if listed:
        for heading, x in _COLUMNS.items():
            write(x, y, heading)
        for number, event in listed:
            y += _ROW
            for text, x in zip(_cells(number, event), _COLUMNS.values(), strict=True):
                write(x, y, text, "ink", 12)
        y += _ROW
    for note in notes:
        write(0, y, note)
        y += _ROW


def _drawn(number: int, event: SpottedEvent) -> DrawnEvent:
    times = (event.onset_ms / 1000, event.offset_ms / 1000, event.apex_ms / 1000)
    return DrawnEvent(*times, event.kind, f"score {event.score:.2f}, AU {_units(event)}", number)


def _cells(number: int, event: SpottedEvent) -> tuple[str, ...]:
    onset, offset = event.onset_ms / 1000, event.offset_ms / 1000
    times = (f"{onset:.2f} s", f"{offset:.2f} s", f"{1000 * (offset - onset):.0f} ms")
    side, units = event.side or "both", fitted(_units(event), _UNITS)
    return (str(number), event.kind, *times, f"{event.score:.2f}", side, units)


def _units(event: SpottedEvent) -> str:
    return (
        "; ".join(f"{candidate.unit} {candidate.unit.name}" for candidate in event.units)
        or "none that explains the motion"
    )


def _notes(events: int, listed: int, unseen: bool) -> list[str]:
    """Return the notes below the table."""
    notes = ["score: probability that a coder would have marked it; units: those that explain the motion, best first"]
    if not events:
        notes = ["no expression was found" + (" in what could be looked at" if unseen else "")]
    if listed < events:
        notes.append(f"the {listed} events with the highest scores of {events}; --out and --json have all")
    return notes

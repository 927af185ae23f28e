"""What was found in one video, as one picture: its name, a timeline, and a table of the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.report.charts.bars import fitted
from mevqa.report.charts.drawing import Drawing
from mevqa.report.charts.timeline import Span, Unseen, timeline_chart

_HEAD, _ROW, _LEFT = 48, 19, 76
#: Where the columns of the table begin, px from its left, and what stands above them.
_COLUMNS = {"": 0, "kind": 34, "from": 92, "to": 152, "length": 212, "score": 280, "side": 332, "action units": 396}
#: Letters that fit into the last column and beside the name.
_UNITS, _NAME = 100, 90
#: Rows of the table; the surest events are listed.
_MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class SpottedEvent:
    """One row of the table.

    Attributes:
        span: When it is, with its number.
        score: Probability that a coder would have marked it.
        side: Side of the face; empty for both.
        units: Its action units in words.
    """

    span: Span
    score: float
    side: str
    units: str


def spotted_chart(
    name: str,
    facts: str,
    events: Sequence[SpottedEvent],
    curve: Sequence[tuple[float, float]],
    seconds: float,
    unseen: Sequence[Unseen],
) -> Drawing:
    """Draw a video's found events in time and as a table.

    Args:
        name: Name of the video.
        facts: What else is said of it: length, rate, numbers of events.
        events: The events in the order of time.
        curve: (time in s, motion in percent of the eye distance) of the face.
        seconds: Length of the video.
        unseen: Where nothing was looked for.
    """
    listed = sorted(sorted(events, key=lambda one: -one.score)[:_MOST_ROWS], key=lambda one: one.span.onset)
    notes = _notes(len(events), len(listed), unseen)
    foot = 14.0 + (_ROW * (len(listed) + 1) if listed else 0) + _ROW * len(notes)
    label = f"Expressions found in {name}: {facts}"
    spans = [one.span for one in events]
    chart = timeline_chart(None, spans, curve, seconds, label, unseen, head=_HEAD, foot=foot)
    chart.text(_LEFT, 22, fitted(name, _NAME), size=16, bold=True)
    chart.text(_LEFT, 41, facts, size=12, fill="muted")
    y = chart.height - foot + 20
    if listed:
        for heading, x in _COLUMNS.items():
            chart.text(_LEFT + x, y, heading, size=11, fill="muted")
        for one in listed:
            y += _ROW
            for text, x in zip(_cells(one), _COLUMNS.values(), strict=True):
                chart.text(_LEFT + x, y, text, size=12)
        y += _ROW
    for note in notes:
        chart.text(_LEFT, y, note, size=11, fill="muted")
        y += _ROW
    return chart


def _cells(one: SpottedEvent) -> tuple[str, ...]:
    span = one.span
    length = f"{1000 * (span.offset - span.onset):.0f} ms"
    times = (f"{span.onset:.2f} s", f"{span.offset:.2f} s", length)
    return (str(span.number), span.kind or "", *times, f"{one.score:.2f}", one.side, fitted(one.units, _UNITS))


def _notes(events: int, listed: int, unseen: Sequence[Unseen]) -> list[str]:
    """Return what stands below the table."""
    notes = ["score: probability that a coder would have marked it; units: those that explain the motion, best first"]
    if not events:
        notes = ["no expression was found" + (" in what could be looked at" if unseen else "")]
    if listed < events:
        notes.append(f"the {listed} events with the highest scores of {events}; --csv and --json have all")
    return notes

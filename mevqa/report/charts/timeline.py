"""Events of a long video in time: coded ones, detected ones, and the curve of the motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.report.charts.forest import ticks
from mevqa.report.drawing import Drawing

_WIDTH, _LEFT, _RIGHT = 1100, 76, 12
_LANE, _CURVE = 26, 70
_COLOURS = {"micro": "orange", "macro": "blue"}


@dataclass(frozen=True, slots=True)
class Span:
    """An event in time.

    Attributes:
        onset: Begin, s.
        offset: End, s.
        apex: Its largest extent, s; None when it is not known.
        kind: ``micro``, ``macro`` or None.
        note: What else is known.
    """

    onset: float
    offset: float
    apex: float | None = None
    kind: str | None = None
    note: str = ""


def timeline_chart(
    coded: Sequence[Span] | None,
    detected: Sequence[Span] | None,
    curve: Sequence[tuple[float, float]],
    seconds: float,
    label: str,
) -> Drawing:
    """Draw a video's events.

    Args:
        coded: Events of the label file; None when there is none.
        detected: Events that were found; None when nothing was looked for, which is not "none found".
        curve: (time in s, motion in percent of the eye distance) of the face.
        seconds: Length of the video.
        label: What the chart shows.
    """
    lanes = [(name, spans) for name, spans in (("coded", coded), ("detected", detected)) if spans is not None]
    top = 26
    height = top + len(lanes) * _LANE + (_CURVE + 10 if curve else 0) + 28
    chart = Drawing(_WIDTH, height, label)
    span = _WIDTH - _LEFT - _RIGHT
    bottom = height - 26

    def x(time: float) -> float:
        return _LEFT + span * min(max(time / (seconds or 1), 0.0), 1.0)

    for tick in ticks(0, seconds):
        chart.line([(x(tick), top), (x(tick), bottom)], "grid")
        chart.text(x(tick), bottom + 15, f"{tick:g} s", size=11, anchor="middle", fill="muted")
    legend = _LEFT
    for kind, colour in _COLOURS.items():
        chart.rectangle(legend, 4, 10, 10, colour)
        chart.text(legend + 15, 13, f"{kind}-expression", size=11, fill="muted")
        legend += 130
    for lane, (name, events) in enumerate(lanes):
        y = top + lane * _LANE
        chart.text(_LEFT - 8, y + 17, name, anchor="end")
        for event in events:
            _draw_event(
                chart, event, y, x(event.onset), x(event.offset), x(event.apex) if event.apex is not None else None
            )
    if curve:
        most = max(value for _, value in curve) or 1.0
        floor = bottom
        chart.text(_LEFT - 8, floor - _CURVE / 2, "motion", anchor="end")
        chart.text(_LEFT - 8, floor - _CURVE / 2 + 14, f"max {most:.1f} %", size=10, anchor="end", fill="muted")
        chart.line([(x(time), floor - (_CURVE - 6) * value / most) for time, value in curve], "green", width=1.4)
    return chart


def _draw_event(chart: Drawing, event: Span, y: float, left: float, right: float, apex: float | None) -> None:
    said = f"{event.kind or 'event'} {event.onset:.2f} to {event.offset:.2f} s" + (
        f", {event.note}" if event.note else ""
    )
    colour = _COLOURS.get(event.kind or "", "purple")
    chart.rectangle(left, y + 5, max(right - left, 2.5), _LANE - 10, colour, opacity=0.85, title=said)
    if apex is not None:
        chart.line([(apex, y + 3), (apex, y + _LANE - 3)], "ink", width=1.4)

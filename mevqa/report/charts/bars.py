"""Horizontal bars from 0 to 1, one or two a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.report.drawing import Drawing

_LEFT, _RIGHT, _TOP = 128, 62, 30
_WIDTH = 470
_THICK, _GAP = 9, 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One row.

    Attributes:
        name: What it is about.
        values: One number a series, 0 to 1.
        note: What stands at its right.
        title: What a pointer resting on it is told besides the values.
    """

    name: str
    values: tuple[float, ...]
    note: str = ""
    title: str = ""


def bar_chart(bars: Sequence[Bar], series: Sequence[str], label: str) -> Drawing:
    """Draw rows of bars.

    Args:
        bars: The rows.
        series: What each bar of a row is, at most two.
        label: What the chart shows.
    """
    colours = ("blue", "orange")
    row_height = len(series) * (_THICK + _GAP) + 9
    chart = Drawing(_WIDTH, _TOP + len(bars) * row_height + 24, label)
    span = _WIDTH - _LEFT - _RIGHT
    bottom = _TOP + len(bars) * row_height
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = _LEFT + span * tick
        chart.line([(x, _TOP - 4), (x, bottom)], "grid")
        chart.text(x, bottom + 15, f"{tick:g}", size=11, anchor="middle", fill="muted")
    legend = _LEFT
    for name, colour in zip(series, colours, strict=False):
        chart.rectangle(legend, 6, 10, 10, colour)
        chart.text(legend + 15, 15, name, size=11, fill="muted")
        legend += 34 + 7 * len(name)
    for row, bar in enumerate(bars):
        y = _TOP + row * row_height
        middle = y + (len(series) * (_THICK + _GAP) - _GAP) / 2
        chart.text(_LEFT - 8, middle + 4, fitted(bar.name), anchor="end")
        for place, value in enumerate(bar.values):
            said = f"{bar.name}: {series[place]} {value:.3f}" + (f"; {bar.title}" if bar.title else "")
            top = y + place * (_THICK + _GAP)
            chart.rectangle(_LEFT, top, span * value, _THICK, colours[place], title=said)
        chart.text(_WIDTH - _RIGHT + 8, middle + 4, bar.note, size=11, fill="muted")
    return chart


def fitted(name: str, most: int = 19) -> str:
    """Return a name that fits beside its bar."""
    return name if len(name) <= most else name[: most - 1] + "…"

"""Numbers with their intervals on one axis: parts of a run, or differences of two runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.report.charts.bars import fitted
from mevqa.report.charts.drawing import Drawing

_LEFT, _RIGHT, _TOP, _ROW = 164, 128, 12, 24
_WIDTH = 520


@dataclass(frozen=True, slots=True)
class Mark:
    """One number.

    Attributes:
        name: What it is of.
        value: The number.
        bounds: Its interval, None where there is none.
        note: What stands at its right.
        colour: Name of a colour.
    """

    name: str
    value: float
    bounds: tuple[float, float] | None
    note: str = ""
    colour: str = "blue"


def forest_chart(
    marks: Sequence[Mark], label: str, *, reach: tuple[float, float] = (0.0, 1.0), line_at: float | None = None
) -> Drawing:
    """Draw numbers with intervals, one a row.

    Args:
        marks: The rows.
        label: What the chart shows.
        reach: Least and largest value of the axis; it grows with the marks.
        line_at: Where a line stands to compare with.
    """
    ends = [end for mark in marks for end in (mark.bounds or (mark.value, mark.value))]
    low, high = min([reach[0], *ends]), max([reach[1], *ends])
    span = _WIDTH - _LEFT - _RIGHT
    bottom = _TOP + len(marks) * _ROW
    chart = Drawing(_WIDTH, bottom + 26, label)

    def x(value: float) -> float:
        return _LEFT + span * (value - low) / ((high - low) or 1)

    for tick in ticks(low, high):
        chart.line([(x(tick), _TOP), (x(tick), bottom)], "grid")
        chart.text(x(tick), bottom + 15, f"{tick:g}", size=11, anchor="middle", fill="muted")
    if line_at is not None:
        chart.line([(x(line_at), _TOP), (x(line_at), bottom)], "muted", dashed=True)
    for row, mark in enumerate(marks):
        y = _TOP + (row + 0.5) * _ROW
        chart.text(_LEFT - 8, y + 4, fitted(mark.name, 22), anchor="end")
        said = f"{mark.name}: {mark.value:.3f}"
        if mark.bounds is not None:
            chart.line([(x(mark.bounds[0]), y), (x(mark.bounds[1]), y)], mark.colour, width=2)
            said += f" [{mark.bounds[0]:.3f}, {mark.bounds[1]:.3f}]"
        chart.circle(x(mark.value), y, 4.5, mark.colour, title=said)
        chart.text(_WIDTH - _RIGHT + 10, y + 4, mark.note, size=11, fill="muted")
    return chart


def ticks(low: float, high: float) -> list[float]:
    """Return round values from low to high, four to eight of them."""
    width = (high - low) or 1.0
    size = 10.0 ** math.floor(math.log10(width / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if width / (size * factor) <= 8)
    first = -(-low // step)
    return [round((first + place) * step, 10) + 0.0 for place in range(10) if (first + place) * step <= high + 1e-9]

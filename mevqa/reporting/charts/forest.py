"""Numbers with their intervals on one axis: parts of a run, or differences of two runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mevqa.reporting.charts.chart import Chart, describe, fitted
from mevqa.reporting.charts.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Height of a row, and of the axis, CSS pixels.
_ROW, _AXIS = 24, 40
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
) -> Chart:
    """Draw numbers with intervals, one a row.

    Args:
        marks: The rows.
        label: What the chart shows.
        reach: Least and largest value of the axis; it grows with the marks.
        line_at: Where a line stands to compare with.
    """
    return Chart(_WIDTH, len(marks) * _ROW + _AXIS, label, partial(_draw, marks, reach, line_at))


def _draw(marks: Sequence[Mark], reach: tuple[float, float], line_at: float | None, figure: Figure) -> None:
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    ends = [end for mark in marks for end in (mark.bounds or (mark.value, mark.value))]
    if line_at is not None:
        axes.axvline(line_at, color=LIGHT["muted"], linewidth=1, linestyle="--")
    for row, mark in enumerate(marks):
        colour = LIGHT[mark.colour]
        said = f"{mark.name}: {mark.value:.3f}"
        if mark.bounds is not None:
            axes.plot(mark.bounds, (row, row), color=colour, linewidth=2)
            said += f" [{mark.bounds[0]:.3f}, {mark.bounds[1]:.3f}]"
        (point,) = axes.plot(mark.value, row, "o", color=colour, markersize=9, markeredgewidth=0)
        describe(point, said)
        side = axes.get_yaxis_transform()
        axes.text(1.03, row, mark.note, transform=side, va="center", fontsize=11, color=LIGHT["muted"])
    axes.set_yticks(range(len(marks)), [fitted(mark.name, 22) for mark in marks])
    axes.set(xlim=(min([reach[0], *ends]), max([reach[1], *ends])), ylim=(max(len(marks), 1) - 0.5, -0.5))
    axes.locator_params(axis="x", nbins=8, steps=(1, 2, 5, 10))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.grid(False)

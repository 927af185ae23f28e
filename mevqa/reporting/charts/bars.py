"""Horizontal bars from 0 to 1, one or two a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mevqa.reporting.charts.chart import Chart, describe, fitted
from mevqa.reporting.charts.palette import LIGHT, SERIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Height of a bar, of a row besides its bars, and of legend and axis, CSS pixels.
_THICK, _GAP, _AROUND = 12, 8, 60
_WIDTH = 500


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


def bar_chart(bars: Sequence[Bar], series: Sequence[str], label: str) -> Chart:
    """Draw rows of bars.

    Args:
        bars: The rows.
        series: What each bar of a row is, at most two.
        label: What the chart shows.
    """
    height = len(bars) * (len(series) * _THICK + _GAP) + _AROUND
    return Chart(_WIDTH, height, label, partial(_draw, bars, series))


def _draw(bars: Sequence[Bar], series: Sequence[str], figure: Figure) -> None:
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    thick = _THICK / (len(series) * _THICK + _GAP)
    for place, name in enumerate(series):
        colour = LIGHT[SERIES[place]]
        rows = [row + (place - (len(series) - 1) / 2) * thick for row in range(len(bars))]
        drawn = axes.barh(rows, [bar.values[place] for bar in bars], 0.75 * thick, color=colour, label=name)
        for patch, bar in zip(drawn, bars, strict=True):
            more = f"; {bar.title}" if bar.title else ""
            describe(patch, f"{bar.name}: {name} {bar.values[place]:.3f}{more}")
    for row, bar in enumerate(bars):
        side = axes.get_yaxis_transform()
        axes.text(1.02, row, bar.note, transform=side, va="center", fontsize=11, color=LIGHT["muted"])
    axes.set_yticks(range(len(bars)), [fitted(bar.name) for bar in bars])
    axes.set(xlim=(0, 1), ylim=(len(bars) - 0.5, -0.5) if bars else (1, 0), xticks=(0, 0.25, 0.5, 0.75, 1))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.grid(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, handlelength=1, handleheight=1)

"""Counted events against coded ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mevqa.reporting.charts.chart import Chart, describe
from mevqa.reporting.charts.palette import LIGHT, SERIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = 346, 372


def counts_chart(pairs: Mapping[str, Sequence[tuple[int, int]]], label: str) -> Chart:
    """Draw (reference, answer) pairs; the area of a dot is how many videos share it.

    Args:
        pairs: By kind of count.
        label: What the chart shows.
    """
    return Chart(*_SIZE, label, partial(_draw, pairs))


def _draw(pairs: Mapping[str, Sequence[tuple[int, int]]], figure: Figure) -> None:
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    most = max((number for both in pairs.values() for pair in both for number in pair), default=1) or 1
    reach = (-0.08 * most, 1.08 * most)
    axes.plot(reach, reach, color=LIGHT["muted"], linewidth=1, linestyle="--")
    handles = []
    for series, (name, both) in enumerate(pairs.items()):
        style: dict[str, Any] = {"color": LIGHT[SERIES[series % len(SERIES)]], "markeredgewidth": 0}
        handles += axes.plot([], [], "o", markersize=9, label=name, **style)
        # Kinds that share a point are set apart a little, so that none hides another.
        apart = 0.015 * most * (series - 1)
        for (reference, answer), count in Counter(both).items():
            size = 7 * min(count, 9) ** 0.5
            (dot,) = axes.plot(reference + apart, answer + apart, "o", markersize=size, alpha=0.7, **style)
            describe(dot, f"{name}: {count} with {reference} coded, {answer} answered")
    axes.set(xlim=reach, ylim=reach, aspect="equal", xlabel="coded", ylabel="answered")
    axes.locator_params(nbins=8, steps=(1, 2, 5, 10), integer=True)
    axes.tick_params(labelsize=11, labelcolor=LIGHT["muted"])
    if handles:
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4, "borderaxespad": 0}
        axes.legend(handles=handles, handletextpad=0.1, columnspacing=1, **place)

"""Charts of scores: bars, numbers with intervals, counted events, and the reliability of probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mevqa.reporting.charts.chart import LIGHT, SERIES, Chart, describe, fitted

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart.

    Attributes:
        name: What it is about.
        values: One number a series, 0 to 1.
        note: What stands at its right.
        title: What its tooltip says besides the values.
    """

    name: str
    values: tuple[float, ...]
    note: str = ""
    title: str = ""


def class_bar(name: str, right: int, true: int, answered: int) -> Bar:
    """Return F1 and recall of one class or action unit.

    Args:
        name: The class.
        right: How often it was answered and is the reference.
        true: How often it is the reference.
        answered: How often it was answered.
    """
    f1, recall, precision = (
        above / below if below else 0.0
        for above, below in ((2 * right, true + answered), (right, true), (right, answered))
    )
    return Bar(name, (f1, recall), f"n = {true}", f"answered {answered} times, precision {precision:.3f}")


def bar_chart(bars: Sequence[Bar], series: Sequence[str], label: str) -> Chart:
    """Draw rows of horizontal bars from 0 to 1.

    Args:
        bars: The rows.
        series: What each bar of a row is, at most two.
        label: What the chart shows.
    """
    # Height of a bar, of a row, and of legend and axis, CSS pixels.
    thick, around = 12, 60
    row_height = len(series) * thick + 8

    def draw(figure: Figure) -> None:
        figure.set_layout_engine("constrained")
        axes, share = figure.subplots(), thick / row_height
        for index, name in enumerate(series):
            rows = [row + (index - (len(series) - 1) / 2) * share for row in range(len(bars))]
            values = [bar.values[index] for bar in bars]
            drawn = axes.barh(rows, values, 0.75 * share, color=LIGHT[SERIES[index]], label=name)
            for patch, bar in zip(drawn, bars, strict=True):
                more = f"; {bar.title}" if bar.title else ""
                describe(patch, f"{bar.name}: {name} {bar.values[index]:.3f}{more}")
        _note_rows(axes, [bar.note for bar in bars], [fitted(bar.name) for bar in bars])
        axes.set(xlim=(0, 1), xticks=(0, 0.25, 0.5, 0.75, 1))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, handlelength=1, handleheight=1)

    return Chart(500, len(bars) * row_height + around, label, draw)


@dataclass(frozen=True, slots=True)
class Mark:
    """One number with its interval.

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
    """Draw numbers with intervals on one axis, one a row: parts of a run, or differences of two runs.

    Args:
        marks: The rows.
        label: What the chart shows.
        reach: Least and largest value of the axis; it grows with the marks.
        line_at: Where a line stands to compare with.
    """

    def draw(figure: Figure) -> None:
        figure.set_layout_engine("constrained")
        axes = figure.subplots()
        ends = [end for mark in marks for end in (mark.bounds or (mark.value, mark.value))]
        if line_at is not None:
            axes.axvline(line_at, color=LIGHT["muted"], linewidth=1, linestyle="--")
        for row, mark in enumerate(marks):
            colour, tooltip = LIGHT[mark.colour], f"{mark.name}: {mark.value:.3f}"
            if mark.bounds is not None:
                axes.plot(mark.bounds, (row, row), color=colour, linewidth=2)
                tooltip += f" [{mark.bounds[0]:.3f}, {mark.bounds[1]:.3f}]"
            (point,) = axes.plot(mark.value, row, "o", color=colour, markersize=9, markeredgewidth=0)
            describe(point, tooltip)
        _note_rows(axes, [mark.note for mark in marks], [fitted(mark.name, 22) for mark in marks])
        axes.set(xlim=(min([reach[0], *ends]), max([reach[1], *ends])))
        axes.locator_params(axis="x", nbins=8, steps=(1, 2, 5, 10))

    return Chart(520, 24 * len(marks) + 40, label, draw)


def _note_rows(axes: Any, notes: Sequence[str], names: Sequence[str]) -> None:
    """Write the names of rows at their left and notes at their right, the first row above."""
    for row, note in enumerate(notes):
        side = axes.get_yaxis_transform()
        axes.text(1.025, row, note, transform=side, va="center", fontsize=11, color=LIGHT["muted"])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.grid(False)


def counts_chart(pairs: Mapping[str, Sequence[tuple[int, int]]], label: str) -> Chart:
    """Draw answered against coded numbers of events; the area of a dot is how many videos share it.

    Args:
        pairs: (coded, answered) by kind of count.
        label: What the chart shows.
    """

    def draw(figure: Figure) -> None:
        figure.set_layout_engine("constrained")
        axes, handles = figure.subplots(), []
        most = max((number for both in pairs.values() for pair in both for number in pair), default=1) or 1
        reach = (-0.08 * most, 1.08 * most)
        axes.plot(reach, reach, color=LIGHT["muted"], linewidth=1, linestyle="--")
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
            legend: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4, "borderaxespad": 0}
            axes.legend(handles=handles, handletextpad=0.1, columnspacing=1, **legend)

    return Chart(346, 372, label, draw)


def calibration_chart(bins: Sequence[Mapping[str, Any]], label: str) -> Chart:
    """Draw how often the likeliest option is right, by its probability, and below it how many questions there are.

    Args:
        bins: ``low``, ``high``, ``count``, ``confidence`` and ``accuracy`` of each bin that holds a question
            (``details["reliability"]`` of a score).
        label: What the chart shows.
    """

    def draw(figure: Figure) -> None:
        figure.set_layout_engine("constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=(5, 1))
        above.plot((0, 1), (0, 1), color=LIGHT["muted"], linewidth=1, linestyle="--")
        for row in bins:
            low, high = row["low"], row["high"]
            middle, width = (low + high) / 2, 0.9 * (high - low)
            (share,) = above.bar(middle, row["accuracy"], width, color=LIGHT["blue"], alpha=0.25)
            (count,) = below.bar(middle, row["count"], width, color=LIGHT["muted"], alpha=0.6)
            tooltip = f"probability {low:.1f} to {high:.1f}: {row['count']} questions, "
            tooltip += f"mean probability {row['confidence']:.3f}, {row['accuracy']:.3f} right"
            describe(share, tooltip)
            describe(count, tooltip)
        points = [row["confidence"] for row in bins], [row["accuracy"] for row in bins]
        above.plot(*points, "o-", color=LIGHT["blue"], linewidth=2, markersize=8, markeredgewidth=0)
        above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share right")
        below.set(ylim=(0, max((row["count"] for row in bins), default=1)), ylabel="n")
        below.set(xlabel="probability of the likeliest option", yticks=())
        above.tick_params(labelbottom=False, labelsize=11, labelcolor=LIGHT["muted"])
        below.xaxis.set_major_formatter("{x:g}")
        above.yaxis.set_major_formatter("{x:g}")

    return Chart(332, 388, label, draw)

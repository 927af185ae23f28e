"""The reliability diagram: how often the likeliest option is right, by its probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mevqa.reporting.charts.chart import Chart, describe
from mevqa.reporting.charts.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = 332, 388


def calibration_chart(bins: Sequence[Mapping[str, Any]], label: str) -> Chart:
    """Draw reliability bins (``details["reliability"]`` of a score) and below them how many questions each holds.

    Args:
        bins: ``low``, ``high``, ``count``, ``confidence`` and ``accuracy`` of each bin that holds a question.
        label: What the chart shows.
    """
    return Chart(*_SIZE, label, partial(_draw, bins))


def _draw(bins: Sequence[Mapping[str, Any]], figure: Figure) -> None:
    figure.set_layout_engine("constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(5, 1))
    above.plot((0, 1), (0, 1), color=LIGHT["muted"], linewidth=1, linestyle="--")
    for one in bins:
        middle, width = (one["low"] + one["high"]) / 2, 0.9 * (one["high"] - one["low"])
        (share,) = above.bar(middle, one["accuracy"], width, color=LIGHT["blue"], alpha=0.25)
        (count,) = below.bar(middle, one["count"], width, color=LIGHT["muted"], alpha=0.6)
        for bar in (share, count):
            describe(
                bar,
                f"probability {one['low']:.1f} to {one['high']:.1f}: {one['count']} questions, "
                f"mean probability {one['confidence']:.3f}, {one['accuracy']:.3f} right",
            )
    points = [one["confidence"] for one in bins], [one["accuracy"] for one in bins]
    above.plot(*points, "o-", color=LIGHT["blue"], linewidth=2, markersize=8, markeredgewidth=0)
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share right")
    below.set(ylim=(0, max((one["count"] for one in bins), default=1)), ylabel="n")
    below.set(xlabel="probability of the likeliest option", yticks=())
    above.tick_params(labelbottom=False, labelsize=11, labelcolor=LIGHT["muted"])
    below.xaxis.set_major_formatter("{x:g}")
    above.yaxis.set_major_formatter("{x:g}")

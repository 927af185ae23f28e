"""The reliability diagram: how often the likeliest option is right, by its probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mevqa.report.charts.drawing import Drawing

_LEFT, _TOP, _SIDE, _COUNTS = 52, 26, 260, 56
_WIDTH = _LEFT + _SIDE + 20


def calibration_chart(bins: Sequence[Mapping[str, Any]], label: str) -> Drawing:
    """Draw reliability bins (``details["reliability"]`` of a score) and below them how many questions each holds.

    Args:
        bins: ``low``, ``high``, ``count``, ``confidence`` and ``accuracy`` of each bin that holds a question.
        label: What the chart shows.
    """
    chart = Drawing(_WIDTH, _TOP + _SIDE + _COUNTS + 46, label)
    bottom = _TOP + _SIDE
    chart.text(_LEFT - 30, 14, "share right", size=11, fill="muted")
    for tick in (0, 0.2, 0.4, 0.6, 0.8, 1):
        x, y = _LEFT + _SIDE * tick, bottom - _SIDE * tick
        chart.line([(_LEFT, y), (_LEFT + _SIDE, y)], "grid")
        chart.line([(x, _TOP), (x, bottom)], "grid")
        chart.text(_LEFT - 8, y + 4, f"{tick:g}", size=11, anchor="end", fill="muted")
        chart.text(x, bottom + _COUNTS + 26, f"{tick:g}", size=11, anchor="middle", fill="muted")
    chart.line([(_LEFT, bottom), (_LEFT + _SIDE, _TOP)], "muted", dashed=True)
    most = max((one["count"] for one in bins), default=1)
    for one in bins:
        left, width = _LEFT + _SIDE * one["low"], _SIDE * (one["high"] - one["low"])
        said = (
            f"probability {one['low']:.1f} to {one['high']:.1f}: {one['count']} questions, "
            f"mean probability {one['confidence']:.3f}, {one['accuracy']:.3f} right"
        )
        height = _SIDE * one["accuracy"]
        chart.rectangle(left + 2, bottom - height, width - 4, height, "blue", opacity=0.25, title=said)
        tall = (_COUNTS - 12) * one["count"] / most
        chart.rectangle(left + 2, bottom + _COUNTS + 10 - tall, width - 4, tall, "muted", opacity=0.6, title=said)
    points = [(_LEFT + _SIDE * one["confidence"], bottom - _SIDE * one["accuracy"]) for one in bins]
    chart.line(points, "blue", width=2)
    for x, y in points:
        chart.circle(x, y, 4, "blue")
    chart.text(
        _LEFT + _SIDE, bottom + _COUNTS + 42, "probability of the likeliest option", size=11, anchor="end", fill="muted"
    )
    chart.text(_LEFT - 8, bottom + _COUNTS + 10, "n", size=11, anchor="end", fill="muted")
    return chart

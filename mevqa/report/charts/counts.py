"""Counted events against coded ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mevqa.report.charts.drawing import Drawing
from mevqa.report.charts.forest import ticks
from mevqa.report.charts.palette import SERIES

_LEFT, _TOP, _SIDE = 46, 48, 280


def counts_chart(pairs: Mapping[str, Sequence[tuple[int, int]]], label: str) -> Drawing:
    """Draw (reference, answer) pairs; the area of a dot is how many videos share it.

    Args:
        pairs: By kind of count.
        label: What the chart shows.
    """
    chart = Drawing(_LEFT + _SIDE + 20, _TOP + _SIDE + 44, label)
    most = max((number for both in pairs.values() for pair in both for number in pair), default=1) or 1
    bottom = _TOP + _SIDE

    def at(number: float) -> float:
        return (_SIDE - 24) * number / most + 12

    for tick in ticks(0, most):
        if tick == int(tick):
            place = at(tick)
            chart.line([(_LEFT + place, _TOP), (_LEFT + place, bottom)], "grid")
            chart.line([(_LEFT, bottom - place), (_LEFT + _SIDE, bottom - place)], "grid")
            chart.text(_LEFT + place, bottom + 16, f"{tick:g}", size=11, anchor="middle", fill="muted")
            chart.text(_LEFT - 8, bottom - place + 4, f"{tick:g}", size=11, anchor="end", fill="muted")
    chart.line([(_LEFT, bottom), (_LEFT + _SIDE, _TOP)], "muted", dashed=True)
    legend = _LEFT
    for series, (name, both) in enumerate(pairs.items()):
        colour = SERIES[series % len(SERIES)]
        chart.circle(legend + 5, 12, 5, colour)
        chart.text(legend + 15, 16, name, size=11, fill="muted")
        legend += 32 + 7 * len(name)
        for (reference, answer), count in Counter(both).items():
            said = f"{name}: {count} with {reference} coded, {answer} answered"
            # Kinds that share a point are set apart a little, so that none hides another.
            x, y = _LEFT + at(reference) + 4 * (series - 1), bottom - at(answer) - 4 * (series - 1)
            chart.circle(x, y, 3.5 * min(count, 9) ** 0.5, colour, opacity=0.7, title=said)
    chart.text(_LEFT - 30, _TOP - 10, "answered", size=11, fill="muted")
    chart.text(_LEFT + _SIDE, bottom + 34, "coded", size=11, anchor="end", fill="muted")
    return chart

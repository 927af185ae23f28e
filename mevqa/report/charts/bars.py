"""Horizontal bars from 0 to 1, one or two a row."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mevqa.report.charts.drawing import Drawing

_RIGHT, _TOP = 62, 30
_WIDTH = 500
#: Width of a letter, roughly, and of the widest column of names, px.
_LETTER, _LONGEST = 6.7, 30
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
    left = max([70.0, *(_LETTER * letters(fitted(bar.name)) + 14 for bar in bars)])
    span = _WIDTH - left - _RIGHT
    bottom = _TOP + len(bars) * row_height
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = left + span * tick
        chart.line([(x, _TOP - 4), (x, bottom)], "grid")
        chart.text(x, bottom + 15, f"{tick:g}", size=11, anchor="middle", fill="muted")
    legend = left
    for name, colour in zip(series, colours, strict=False):
        chart.rectangle(legend, 6, 10, 10, colour)
        chart.text(legend + 15, 15, name, size=11, fill="muted")
        legend += 34 + 7 * letters(name)
    for row, bar in enumerate(bars):
        y = _TOP + row * row_height
        middle = y + (len(series) * (_THICK + _GAP) - _GAP) / 2
        chart.text(left - 8, middle + 4, fitted(bar.name), anchor="end")
        for place, value in enumerate(bar.values):
            said = f"{bar.name}: {series[place]} {value:.3f}" + (f"; {bar.title}" if bar.title else "")
            top = y + place * (_THICK + _GAP)
            chart.rectangle(left, top, span * value, _THICK, colours[place], title=said)
        chart.text(_WIDTH - _RIGHT + 8, middle + 4, bar.note, size=11, fill="muted")
    return chart


def fitted(name: str, most: int = _LONGEST) -> str:
    """Return a name that fits beside its bar, at most so many letters wide."""
    if letters(name) <= most:
        return name
    kept = sum(1 for end in accumulate(map(letters, name)) if end <= most - 1)
    return name[:kept] + "…"


def letters(text: str) -> int:
    """Return how wide a text is in letters; those of East Asia count double."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)

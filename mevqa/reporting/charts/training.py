"""The training curve: losses or rewards from the first step to the last one that was reported."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.files.whole import write_whole
from mevqa.reporting.charts.chart import LIGHT, SERIES, Chart
from mevqa.training.training_log import CURVE, read_log

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (760, 340)
#: What is drawn, what it is called, and how its line is drawn.
_LINES = {
    "loss": ("training", "-"),
    "validation": ("other subjects", "--"),
    "reward": ("reward", "-"),
}


def write_training_curve(folder: Path) -> None:
    """Draw the log of a training beside it; without rows nothing is written.

    Raises:
        InputError: The picture cannot be written.
    """
    rows = read_log(folder)
    lines = _lines(rows)
    if not lines:
        return
    chart = Chart(*_SIZE, "Loss of a training", partial(_draw, lines, "step" if "step" in rows[0] else "epoch"))
    write_whole(folder / CURVE, chart.files()[".png"])


def _lines(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return the points of each line, by the part of the training and what is drawn."""
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        step = row.get("step", row.get("epoch"))
        for name in _LINES:
            if name in row and isinstance(step, int):
                lines.setdefault((str(row.get("part", "")), name), []).append((step, float(row[name])))
    return lines


def _draw(lines: dict[tuple[str, str], list[tuple[float, float]]], unit: str, figure: Figure) -> None:
    from matplotlib.ticker import MaxNLocator

    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    parts = list(dict.fromkeys(part for part, _ in lines))
    for (part, name), points in lines.items():
        called, style = _LINES[name]
        colour = LIGHT[SERIES[parts.index(part) % len(SERIES)]]
        places, values = zip(*points, strict=True)
        label = f"{part}, {called}" if part else called
        axes.plot(places, values, style, color=colour, linewidth=1.8, marker="o", markersize=3, label=label)
    rewarded = all(name == "reward" for _, name in lines)
    axes.set_title("mean reward" if rewarded else "loss", loc="left", fontsize=13)
    axes.set_xlabel(unit, loc="right")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    if len(lines) > 1:
        axes.legend(loc="best")

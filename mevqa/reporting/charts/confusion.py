"""The confusion matrix of one class scheme as a table and as a chart, and F1 and recall of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mevqa.reporting.charts.chart import LIGHT, Chart, fitted
from mevqa.reporting.charts.score_charts import Bar, class_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Width and height of a cell, and of all names beside and above the cells, CSS pixels.
_CELL, _NAMES = (48, 30), 150
#: Letters of a class that are shown.
_MOST_LETTERS = 17
#: Names of the columns for answers that are no class of the reference.
_REST = {"other": "other class", "none": "no answer"}


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """How often one answer was given to the questions of one class.

    Attributes:
        count: The number.
        share: The number as a share of the class, 0 to 1.
        right: Whether the answer is the class.
        title: What the cell says in words.
        choose: Filters of the clip browser that show its clips.
    """

    count: int
    share: float
    right: bool
    title: str
    choose: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """A confusion matrix.

    Attributes:
        label: What it shows.
        columns: Answers: (name as it is shown, full name).
        rows: Classes of the references, with their cells.
    """

    label: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[tuple[str, str], tuple[ConfusionCell, ...]], ...]

    def chart(self) -> Chart:
        """Return the matrix as a chart, for files."""
        size = (len(self.columns) * _CELL[0] + _NAMES, len(self.rows) * _CELL[1] + _NAMES)
        return Chart(*size, self.label, partial(_draw, self))


def confusion_table(matrix: Mapping[str, Any], title: str, kind: str) -> ConfusionTable:
    """Return a confusion matrix; columns of answers that are no class of the references are there where they occur.

    Args:
        matrix: ``references`` (rows), ``answers`` (columns) and ``counts``.
        title: Name of the class scheme.
        kind: Question type, for the filters that a click on a cell sets.
    """
    names, counts = matrix["references"], matrix["counts"]
    indices = [
        index for index, name in enumerate(matrix["answers"]) if name in names or any(row[index] for row in counts)
    ]
    columns = [matrix["answers"][index] for index in indices]
    rows = []
    for name, row in zip(names, counts, strict=True):
        total = sum(row)
        cells = tuple(
            ConfusionCell(
                row[index],
                row[index] / total if total else 0.0,
                answer == name,
                f"{name} answered {_REST.get(answer, answer)}: {row[index]} of {total}",
                {"type": kind, "class": name, "answer": answer},
            )
            for index, answer in zip(indices, columns, strict=True)
        )
        rows.append((_short_and_full(name), cells))
    label = f"Confusion matrix of {title}: rows are references, columns are answers"
    return ConfusionTable(label, tuple(_short_and_full(_REST.get(name, name)) for name in columns), tuple(rows))


def class_bars(matrix: Mapping[str, Any]) -> list[Bar]:
    """Return F1 and recall of each class of a confusion matrix, the commonest first."""
    labels, counts = matrix["references"], matrix["counts"]
    numbers = [(counts[i][i], sum(counts[i]), sum(row[i] for row in counts)) for i in range(len(labels))]
    ordered = sorted(zip(labels, numbers, strict=True), key=lambda pair: (-pair[1][1], pair[0]))
    return [class_bar(name, *class_counts) for name, class_counts in ordered]


def _short_and_full(name: str) -> tuple[str, str]:
    return fitted(name, _MOST_LETTERS), name


def _draw(table: ConfusionTable, figure: Figure) -> None:
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    for row, (_, cells) in enumerate(table.rows):
        for column, cell in enumerate(cells):
            colour, opacity = LIGHT["blue" if cell.right else "orange"], 0.1 + 0.6 * cell.share
            if not cell.count:
                colour, opacity = LIGHT["grid"], 0.35
            axes.barh(row, 0.96, 0.94, column - 0.48, color=colour, alpha=opacity)
            ink = LIGHT["ink" if cell.count else "muted"]
            axes.text(column, row, str(cell.count), color=ink, ha="center", va="center")
    axes.set_xticks(range(len(table.columns)), [name for name, _ in table.columns], rotation=45, ha="left")
    axes.set_yticks(range(len(table.rows)), [name for (name, _), _ in table.rows])
    axes.tick_params(labeltop=True, labelbottom=False)
    axes.set(xlim=(-0.5, len(table.columns) - 0.5), ylim=(len(table.rows) - 0.5, -0.5))
    axes.set(xlabel="answered", ylabel="reference")
    axes.grid(False)

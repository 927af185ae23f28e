"""The confusion matrix of one class scheme, and F1 and recall of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.report.charts.bars import Bar, bar_chart, fitted, letters
from mevqa.report.charts.drawing import Drawing

_CELL_HEIGHT, _LEAST_WIDTH = 34, 62
_TOP = 50
#: Width of a letter of 12 px, roughly, px.
_LETTER = 6.8
#: Names of the columns for answers that are no class of the reference.
_REST = {"other": "other class", "none": "no answer"}


@dataclass(frozen=True, slots=True)
class ClassNumbers:
    """How one class was recognised.

    Attributes:
        name: The class.
        count: How often it is the reference.
        precision: Share of its answers that are right; 0 when it was never answered.
        recall: Share of its references that were answered right.
        f1: 2TP / (2TP + FP + FN).
    """

    name: str
    count: int
    precision: float
    recall: float
    f1: float


def class_numbers(matrix: dict[str, Any]) -> list[ClassNumbers]:
    """Return the numbers of each class of a confusion matrix (``details["confusion"]`` of a score)."""
    labels, counts = matrix["references"], matrix["counts"]
    numbers = []
    for place, name in enumerate(labels):
        right, truth = counts[place][place], sum(counts[place])
        answered = sum(row[place] for row in counts)
        numbers.append(
            ClassNumbers(
                name,
                truth,
                right / answered if answered else 0.0,
                right / truth if truth else 0.0,
                2 * right / (truth + answered) if truth + answered else 0.0,
            )
        )
    return numbers


def confusion_chart(matrix: dict[str, Any], title: str, kind: str) -> Drawing:
    """Draw a confusion matrix; a click on a cell shows its clips.

    Args:
        matrix: ``references`` (rows), ``answers`` (columns) and ``counts``.
        title: Name of the class scheme.
        kind: Question type, for the filters that a click sets.
    """
    rows: Sequence[str] = matrix["references"]
    columns = [name for place, name in enumerate(matrix["answers"]) if name in rows or _used(matrix, place)]
    places = [matrix["answers"].index(name) for name in columns]
    longest = max(letters(_short(name)) for name in rows)
    cell = max(_LEAST_WIDTH, longest * _LETTER + 6)
    left = max(longest * _LETTER + 12, 70)
    width = left + len(columns) * cell + 8
    height = _TOP + len(rows) * _CELL_HEIGHT + 8
    chart = Drawing(width, height, f"Confusion matrix of {title}: rows are references, columns are answers")
    chart.text(left + 4, 14, "answered", size=11, fill="muted")
    chart.text(left - 8, _TOP - 8, "reference", size=11, anchor="end", fill="muted")
    for column, name in enumerate(columns):
        middle = left + (column + 0.5) * cell
        words = _REST.get(name, name).split(" ") if name not in rows else [_short(name)]
        for line, word in enumerate(words):
            chart.text(middle, _TOP - 8 - 13 * (len(words) - 1 - line), word, size=11, anchor="middle")
    for row in range(len(rows)):
        _draw_row(chart, matrix, row, columns, places, kind, (left, cell))
    return chart


def class_chart(matrix: dict[str, Any], title: str) -> Drawing:
    """Draw F1 and recall of each class, the commonest first."""
    numbers = sorted(class_numbers(matrix), key=lambda one: (-one.count, one.name))
    bars = [
        Bar(one.name, (one.f1, one.recall), f"n = {one.count}", f"{one.name}: precision {one.precision:.3f}")
        for one in numbers
    ]
    return bar_chart(bars, ("F1", "recall"), f"F1 and recall of the classes of {title}")


def _draw_row(
    chart: Drawing,
    matrix: dict[str, Any],
    row: int,
    columns: Sequence[str],
    places: Sequence[int],
    kind: str,
    across: tuple[float, float],
) -> None:
    """Draw one row; ``across`` is where its cells begin and how wide each is."""
    left, cell = across
    reference = matrix["references"][row]
    y = _TOP + row * _CELL_HEIGHT
    counts = matrix["counts"][row]
    total = sum(counts)
    chart.text(left - 8, y + _CELL_HEIGHT / 2 + 4, _short(reference), size=12, anchor="end")
    for column, (answer, place) in enumerate(zip(columns, places, strict=True)):
        count = counts[place]
        share = count / total if total else 0.0
        x = left + column * cell
        chart.rectangle(x + 1, y + 1, cell - 2, _CELL_HEIGHT - 2, "grid", opacity=0.35)
        if count:
            said = f"{reference} answered {_REST.get(answer, answer)}: {count} of {total}"
            choose = {"type": kind, "class": reference, "answer": answer}
            chart.rectangle(
                x + 1,
                y + 1,
                cell - 2,
                _CELL_HEIGHT - 2,
                "blue" if answer == reference else "orange",
                opacity=0.12 + 0.88 * share,
                title=said,
                choose=choose,
            )
        colour = "on-blue" if share > 0.5 else "ink" if count else "muted"
        chart.text(x + cell / 2, y + _CELL_HEIGHT / 2 + 5, str(count), size=13, anchor="middle", fill=colour)


def _used(matrix: dict[str, Any], place: int) -> bool:
    return any(row[place] for row in matrix["counts"])


def _short(name: str) -> str:
    return fitted(name, 17)

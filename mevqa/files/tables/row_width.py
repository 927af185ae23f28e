"""Rows with more cells than their table has columns: an unquoted comma has moved their values to other columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
_WHOLE = re.compile(r"[+-]?\d+")
_DIGITS = re.compile(r"\d+")


def filled_width(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last one that is not empty."""
    return max((place for place, cell in enumerate(cells, 1) if cell), default=0)


def width_problem(cells: Sequence[str], columns: int, delimiter: str, top: str = "the header") -> str:
    """Return what is wrong with a row whose cells reach beyond the last heading, and how it is mended.

    Spreadsheet programs fill rows with empty cells: empty cells at the end do not count.

    Args:
        cells: The row.
        columns: Number of columns up to the last one with a heading (``filled_width``).
        delimiter: What divides the cells of a text; empty for a workbook.
        top: What a message calls the row that gives the number of columns.

    Returns:
        A message without file and line; empty for a row without such cells.
    """
    if not any(cells[columns:]):
        return ""
    count = filled_width(cells)
    if not delimiter:
        return (
            f"has a cell in column {count}, and no heading beyond column {columns}: name the column, or empty the cell"
        )
    mend = f"quote cells with {_DELIMITER_NAMES.get(delimiter, repr(delimiter))}"
    if delimiter == "," and (decimal := _decimal_mend(cells)):
        mend += f", or {decimal}"
    return f"has {count} cells, {top} {columns}: {mend}"


def _decimal_mend(cells: Sequence[str]) -> str:
    """Return how a number with a decimal comma is written that makes two cells; empty where no two cells look so."""
    pairs = [
        place
        for place in range(len(cells) - 1)
        if _WHOLE.fullmatch(cells[place]) and _DIGITS.fullmatch(cells[place + 1])
    ]
    # Of several pairs, 0 and digits are a score or a probability, unless 0 stands first, as a time.
    below_one = [place for place in pairs if place and cells[place].lstrip("+-") == "0"]
    if below_one:
        return f"write {cells[below_one[-1]]}.{cells[below_one[-1] + 1]}"
    return "write decimals with a point" if pairs else ""

"""Divide the lines of a text table into cells: the delimiter is found, quotes and line numbers are kept."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

#: In the order in which they are preferred where two divide alike: semicolons stand in for commas where these are
#: decimal signs.
_DELIMITERS = "\t;,|"
#: Records that are looked at to find the delimiter.
_SAMPLE = 200
#: The line with which spreadsheet programs are told the delimiter.
_PREAMBLE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
#: Longest cell; a quotation mark that is never closed would swallow the file.
_LONGEST_CELL = 1 << 17

Record = tuple[int, list[str]]


class DelimitedError(ValueError):
    """Text that cannot be divided into cells.

    Attributes:
        line: 1-based line at fault, None where it is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message)


def parse_delimited(text: str) -> tuple[str, list[Record]]:
    """Return the delimiter of a text, and its records with the 1-based lines on which they begin.

    Args:
        text: CSV, TSV, semicolons, bars, or columns divided by blanks; ``sep=;`` in the first line names the delimiter.

    Raises:
        DelimitedError: A quotation mark is never closed, or a cell is too long.
    """
    preamble = _PREAMBLE.fullmatch(text.partition("\n")[0])
    if preamble:
        return preamble[1], [(line + 1, cells) for line, cells in _records(text.partition("\n")[2], preamble[1])]
    delimiter = find_delimiter(text)
    return delimiter, list(_records(text, delimiter))


def find_delimiter(text: str) -> str:
    """Return the delimiter of a text table: tab, semicolon, comma, bar or blank.

    It is the one by which most records have the same number of cells, two at least; then the one that gives more
    cells, as decimal commas (``a;0,5;9``) give fewer than the semicolons around them.
    """
    sample = "\n".join(text.splitlines()[:_SAMPLE])
    best, delimiter = (0, 0), ","
    for candidate in _DELIMITERS:
        score = _consistency(sample, candidate)
        if score > best:
            best, delimiter = score, candidate
    blanks = _consistency(sample, " ")
    return " " if best[0] == 0 and blanks[1] > 2 else delimiter


def _consistency(sample: str, delimiter: str) -> tuple[int, int]:
    """Return how many records have the most common number of cells, and that number."""
    counts: Counter[int] = Counter()
    try:
        counts.update(len(cells) for _, cells in _parse(sample, delimiter, strict=False) if len(cells) > 1)
    except csv.Error:
        return 0, 0
    if not counts:
        return 0, 0
    cells, records = max(counts.items(), key=lambda item: (item[1], item[0]))
    return records, cells


def _records(text: str, delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_CELL)
    try:
        yield from list(_parse(text, delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            raise DelimitedError("a quotation mark is not closed", _last_line(text, delimiter)) from error
        # A quotation mark inside a cell (5" screen) is one more character of it.
        try:
            yield from list(_parse(text, delimiter, strict=False))
        except csv.Error as second:
            raise DelimitedError(f"is not valid CSV: {second}") from second


def _last_line(text: str, delimiter: str) -> int | None:
    """Return the line on which the record begins whose quotation mark is not closed."""
    last = None
    with contextlib.suppress(csv.Error):
        for record in _parse(text, delimiter, strict=False):
            last = record[0]
    return last


def _parse(text: str, delimiter: str, *, strict: bool) -> Iterator[Record]:
    blank = delimiter == " "
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict, skipinitialspace=blank)
    line = 1
    for cells in reader:
        yield line, _without_last(cells) if blank else cells
        line = reader.line_num + 1


def _without_last(cells: Sequence[str]) -> list[str]:
    """Return cells without the empty one that blanks at the end of a line make."""
    return list(cells[:-1] if cells and not cells[-1] else cells)

"""Sheets of xlsx, xls and csv label files as rows of text, with the header found wherever it stands."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem

#: Rows that are searched for the header; SAMM's stands in row 14, SAMM-LV's in row 10.
_HEADER_SEARCH = 40


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: Its name in the workbook.
        rows: 1-based row number and cells as text; empty cells are ``""``, whole numbers have no decimals.
    """

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row below the header.

    Attributes:
        line: 1-based row number in the sheet.
        index: 0-based position below the header, blank rows not counted.
        cells: Text by field.
    """

    line: int
    index: int
    cells: Mapping[str, str]


def read_sheets(path: Path) -> list[Sheet]:
    """Read every sheet of a label file.

    Raises:
        InputError: The file is missing, broken, or neither xlsx, xls nor csv.
    """
    readers = {".xlsx": _read_xlsx, ".xlsm": _read_xlsx, ".xls": _read_xls, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError([Problem(path, "is no label file; xlsx, xls and csv are read")])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError([Problem(path, f"cannot be read: {error.strerror or error}")]) from error
    try:
        return list(reader(data))
    except Exception as error:
        # openpyxl and xlrd raise whatever their zip, XML and binary parsers raise on a broken file.
        raise InputError([Problem(path, f"is not a readable {path.suffix.lower()} file: {error}")]) from error


def find_rows(sheet: Sheet, columns: Mapping[str, Sequence[str]], required: Sequence[str]) -> list[LabelRow] | None:
    """Return the rows below the header, or None when the sheet has no such header.

    Args:
        sheet: The sheet.
        columns: Spellings of each field's column, simplified (``simplify``).
        required: Fields without which a row of the sheet is not the header.
    """
    for position, (_, cells) in enumerate(sheet.rows[:_HEADER_SEARCH]):
        headings = [simplify(cell) for cell in cells]
        places = {
            name: next(headings.index(spelling) for spelling in spellings if spelling in headings)
            for name, spellings in columns.items()
            if any(spelling in headings for spelling in spellings)
        }
        if all(name in places for name in required):
            below = sheet.rows[position + 1 :]
            return [
                LabelRow(line, index, {name: row[at] if at < len(row) else "" for name, at in places.items()})
                for index, (line, row) in enumerate(below)
            ]
    return None


def headerless_rows(sheet: Sheet, fields: Sequence[str]) -> list[LabelRow] | None:
    """Return the rows of a sheet without a header, or None when its rows are not of the kind wanted.

    The first row, or the second below a header, tells: its onset and offset are numbers and its kind is micro or macro.

    Args:
        sheet: The sheet.
        fields: Fields of the columns from the first, with onset, offset and kind among them; more columns may follow.
    """
    for start, (_, cells) in enumerate(sheet.rows[:2]):
        first = dict(zip(fields, cells, strict=False))
        frames = [first.get(name, "") for name in ("onset", "offset")]
        if all(cell.isdigit() for cell in frames) and re.match("micro|macro", first.get("kind", ""), re.IGNORECASE):
            return [
                LabelRow(line, index, {name: row[at] if at < len(row) else "" for at, name in enumerate(fields)})
                for index, (line, row) in enumerate(sheet.rows[start:])
            ]
    return None


def simplify(heading: str) -> str:
    """Return a heading without case, spaces and signs: ``Onset Frame`` and ``OnsetFrame`` are one column."""
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def _text(value: Any) -> str:
    """Return a cell as text; spreadsheets keep whole numbers as floats."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # So does a CSV that was saved from one.
    return re.sub(r"^(-?\d+)\.0+$", r"\1", str(value).strip())


def _sheet(name: str, rows: Iterator[tuple[int, Sequence[Any]]]) -> Sheet:
    texts = ((line, tuple(_text(value) for value in cells)) for line, cells in rows)
    return Sheet(name, tuple((line, cells) for line, cells in texts if any(cells)))


def _read_xlsx(data: bytes) -> Iterator[Sheet]:
    import openpyxl

    # Not read-only: the read-only mode trusts the size that the file declares, which other programs get wrong.
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    for sheet in book.worksheets:
        yield _sheet(sheet.title, enumerate(sheet.iter_rows(values_only=True), 1))


def _read_xls(data: bytes) -> Iterator[Sheet]:
    import xlrd

    book = xlrd.open_workbook(file_contents=data)
    for sheet in book.sheets():
        yield _sheet(sheet.name, ((row + 1, sheet.row_values(row)) for row in range(sheet.nrows)))


def _read_csv(data: bytes) -> Iterator[Sheet]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheet programs on Chinese systems save CSV in this encoding.
        text = data.decode("gb18030")
    reader = csv.reader(io.StringIO(text, newline=""))
    yield _sheet("csv", ((reader.line_num, row) for row in reader))

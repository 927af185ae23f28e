"""Read the cells of xlsx and xls workbooks that hold a value, whatever size the sheets claim to have."""

from __future__ import annotations

import bisect
import functools
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

#: Sizes that no label or detection file comes near; a sheet of millions of rows is read in minutes.
_MOST_BYTES = 256 << 20
#: Excel has at most 65,490 cell formats (its published limits), of some hundred bytes each.
_MOST_STYLES = 16 << 20
_MOST_CELLS = 4_000_000

#: Values by 1-based row and column.
Grid = dict[int, dict[int, Any]]
#: First and last row, first and last column of merged cells, 1-based.
Merge = tuple[int, int, int, int]


def read_xlsx(data: bytes) -> Iterator[tuple[str, Grid]]:
    """Yield the name and the cells of every sheet of an xlsx workbook; formulas are read as their saved results.

    Raises:
        ValueError: It is too large, or locked.
        Exception: Whatever openpyxl and its XML and zip readers raise for a damaged file.
    """
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > _MOST_BYTES:
            raise ValueError("is larger than a label file can be")
        if any(member.filename.endswith("styles.xml") and member.file_size > _MOST_STYLES for member in members):
            raise ValueError("has more styles than a label file can have")
    with warnings.catch_warnings():
        # What openpyxl does not read (drawings, rules for colours) says nothing about the cells.
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            # The parser of the sheet instead of the sheet: it yields what is there and knows the merged cells, while
            # a sheet fills all gaps up to a last cell in column XFD and row 1,048,576.
            with sheet._get_source() as source:
                parser = _sheet_parser()(
                    source,
                    sheet._shared_strings,
                    data_only=True,
                    epoch=book.epoch,
                    date_formats=book._date_formats,
                    timedelta_formats=book._timedelta_formats,
                )
                grid = _grid((row, cell["column"], cell["value"]) for row, cells in parser.parse() for cell in cells)
                merged = parser.merged_cells.mergeCell if parser.merged_cells is not None else ()
                merges = [(merge.min_row, merge.max_row, merge.min_col, merge.max_col) for merge in merged]
            yield sheet.title, fill_merged(grid, merges)


@functools.cache
def _sheet_parser() -> type:
    """Return openpyxl's parser of sheets, with formulas as they are written where their results were not saved.

    Programs that write workbooks without calculating save none, and an empty cell would say that a frame is not coded.
    """
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell: dict[str, Any] = super().parse_cell(element)
            formula = element.find(FORMULA_TAG)
            # A saved result that is an empty text has the type of texts.
            if formula is not None and cell["value"] is None and element.get("t") != "str":
                cell["value"] = f"={formula.text or ''} (a formula without a saved result)"
            return cell

    return Parser


def read_xls(data: bytes) -> Iterator[tuple[str, Grid]]:
    """Yield the name and the cells of every sheet of an xls workbook.

    Raises:
        Exception: Whatever xlrd raises for a damaged or a locked file.
    """
    import xlrd

    def open_book(*, formatting: bool) -> Any:
        # Warnings go to standard output by default.
        return xlrd.open_workbook(
            file_contents=data, formatting_info=formatting, ragged_rows=True, logfile=io.StringIO()
        )

    try:
        book = open_book(formatting=True)
    except Exception:  # noqa: BLE001 - without its formats a workbook can be read that is damaged in these only
        book = open_book(formatting=False)
    for sheet in book.sheets():
        cells = (
            (row + 1, column + 1, _xls_value(cell, book.datemode))
            for row in range(sheet.nrows)
            for column, cell in enumerate(sheet.row(row))
        )
        merges = [(top + 1, bottom, left + 1, right) for top, bottom, left, right in sheet.merged_cells]
        yield sheet.name, fill_merged(_grid(cells), merges)


def _xls_value(cell: Any, datemode: int) -> Any:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#ERROR!")
    return None if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value


def _grid(cells: Iterable[tuple[int, int, Any]]) -> Grid:
    grid: Grid = {}
    count = 0
    for row, column, value in cells:
        if value is None or value == "":
            continue
        grid.setdefault(row, {})[column] = value
        count += 1
        if count > _MOST_CELLS:
            raise ValueError(f"has a sheet of more than {_MOST_CELLS:,} cells; that is no label file")
    return grid


def fill_merged(grid: Grid, merges: Iterable[Merge]) -> Grid:
    """Return cells in which merged rows all have the value that stands in the first of them.

    Rows without a cell of their own stay empty. Columns that are merged keep their value in the first: in a heading
    over several columns, ``headers`` continues it.

    Args:
        grid: Cells with a value.
        merges: Merged cells.

    Raises:
        ValueError: They cover far more cells than a label file has.
    """
    rows = sorted(grid)
    filled: Grid = {}
    count = 0
    for top, bottom, left, _ in merges:
        value = grid.get(top, {}).get(left)
        if value is None:
            continue
        within = rows[bisect.bisect_right(rows, top) : bisect.bisect_right(rows, bottom)]
        count += len(within)
        if count > _MOST_CELLS:
            raise ValueError(f"merges more than {_MOST_CELLS:,} cells; that is no label file")
        for row in within:
            filled.setdefault(row, {})[left] = value
    return {row: {**filled.get(row, {}), **grid[row]} for row in rows}

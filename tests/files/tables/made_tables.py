"""One table in the spellings in which programs save it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

Rows = Sequence[Sequence[str]]

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")
DELIMITERS = (",", ";", "\t")


def delimited(rows: Rows, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n", preamble: str = "") -> bytes:
    """Return a table as text."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return (preamble + text.getvalue()).encode(encoding)


def xlsx(rows: Rows, merged: Sequence[str] = ()) -> bytes:
    """Return a table as a workbook; numbers as a spreadsheet keeps them."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append([_number(cell) for cell in row])
    data = io.BytesIO()
    book.save(data)
    return _merged(data, merged)


def _merged(data: io.BytesIO, ranges: Sequence[str]) -> bytes:
    """Return a workbook with merged cells; written by hand, since openpyxl makes every cell of a range."""
    if not ranges:
        return data.getvalue()
    cells = "".join(f'<mergeCell ref="{cell_range}"/>' for cell_range in ranges)
    result = io.BytesIO()
    with zipfile.ZipFile(data) as book, zipfile.ZipFile(result, "w") as copy:
        for name in book.namelist():
            text = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = text.replace(b"</sheetData>", f"</sheetData><mergeCells>{cells}</mergeCells>".encode())
            copy.writestr(name, text)
    return result.getvalue()


def xls(rows: Rows) -> bytes:
    """Return a table as an old workbook."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("labels")
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell:
                sheet.write(i, j, _number(cell))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def html(rows: Rows) -> bytes:
    """Return a table as HTML."""
    from html import escape

    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return ("<html><meta charset=utf-8><table><tr>" + "</tr><tr>".join(lines) + "</tr></table></html>").encode()


def spreadsheet_xml(rows: Rows) -> bytes:
    """Return a table as the XML of spreadsheets of 2003."""
    from html import escape

    lines = ["".join(f"<Cell><Data>{escape(cell)}</Data></Cell>" for cell in row) for row in rows]
    body = "".join(f"<Row>{line}</Row>" for line in lines)
    head = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'
    return f'{head}<Worksheet ss:Name="labels"><Table>{body}</Table></Worksheet></Workbook>'.encode()


MAKERS: Mapping[str, Callable[[Rows], bytes]] = {"xlsx": xlsx, "xls": xls, "html": html, "xml": spreadsheet_xml}


def _number(cell: str) -> object:
    plain = cell.isascii() and cell.isdigit() and (cell == "0" or cell[0] != "0")
    return float(cell) if plain else cell or None

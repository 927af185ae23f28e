"""Read a table of any make into sheets of text cells: delimited text, xlsx, xls, HTML, in any usual encoding.

The kind of a file is recognised by its content, not by its suffix: workbooks are saved as ``csv`` and HTML as ``xls``.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.system_errors import unreadable
from mevqa.files.tables.csv_cells import unmarked
from mevqa.files.tables.delimited import DelimitedError, parse_delimited
from mevqa.files.tables.markup import is_markup, read_markup
from mevqa.files.tables.workbook import Grid, read_xls, read_xlsx
from mevqa.files.text import decode_text

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: First bytes of the xls files before OLE (BIFF 2 to 4).
_OLD_XLS = (b"\x09\x00", b"\x09\x02", b"\x09\x04")
#: The stream of an OLE file that holds an encrypted xlsx.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
#: Cells of all rows with the empty ones between, bound so that far cells in many rows do not fill the memory.
_MOST_PLACES = 20_000_000
#: Of a table that is text; more takes minutes and gigabytes.
_MOST_LINES = 2_000_000
_MOST_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a table.

    Attributes:
        name: Its name in the workbook; empty for text.
        rows: 1-based line or row and cells as text, without empty rows; empty cells are ``""``, whole numbers have no
            decimals.
        delimiter: What divides the cells of a text; empty for workbooks and HTML, whose cells have places of their own.
    """

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str = ""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        return read_file(path)
    except OSError as error:
        raise InputError([Problem(path, unreadable(error))]) from error


def is_workbook(data: bytes) -> bool:
    """Whether the content of a file is that of an xlsx or xls workbook, and not text."""
    return data.startswith((_ZIP, _OLE, *_OLD_XLS))


def read_sheets(path: Path, data: bytes | None = None) -> list[Sheet]:
    """Read every sheet of a table.

    Args:
        path: csv, tsv, txt, xlsx, xlsm, xls or HTML, under whatever suffix.
        data: Its content where it has been read.

    Raises:
        InputError: The file is missing, empty, locked, damaged or no table.
    """
    data = read_bytes(path) if data is None else data
    if not data.strip():
        raise InputError([Problem(path, "is empty; the first line names the columns")])
    if data.startswith(_ZIP):
        return _read_book(path, data, "xlsx")
    if is_workbook(data):
        return _read_book(path, data, "xls")
    if len(data) > _MOST_BYTES or data.count(b"\n") > _MOST_LINES:
        most = f"{_MOST_LINES:,} lines and {_MOST_BYTES >> 20} MB"
        raise InputError([Problem(path, f"is larger than a table that can be read: at most {most}; divide it")])
    text = read_text(path, data)
    if is_markup(text):
        try:
            return [_from_grid(path, name, grid) for name, grid in read_markup(text)]
        except ValueError as error:
            raise InputError([Problem(path, str(error))]) from error
    return [split_text(path, text)]


def read_text(path: Path, data: bytes | None = None) -> str:
    """Return the text of a file in any usual encoding.

    Args:
        path: The file.
        data: Its content where it has been read.

    Raises:
        InputError: The file cannot be read, or is no text.
    """
    try:
        return decode_text(read_bytes(path) if data is None else data)
    except ValueError as error:
        raise InputError([Problem(path, f"{error}; csv, tsv, txt, xlsx and xls are read as tables")]) from error


def split_text(path: Path, text: str) -> Sheet:
    """Return the cells of a delimited text.

    Args:
        path: The file, for messages.
        text: Its text.

    Raises:
        InputError: The text cannot be divided into cells.
    """
    try:
        delimiter, records = parse_delimited(text)
    except DelimitedError as error:
        raise InputError([Problem(path, str(error), error.line)]) from error
    return _sheet("", records, delimiter)


def cell_text(value: Any) -> str:
    """Return a cell as text; whole numbers have no decimals, as spreadsheets keep them as floats."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    text = str(value).strip().strip("\u200b\ufeff")
    if (plain := unmarked(text)) != text:
        return plain
    if not text.isascii():
        # Digits and signs of full width, as Chinese input methods write them.
        wide = unicodedata.normalize("NFKC", text)
        text = wide if re.fullmatch(r"[-+0-9.,/\s]+", wide) else text
    # So that Excel keeps leading zeros: ="006".
    quoted = re.fullmatch(r'="(.*)"', text)
    return re.sub(r"^(-?\d+)\.0+$", r"\1", quoted[1].strip() if quoted else text)


def _sheet(name: str, rows: Iterable[tuple[int, Sequence[Any]]], delimiter: str = "") -> Sheet:
    texts = ((line, tuple(map(cell_text, cells))) for line, cells in rows)
    return Sheet(name, tuple((line, cells) for line, cells in texts if any(cells)), delimiter)


def _from_grid(path: Path, name: str, grid: Grid) -> Sheet:
    if sum(max(cells) for cells in grid.values()) > _MOST_PLACES:
        raise InputError([Problem(path, f"the sheet {name!r} has cells too far to the right; that is no label file")])
    return _sheet(
        name, ((row, [cells.get(place) for place in range(1, max(cells) + 1)]) for row, cells in sorted(grid.items()))
    )


def _read_book(path: Path, data: bytes, kind: str) -> list[Sheet]:
    refused = _refusal(data, kind)
    if refused is not None:
        raise InputError([Problem(path, refused)])
    reader = read_xlsx if kind == "xlsx" else read_xls
    try:
        grids: Iterator[tuple[str, Grid]] = reader(data)
        return [_from_grid(path, name, grid) for name, grid in grids]
    except InputError:
        raise
    except Exception as error:
        # openpyxl and xlrd raise whatever their zip, XML and binary parsers raise on a broken file.
        reason = " ".join(str(error).split()) or type(error).__name__
        locked = "encrypt" in reason.lower() or "password" in reason.lower()
        message = _LOCKED if locked else f"is not a readable {kind} file ({reason[:120]}); save it anew, or as csv"
        raise InputError([Problem(path, message)]) from error


_LOCKED = "is locked with a password; save it without one"


def _refusal(data: bytes, kind: str) -> str | None:
    """Say why a file that looks like a workbook cannot be read as one, None when it may be."""
    if kind == "xls":
        return _LOCKED if _ENCRYPTED in data else None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return "is a damaged xlsx file: it is cut off or changed; copy or save it anew"
    if "xl/workbook.bin" in names:
        return "is an xlsb workbook; save it as xlsx or csv"
    if "content.xml" in names:
        return "is an OpenDocument table; save it as xlsx or csv"
    if "[Content_Types].xml" not in names:
        return "is a zip archive and no table; unpack it first"
    return None

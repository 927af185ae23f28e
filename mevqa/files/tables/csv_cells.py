"""CSV whose cells no spreadsheet program takes for formulas, and the way back.

A cell that begins like a formula gets a single quotation mark in front, as OWASP advises (owasp.org, CSV Injection);
one that begins with such marks already gets one more, so that what is read is always what was written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV with line feeds; formulas are marked as texts."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_marked(cell) for cell in row] for row in rows)
    return stream.getvalue()


def unmarked(cell: str) -> str:
    """Return a cell without the mark by which ``csv_text`` keeps it from being a formula."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _marked(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell

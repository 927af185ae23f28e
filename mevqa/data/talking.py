"""Tables of who talks when in long videos: ``video,first_frame,last_frame`` in a CSV, text or Excel file."""

from __future__ import annotations

from pathlib import Path

from mevqa.data.layouts import without_suffix
from mevqa.data.numbers import finite_number
from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import find_rows
from mevqa.files.tables.sheets import read_sheets

#: First and last frame, 0-based, both included.
Span = tuple[int, int]

_COLUMNS = {"video": ("video", "clip", "filename"), "first": ("firstframe",), "last": ("lastframe",)}


def read_talking(path: Path) -> dict[str, list[Span]]:
    """Return the stretches of talk of each video, in the order of the table.

    Args:
        path: A table with a row a stretch; ``mevqa synth --long --profile hard`` writes such a ``talking.csv``.

    Raises:
        InputError: It has no such columns, or rows hold no frames; every such row.
    """
    stretches: dict[str, list[Span]] = {}
    problems: list[Problem] = []
    tables = [rows for sheet in read_sheets(path) if (rows := find_rows(sheet, _COLUMNS, tuple(_COLUMNS))) is not None]
    if not tables:
        raise InputError([Problem(path, "needs the columns video, first_frame and last_frame: who talks when", 1)])
    for row in tables[0]:
        if row.width_problem:
            problems.append(Problem(path, row.width_problem, row.line))
            continue
        video = without_suffix(row.cells.get("video", ""))
        first, last = (_frame(row.cells.get(name, ""), name, path, row.line, problems) for name in ("first", "last"))
        if not video:
            problems.append(Problem(path, "names no video", row.line))
        elif first is not None and last is not None:
            if not 0 <= first <= last:
                problems.append(Problem(path, f"first and last frame, {first} and {last}, are not in order", row.line))
            stretches.setdefault(video, []).append((first, last))
    if problems:
        raise InputError(problems)
    return stretches


def _frame(text: str, name: str, path: Path, line: int, problems: list[Problem]) -> int | None:
    complaints: list[str] = []
    number = finite_number(text, f"the {name} frame", complaints.append)
    if number is not None and number == round(number):
        return int(number)
    messages = complaints or [
        f"the {name} frame must be a whole number, not {text!r}" if text else f"has no {name} frame"
    ]
    problems.append(Problem(path, messages[0], line))
    return None

"""Our own CSV of annotations: a header, then one row an event (``mevqa.data.annotations``)."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mevqa.data.annotations import COLUMNS, ClipLabels
from mevqa.data.numbers import finite_number
from mevqa.errors import InputError, Problem
from mevqa.facs import (
    ActionUnit,
    UnknownActionUnit,
    UnknownEmotion,
    canonical_coarse,
    canonical_dataset,
    canonical_fine,
    coarse_of,
    parse_units,
)
from mevqa.records import Annotation


def _read_csv(path: Path) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Return the rows below the header with their lines, and the header."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError([Problem(path, f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(path, "is not UTF-8; save it as UTF-8")]) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError([Problem(path, f"is not valid CSV: {error}", reader.line_num)]) from error
    if not rows:
        raise InputError([Problem(path, "is empty; the first line names the columns")])
    return rows[1:], [cell.strip().lower() for cell in rows[0][1]]


@dataclass
class _Gathered:
    """The rows of one clip while a file is read."""

    dataset: str
    subject: str | None
    fps: float | None
    events: list[Annotation] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def read_own_csv(path: Path) -> dict[str, ClipLabels] | None:
    """Read our own CSV, None when the file is another one: it has no column ``clip``.

    Raises:
        InputError: The file cannot be read, or rows of it are wrong; all together.
    """
    rows, columns = _read_csv(path)
    if "clip" not in columns:
        return None
    problems = []
    for column in columns:
        if column not in COLUMNS:
            close = difflib.get_close_matches(column, COLUMNS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known columns: {', '.join(COLUMNS)}"
            problems.append(Problem(path, f"unknown column {column!r}; {hint}", 1))
        elif columns.count(column) > 1 and f"the column {column!r} stands twice" not in {p.message for p in problems}:
            problems.append(Problem(path, f"the column {column!r} stands twice", 1))
    clips: dict[str, _Gathered] = {}
    for line, cells in rows:
        if len(cells) > len(columns):
            problems.append(Problem(path, f"has {len(cells)} cells under {len(columns)} columns", line))
            continue
        row = dict.fromkeys(COLUMNS, "") | {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
        messages: list[str] = []
        _gather(row, line, clips, messages)
        problems.extend(Problem(path, message, line) for message in messages)
    if problems:
        raise InputError(problems)
    return {
        name: ClipLabels(name, clip.dataset, clip.subject, clip.fps, tuple(clip.events), tuple(clip.lines))
        for name, clip in clips.items()
    }


def _gather(row: Mapping[str, str], line: int, clips: dict[str, _Gathered], messages: list[str]) -> None:
    """Add one row to its clip; what is wrong goes to ``messages``."""
    name = row["clip"]
    if not name:
        messages.append("the clip is empty")
        return
    fps = finite_number(row["fps"], "fps", messages.append)
    if fps is not None and not 0 < fps <= 100_000:
        messages.append(f"fps must be a positive number, not {row['fps']}")
    dataset = canonical_dataset(row["dataset"])
    clip = clips.setdefault(name, _Gathered(dataset, row["subject"] or None, fps))
    for column, first, here in (
        ("dataset", clip.dataset, dataset),
        ("subject", clip.subject, row["subject"] or None),
        ("fps", clip.fps, fps),
    ):
        if first != here:
            messages.append(f"the clip {name!r} has another {column} in line {clip.lines[0]}")
    onset, apex, offset = (_frame(row[column], column, messages) for column in ("onset", "apex", "offset"))
    fine = coarse = None
    units: tuple[ActionUnit, ...] = ()
    try:
        units = parse_units(row["action_units"])
        fine = canonical_fine(row["fine"]) if row["fine"] else None
        coarse = canonical_coarse(row["coarse"]) if row["coarse"] else coarse_of(fine or "")
    except (UnknownActionUnit, UnknownEmotion) as error:
        messages.append(str(error))
    if fine and row["coarse"] and coarse_of(fine) not in (None, coarse):
        messages.append(f"the fine class {fine!r} is {coarse_of(fine)}, not {coarse}")
    kind = (row["kind"] or "micro").lower().removesuffix("-expression")
    if kind not in ("micro", "macro"):
        messages.append(f"kind must be micro or macro, not {row['kind']!r}")
    clip.events.append(Annotation(onset, apex, offset, units, fine, coarse, kind))
    clip.lines.append(line)


def _frame(text: str, column: str, messages: list[str]) -> int | None:
    number = finite_number(text, column, messages.append)
    if number is None:
        return None
    if number < 0 or number != int(number):
        messages.append(f"{column} must be a frame from 0, not {text!r}")
        return None
    return int(number)

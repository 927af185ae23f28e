"""Our own columns of annotations: a header, then one row an event (``mevqa.data.annotations``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mevqa.data.label_types import COLUMNS, ClipLabels
from mevqa.data.numbers import finite_number, times_message
from mevqa.datasets import canonical_dataset
from mevqa.errors import InputError, Problem
from mevqa.events import Event, Kind
from mevqa.facs import (
    ActionUnit,
    UnknownActionUnit,
    UnknownEmotion,
    canonical_coarse,
    canonical_fine,
    coarse_of,
    parse_units,
)
from mevqa.files.tables.headers import TIME_MENDS, time_unit
from mevqa.files.tables.row_width import filled_width, width_problem
from mevqa.files.tables.sheets import Sheet
from mevqa.names import subject_key
from mevqa.suggestions import did_you_mean

#: Rows that are searched for the header: titles may stand above it.
_HEADER_SEARCH = 40
_MOMENTS = ("onset", "apex", "offset")


@dataclass
class _Gathered:
    """The rows of one clip while a file is read."""

    dataset: str
    subject: str | None
    fps: float | None
    events: list[Event] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    coders: list[str] = field(default_factory=list)


def read_own_table(path: Path, sheets: Sequence[Sheet]) -> dict[str, ClipLabels] | None:
    """Read a table with our own columns, None when it is another one: no sheet has a column ``clip`` among others.

    Args:
        path: The file.
        sheets: Its sheets.

    Raises:
        InputError: Rows of it are wrong; all together.
    """
    own_sheets = [(sheet, header_index) for sheet in sheets if (header_index := _header_index(sheet)) is not None]
    if not own_sheets:
        return None
    problems: list[Problem] = []
    clips: dict[str, _Gathered] = {}
    of_sheet: dict[str, str] = {}
    for sheet, header_index in own_sheets:
        before = set(clips)
        problems += _read_sheet(path, sheet, header_index, clips)
        for name in clips.keys() - before:
            of_sheet[name] = sheet.name
        both = sorted(name for name in before & _clip_names(sheet, header_index) if of_sheet[name] != sheet.name)
        problems += [
            Problem(path, f"the clip {name!r} is in the sheets {of_sheet[name]!r} and {sheet.name!r}; keep one")
            for name in both
        ]
    if problems:
        raise InputError(problems)
    return {
        name: ClipLabels(
            name,
            clip.dataset,
            clip.subject,
            clip.fps,
            tuple(clip.events),
            tuple(clip.lines),
            coders=tuple(clip.coders) if any(clip.coders) else (),
        )
        for name, clip in clips.items()
    }


def _read_sheet(path: Path, sheet: Sheet, header_index: int, clips: dict[str, _Gathered]) -> list[Problem]:
    """Add the rows below a header to their clips, and return what is wrong with them."""
    line, headings = sheet.rows[header_index]
    rows = sheet.rows[header_index + 1 :]
    columns = [heading.strip().lower() for heading in headings]
    problems = [Problem(path, message, line) for message in _heading_problems(columns, rows)]
    if not rows:
        problems.append(Problem(path, "has a header and no rows below it: it names no video and no clip"))
    row_cells = [(number, _by_column(columns, cells)) for number, cells in rows]
    in_times = times_message((number, [row[name] for name in _MOMENTS]) for number, row in row_cells)
    if in_times is not None:
        return [*problems, Problem(path, in_times[1], in_times[0])]
    for (number, cells), (_, row) in zip(rows, row_cells, strict=True):
        if any(cells[len(columns) :]):
            problems.append(Problem(path, width_problem(cells, filled_width(columns), sheet.delimiter), number))
            continue
        messages: list[str] = []
        _gather(row, number, clips, messages)
        problems.extend(Problem(path, message, number) for message in messages)
    return problems


def _clip_names(sheet: Sheet, header_index: int) -> set[str]:
    """Return the clips that the rows below a header name."""
    at = [heading.strip().lower() for heading in sheet.rows[header_index][1]].index("clip")
    return {cells[at] for _, cells in sheet.rows[header_index + 1 :] if at < len(cells)}


def _header_index(sheet: Sheet) -> int | None:
    """Return which row of a sheet is our header: one with ``clip`` of whose cells at least half are our columns."""
    for index, (_, cells) in enumerate(sheet.rows[:_HEADER_SEARCH]):
        headings = [cell.strip().lower() for cell in cells if cell]
        if "clip" in headings and 2 * sum(heading in COLUMNS for heading in headings) >= len(headings):
            return index
    return None


def _heading_problems(columns: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> Iterator[str]:
    for unit, mend in TIME_MENDS.items():
        if timed := [column for column in columns if time_unit(column) == unit]:
            yield f"{', '.join(timed)} look like {unit}, and frames are needed: {mend}"
    for index, column in enumerate(columns):
        if not column:
            if any(index < len(cells) and cells[index] for _, cells in rows):
                yield f"column {index + 1} has cells and no heading"
        elif column not in COLUMNS and time_unit(column) is None:
            yield f"unknown column {column!r}; {did_you_mean(column, COLUMNS)}"
        elif columns[:index].count(column) == 1:
            yield f"the column {column!r} stands twice"


def _by_column(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "") | {name: cell for name, cell in zip(columns, cells, strict=False) if name}


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
        ("subject", subject_key(clip.subject or ""), subject_key(row["subject"])),
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
    clip.events.append(Event(onset, apex, offset, units, fine, coarse, cast("Kind", kind)))
    clip.lines.append(line)
    clip.coders.append(row["coder"])


def _frame(text: str, column: str, messages: list[str]) -> int | None:
    number = finite_number(text, column, messages.append)
    if number is None:
        return None
    if number < 0 or number != int(number):
        messages.append(f"{column} must be a frame from 0, not {text!r}")
        return None
    return int(number)

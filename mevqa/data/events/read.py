"""Read files of events: the official result CSV, label files of the data sets, detections of other people's code.

CSV, TSV and text, JSON and JSON lines, xlsx and xls; headings and layouts are in ``tables/event_columns.yaml``. A row
without onset and offset names a video in which nothing happens (or nothing was found).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from mevqa.data.clip_problems import list_lines
from mevqa.data.documents.foreign_formats import workbook_document
from mevqa.data.documents.records import container_of
from mevqa.data.events.json_objects import read_objects
from mevqa.data.events.megc2020_log import Role, read_log
from mevqa.data.events.rows import (
    EventRow,
    Numbers,
    RowReader,
    VideoFacts,
    column_table,
    place_labels,
)
from mevqa.data.labels.read import LabelTable, is_laid_out_as_labels, left_out_note, read_label_table
from mevqa.data.numbers import times_message
from mevqa.errors import InputError, Problem
from mevqa.files.inputs import check_file, read_file
from mevqa.files.tables.headers import LabelRow, describe_columns, find_header, simplify
from mevqa.files.tables.row_width import width_problem
from mevqa.files.tables.sheets import Sheet, cell_text, is_workbook, read_bytes, read_sheets, read_text
from mevqa.files.text import decode_text

_BOOKS = frozenset({".xlsx", ".xlsm", ".xls"})
_TEXTS = frozenset({".csv", ".tsv", ".txt", ".log"})
_JSONS = frozenset({".json", ".jsonl"})


_MOMENTS = ("onset", "apex", "offset")
#: Fields of rows of label files besides subject and video.
_OF_LABELS = (*_MOMENTS, "kind", "emotion", "action_units")


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file of events, checked.

    Attributes:
        path: The file.
        events: In the order of the file.
        videos: Every video that the file names, also those without events.
        fields: The columns that were found.
        notes: What a reader must know, one sentence each.
        same: What two names of one video have in common, besides what all data sets have.
    """

    path: Path
    events: tuple[EventRow, ...]
    videos: tuple[VideoFacts, ...]
    fields: frozenset[str]
    notes: tuple[str, ...] = ()
    same: Callable[[str], str] = str


def is_event_file(path: Path | str) -> bool:
    """Whether a file is to be read as events: tables but those of questions, JSON with onsets and offsets."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in _BOOKS | _TEXTS and path.is_file() and _has_questions(path):
        return False
    if suffix not in _JSONS or not path.is_file():
        return suffix in _BOOKS | _TEXTS
    try:
        rows = _from_objects(read_objects(path, read_text(path)))
    except InputError:
        return False
    return rows is not None and bool(rows[0])


def unknown_events(path: Path) -> str | None:
    """Return what a file holds that is no file of events, None for one that is.

    Raises:
        InputError: The file cannot be read.
    """
    raw_rows = _raw_rows(path, "predictions")
    return raw_rows if isinstance(raw_rows, str) else None


def _has_questions(path: Path) -> bool:
    """Whether a table has a column of questions, or of answers."""
    try:
        if path.suffix.lower() in _BOOKS:
            return workbook_document(path, read_file(path)) is not None
        check_file(path)
        with path.open("rb") as stream:
            return container_of(decode_text(stream.readline())) == "table"
    except (OSError, ValueError):
        return False


def read_events(path: Path | str, role: Role, numbers: Numbers | None = None) -> EventFile:
    """Read and check a file of events.

    Args:
        path: The file.
        role: A reference must hold events; predictions may be a header only: nothing was found.
        numbers: How its frames are to be read.

    Raises:
        InputError: The file cannot be read, has no known columns, or rows are wrong; every problem with its line.
    """
    path = Path(path)
    raw_rows = _raw_rows(path, role)
    if isinstance(raw_rows, str):
        raise InputError([Problem(path, raw_rows)])
    rows, fields, notes, same = raw_rows
    numbers = numbers or Numbers()
    wide_rows = [Problem(path, row.width_problem, row.line) for row in rows if row.width_problem]
    rows = [row for row in rows if not row.width_problem]
    moments = ((row.line, [row.cells.get(name, "") for name in _MOMENTS]) for row in rows)
    # Detectors that divide a video into windows write fractions of frames.
    in_times = times_message(moments, whole_frames=role == "reference" and numbers.fractions == "refuse")
    if in_times is not None:
        raise InputError([*wide_rows, Problem(path, in_times[1], in_times[0])])
    # A detector that lists an interval twice has made two detections; a coder has not seen two events.
    reader = RowReader(path, numbers, repeats=role == "predictions")
    reader.problems += wide_rows
    for row in rows:
        reader.add(row)
    scored = [event for event in reader.events if event.score is not None]
    if role == "predictions" and scored and len(scored) < len(reader.events):
        reader.problems.extend(
            Problem(path, "has no score, other rows have one", event.line)
            for event in reader.events
            if event.score is None
        )
    if role == "reference" and not reader.events and not reader.problems:
        reader.problems.append(Problem(path, "holds no event; there is nothing to compare with"))
    if reader.problems:
        raise InputError(sorted(reader.problems, key=lambda problem: problem.line or 0))
    notes = [*notes, *_notes(reader, role)]
    return EventFile(path, tuple(reader.events), tuple(reader.videos.values()), fields, tuple(notes), same)


def _notes(reader: RowReader, role: Role) -> list[str]:
    name = reader.path.name
    notes = []
    if role == "predictions" and not reader.events:
        notes.append(f"{name} holds no detection: nothing was found in any video")
    for lines, what in (
        (reader.before_start, "begin before the first frame"),
        (reader.fractional, "have frames that are not whole"),
        (reader.stray_apexes, "have their apex outside the interval; it is not used"),
        (reader.repeated, "list a detection once more: one of them can be right, and every other one is false"),
    ):
        if lines:
            notes.append(f"{name}: {len(lines)} rows {what} ({list_lines(lines)})")
    return notes


class _RawRows(NamedTuple):
    """Rows of a file by field, before they are checked.

    Attributes:
        rows: The rows.
        fields: The columns that were found.
        notes: What a reader must know, one sentence each.
        same: What two names of one video have in common.
    """

    rows: list[LabelRow]
    fields: frozenset[str]
    notes: list[str]
    same: Callable[[str], str] = str


def _raw_rows(path: Path, role: Role) -> _RawRows | str:
    """Return the rows by field, the fields and notes; what the layout is when it is not known."""
    data = read_bytes(path)
    if not data.strip():
        raise InputError([Problem(path, "is empty; a file without events still has its header")])
    if not is_workbook(data):
        text = read_text(path, data)
        if path.suffix.lower() in _JSONS or text.lstrip()[:1] in ("[", "{"):
            return _from_objects(read_objects(path, text)) or _unknown_layout([])
        log = read_log(text.splitlines(), role)
        if log is not None:
            return _RawRows(*log)
    sheets = read_sheets(path, data)
    sheet_rows = _from_sheets(sheets)
    labels = read_label_table(path, sheets, headerless=sheet_rows is None)
    if labels is not None:
        return _from_labels(path, labels, sheet_rows)
    if sheet_rows is None:
        return _unknown_layout(sheets)
    # The cells of workbooks have places of their own: remarks beside the table move no value to another column.
    is_text = any(sheet.delimiter for sheet in sheets)
    return sheet_rows if is_text and not is_laid_out_as_labels(sheets) else _without_remarks(path, sheet_rows)


def _without_remarks(path: Path, raw_rows: _RawRows) -> _RawRows:
    """Return rows whose cells beyond the last heading are left out, with a note."""
    note = left_out_note(path, raw_rows.rows)
    if note is None:
        return raw_rows
    rows = [replace(row, width_problem="") for row in raw_rows.rows]
    return raw_rows._replace(rows=rows, notes=[*raw_rows.notes, note])


def _from_labels(path: Path, table: LabelTable, sheet_rows: _RawRows | None) -> _RawRows:
    """Return the rows of a data set's own label file, with the cells of columns that were added to it.

    Args:
        path: The label file.
        table: Its rows as its layout reads them.
        sheet_rows: The same rows by the headings of event tables, which name added columns; None without such a header.
    """
    layout = table.layout
    others = {} if sheet_rows is None else {row.line: row.cells for row in sheet_rows.rows}
    rows = []
    for row in table.rows:
        cells = {field: row.cells[field] for field in _OF_LABELS if field in row.cells}
        cells["kind"] = cells.get("kind") or layout.file_kind(path)
        if table.has_folder_names:
            cells |= {"subject": layout.names.subject_of(row.cells), "video": layout.names.video_of(row.cells)}
        else:
            recording = layout.names.recording_of(row.cells) if row.cells["filename"] else ""
            cells |= {"subject": row.cells["subject"], "video": recording}
        rows.append(LabelRow(row.line, {**others.get(row.line, {}), **cells}))
    notes = [f"{path.name} is read as a label file of {layout.title}"]
    if layout.headerless:
        notes[0] += f": no header; the columns are read as {', '.join(layout.headerless)}"
    if table.corrected:
        mended = f"{len(table.corrected)} rows have known mistakes, which are corrected"
        notes.append(f"{path.name}: {mended} ({list_lines(table.corrected)})")
    if table.left_out is not None:
        notes.append(table.left_out)
    fields = {field for row in rows[:1] for field in row.cells}
    return _RawRows(
        rows,
        frozenset(fields) if sheet_rows is None else sheet_rows.fields | fields,
        notes if sheet_rows is None else [*sheet_rows.notes, *notes],
        layout.names.video_key if table.has_folder_names else str,
    )


def _unknown_layout(sheets: Sequence[Sheet]) -> str:
    table = column_table()
    if not sheets:
        return f"has no keys that are known; the keys needed are {', '.join(table.required)}"
    return describe_columns(sheets, {"a table of events": {name: _columns()[name] for name in table.required}})


@functools.cache
def _columns() -> dict[str, tuple[str, ...]]:
    return {field: tuple(map(simplify, spellings)) for field, spellings in column_table().columns.items()}


def _from_sheets(sheets: Sequence[Sheet]) -> _RawRows | None:
    columns = _columns()
    headers = [(sheet, find_header(sheet, columns, column_table().required)) for sheet in sheets]
    # Blinks that a label file codes in a sheet of their own are no events.
    fitting = [(sheet, header) for sheet, header in headers if header and "blink" not in simplify(sheet.name)]
    for _, header in fitting[:1]:
        known_headings = {spelling for spellings in columns.values() for spelling in spellings}
        used = set(header.places.values())
        unused = [cell for at, cell in enumerate(header.headings) if cell and at not in used]
        unused = [cell for cell in unused if simplify(cell) not in known_headings]
        notes = [f"columns that are not used: {', '.join(unused)}"] if unused else []
        notes += [f"the sheet {sheet.name!r} has such columns too and is not read" for sheet, _ in fitting[1:]]
        rows = place_labels(header.rows)
        fields = set(header.places)
        fields |= {name for row in rows[:1] for name in row.cells}
        return _RawRows(rows, frozenset(fields), notes)
    for sheet in sheets:
        headerless = _headerless(sheet)
        if headerless is not None:
            return headerless
    return None


def _headerless(sheet: Sheet) -> _RawRows | None:
    """Return the rows of a sheet without header, by the first layout that its first row fits."""
    if not sheet.rows:
        return None
    for layout in column_table().headerless:
        names = layout.columns
        frames = [names.index(name) for name in ("onset", "offset", "score") if name in names]
        first = sheet.rows[0][1]
        if len(first) != len(names) or not all(_is_number(first[column]) for column in frames):
            continue
        rows = [
            LabelRow(
                line,
                dict(zip(names, cells, strict=False)),
                width_problem=width_problem(cells, len(names), sheet.delimiter, "the first row"),
            )
            for line, cells in sheet.rows
        ]
        return _RawRows(
            rows, frozenset(names), [f"no header; the columns are read as {', '.join(names)} ({layout.source})"]
        )
    return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.IGNORECASE) is not None


def _from_objects(objects: Sequence[tuple[int, Any]]) -> _RawRows | None:
    """Return the rows of JSON objects; every object may have its own keys."""
    spellings = {simplify(word): field for field, words in column_table().columns.items() for word in words}
    rows = []
    fields: set[str] = set()
    unused: dict[str, None] = {}
    for line, value in objects:
        if not isinstance(value, dict):
            return None
        cells: dict[str, str] = {}
        for key, content in value.items():
            field = spellings.get(simplify(key))
            if field is None or isinstance(content, dict):
                unused[key] = None
            elif field not in cells:
                cells[field] = "+".join(map(cell_text, content)) if isinstance(content, list) else cell_text(content)
        fields |= cells.keys()
        rows.append(LabelRow(line, cells))
    if objects and not fields.issuperset(column_table().required):
        return None
    notes = [f"keys that are not used: {', '.join(unused)}"] if unused else []
    return _RawRows(place_labels(rows), frozenset(fields), notes)

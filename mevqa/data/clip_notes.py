"""Sentences about clips that a prompt carries beside the pictures: a table of clip and note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.files.tables.csv_cells import csv_text
from mevqa.files.tables.headers import describe_columns, find_header
from mevqa.files.tables.sheets import read_sheets
from mevqa.files.whole import write_whole
from mevqa.names import AmbiguousName, NameIndex

_COLUMNS = {"clip": ("clip", "clipid", "video", "videoid", "imageid", "name"), "note": ("note", "notes", "sentence")}
#: Characters of a note: some hundred events of a long video; a prompt is no place for a table.
_LONGEST = 20_000


def read_clip_notes(path: Path) -> dict[str, str]:
    """Read the notes of clips by their ids.

    Raises:
        InputError: The table cannot be read, or rows are wrong; all of them.
    """
    sheets = read_sheets(path)
    headers = (find_header(sheet, _COLUMNS, ("clip", "note")) for sheet in sheets)
    header = next((candidate for candidate in headers if candidate), None)
    if header is None:
        raise InputError([Problem(path, describe_columns(sheets, {"notes of clips": _COLUMNS}))])
    notes: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems = []
    for row in header.rows:
        clip, note = row.cells.get("clip", ""), " ".join(row.cells.get("note", "").split())
        if row.width_problem:
            problems.append(Problem(path, row.width_problem, row.line))
        elif not clip or not note:
            problems.append(Problem(path, f"has no {'note' if clip else 'clip'}", row.line))
        elif clip in notes:
            problems.append(Problem(path, f"the clip {clip!r} has a note in line {lines[clip]} too", row.line))
        elif len(note) > _LONGEST:
            problems.append(Problem(path, f"the note is longer than {_LONGEST} characters", row.line))
        notes[clip], lines[clip] = note, row.line
    if not notes and not problems:
        problems.append(Problem(path, "has columns and no rows", header.line))
    if problems:
        raise InputError(problems)
    return notes


def write_clip_notes(path: Path, notes: Mapping[str, str]) -> None:
    """Write a table of clip and note.

    Raises:
        InputError: It cannot be written.
    """
    write_whole(path, csv_text([("clip", "note"), *notes.items()]))


def notes_of(clips: Sequence[str], notes: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return the notes of the clips that have one, by clip id.

    Args:
        clips: Ids of clips.
        notes: Notes by id, in any spelling.
        path: Their file, for messages.

    Raises:
        InputError: No clip has one, or a name may mean several clips.
    """
    index = NameIndex(notes)
    notes_by_clip = {}
    problems = []
    for clip in clips:
        try:
            name = index.find(clip)
        except AmbiguousName as error:
            problems.append(Problem(path, str(error)))
            continue
        if name is not None:
            notes_by_clip[clip] = notes[name]
    if clips and not notes_by_clip and not problems:
        message = (
            f"has a note for none of the {len(clips)} clips: it names {next(iter(notes))!r}, a clip is {clips[0]!r}"
        )
        problems.append(Problem(path, message))
    if problems:
        raise InputError(problems)
    return notes_by_clip

"""Apply the declarative table of known defects to the rows of a label file."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.files.headers import LabelRow
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLE = TABLES / "fixups.yaml"


class MissingFrame(StrictModel):
    """A content of a frame cell that means "not coded"."""

    text: str
    source: str


class Correction(StrictModel):
    """Values that replace one field in some rows of a data set, where every guard holds."""

    dataset: str
    field: str
    note: str
    source: str
    rows: dict[int, str]
    missing: str | None = None
    contains: str | None = None
    file_rows: int | None = None

    def applies(self, row: LabelRow, count: int) -> bool:
        """Whether the guards hold in a row of a file with ``count`` rows."""
        if row.index not in self.rows or self.file_rows not in (None, count):
            return False
        if self.missing is not None and not is_missing(row.cells.get(self.missing, "")):
            return False
        return self.contains is None or _has_word(row.cells.get(self.field, ""), self.contains)


class NotCoded(StrictModel):
    """A content of some frame cells of one data set that means "not coded"."""

    dataset: str
    fields: tuple[str, ...]
    text: str
    source: str


class Substitution(StrictModel):
    """A frame that is read from another field where it is not coded itself.

    It is not coded where the cell holds ``text``, and where ``below`` is given also where it is less than that field.
    """

    dataset: str
    field: str
    text: str
    read: str
    note: str
    source: str
    below: str | None = None

    def applies(self, row: LabelRow) -> bool:
        """Whether the frame is missing in a row and the other one is there."""
        cell, other = row.cells.get(self.field, ""), row.cells.get(self.read, "")
        if not other.isdigit() or int(other) == 0:
            return False
        limit = row.cells.get(self.below, "") if self.below else ""
        return cell == self.text or (cell.isdigit() and limit.isdigit() and int(cell) < int(limit))


class Remark(StrictModel):
    """What a reader of one label file should know, unless the file's name holds a text."""

    dataset: str
    unless_named: str
    note: str
    source: str


class FixupTable(StrictModel):
    """The whole table."""

    missing_frames: tuple[MissingFrame, ...]
    not_coded: tuple[NotCoded, ...]
    substitutions: tuple[Substitution, ...]
    remarks: tuple[Remark, ...]
    corrections: tuple[Correction, ...]


@functools.cache
def fixup_table() -> FixupTable:
    """Return the table that ships with the package."""
    return read_yaml(_TABLE, FixupTable)


def is_missing(cell: str) -> bool:
    """Whether a frame cell says that the frame is not coded."""
    return cell == "" or cell.lower() in {entry.text for entry in fixup_table().missing_frames}


def is_not_coded(dataset: str, field: str, cell: str) -> bool:
    """Whether a frame cell of a data set says so in a way of its own."""
    return any(
        entry.dataset == dataset and field in entry.fields and cell == entry.text for entry in fixup_table().not_coded
    )


def file_remarks(dataset: str, path: Path) -> tuple[str, ...]:
    """Return what a reader of a label file should know."""
    return tuple(
        entry.note
        for entry in fixup_table().remarks
        if entry.dataset == dataset and entry.unless_named.lower() not in path.name.lower()
    )


def apply_fixups(
    dataset: str, rows: Sequence[LabelRow], count: int | None = None
) -> list[tuple[LabelRow, tuple[str, ...]]]:
    """Return every row with its corrections applied, and what was corrected.

    Guards look at the row as the file has it, so that the order of the table does not matter.

    Args:
        dataset: Name of the file in the table.
        rows: Its rows.
        count: Number of rows of the file, with those that hold no event; None: all are given.
    """
    corrections = [entry for entry in fixup_table().corrections if entry.dataset == dataset]
    substitutions = [entry for entry in fixup_table().substitutions if entry.dataset == dataset]
    total = len(rows) if count is None else count
    fixed = []
    for row in rows:
        cells = dict(row.cells)
        notes = []
        for entry in corrections:
            if entry.applies(row, total) and cells.get(entry.field) != entry.rows[row.index]:
                cells[entry.field] = entry.rows[row.index]
                was = row.cells.get(entry.field, "")
                notes.append(f"{entry.field} {was or 'empty'} read as {entry.rows[row.index]}: {entry.note}")
        for other in substitutions:
            if other.applies(row):
                cells[other.field] = row.cells[other.read]
                notes.append(f"{other.field} read as the {other.read}: {other.note}")
        fixed.append((replace(row, cells=cells), tuple(notes)))
    return fixed


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None

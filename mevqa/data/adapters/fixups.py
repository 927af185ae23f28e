"""Apply the declarative table of known defects to the rows of a label file."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.data.adapters.table import LabelRow
from mevqa.strict_yaml import StrictModel, read_yaml

_TABLE = Path(__file__).parents[2] / "tables" / "fixups.yaml"


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


class FixupTable(StrictModel):
    """The whole table."""

    missing_frames: tuple[MissingFrame, ...]
    corrections: tuple[Correction, ...]


@functools.cache
def fixup_table() -> FixupTable:
    """Return the table that ships with the package."""
    return read_yaml(_TABLE, FixupTable)


def is_missing(cell: str) -> bool:
    """Whether a frame cell says that the frame is not coded."""
    return cell == "" or cell.lower() in {entry.text for entry in fixup_table().missing_frames}


def apply_fixups(dataset: str, rows: Sequence[LabelRow]) -> list[tuple[LabelRow, tuple[str, ...]]]:
    """Return every row with its corrections applied, and what was corrected.

    Guards look at the row as the file has it, so that the order of the table does not matter.
    """
    corrections = [entry for entry in fixup_table().corrections if entry.dataset == dataset]
    fixed = []
    for row in rows:
        cells = dict(row.cells)
        notes = []
        for entry in corrections:
            if entry.applies(row, len(rows)) and cells.get(entry.field) != entry.rows[row.index]:
                cells[entry.field] = entry.rows[row.index]
                was = row.cells.get(entry.field, "")
                notes.append(f"{entry.field} {was or 'empty'} read as {entry.rows[row.index]}: {entry.note}")
        fixed.append((replace(row, cells=cells), tuple(notes)))
    return fixed


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None

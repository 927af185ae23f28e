"""Known defects of official label files, and their corrections."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mevqa.files.strict_yaml import StrictModel
from mevqa.files.tables.headers import LabelRow

#: Contents of a frame cell that mean "not coded": empty, ``/`` (CASME II, ApexFrame of 21 rows), ``-1`` (SAMM and
#: SAMM-LV, Apex), ``-`` (written by hand), ``nan`` (tables that went through pandas).
_MISSING = frozenset({"", "/", "-1", "-", "nan"})


def is_missing(cell: str) -> bool:
    """Whether a frame cell says that the frame is not coded."""
    return cell.lower() in _MISSING


class NotCoded(StrictModel):
    """A content of some frame cells that means "not coded" in one file."""

    fields: tuple[str, ...]
    text: str
    source: str


class Substitution(StrictModel):
    """A frame that is read from another field where it is not coded itself.

    It is not coded where the cell holds ``text``, and where ``below`` is given also where it is less than that field.
    """

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
    """A note about a label file, unless the file's name holds a text."""

    unless_named: str
    note: str
    source: str


class Correction(StrictModel):
    """Values that replace one field in some rows, where every guard holds, so that other releases are left alone.

    Attributes:
        field: The field.
        rows: Value by the 0-based position below the header, as the source names the rows.
        note: The defect.
        source: Where it is published.
        missing: Guard: the field that must be missing in the row as it stands.
        contains: Guard: a word that the cell must contain.
        file_rows: Guard: the number of rows that the file must have.
    """

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
        word = rf"\b{re.escape(self.contains)}\b" if self.contains is not None else ""
        return re.search(word, row.cells.get(self.field, ""), re.IGNORECASE) is not None


class Fixups(StrictModel):
    """The known defects of one label file.

    Attributes:
        not_coded: Contents of frame cells that mean "not coded".
        substitutions: Frames that are read from another column.
        corrections: Values that replace those of some rows.
        remarks: Notes about the file.
    """

    not_coded: tuple[NotCoded, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    corrections: tuple[Correction, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def is_not_coded(self, field: str, cell: str) -> bool:
        """Whether a frame cell says "not coded" in this file's own way."""
        return any(field in entry.fields and cell == entry.text for entry in self.not_coded)

    def notes(self, file_name: str) -> tuple[str, ...]:
        """Return the notes about a file of this name."""
        return tuple(entry.note for entry in self.remarks if entry.unless_named.lower() not in file_name.lower())

    def apply(self, rows: Sequence[LabelRow], count: int | None = None) -> list[tuple[LabelRow, tuple[str, ...]]]:
        """Return every row with its corrections applied, and a note for each correction.

        Guards look at the row as the file has it, so that the order of the corrections does not matter.

        Args:
            rows: The rows.
            count: Number of rows of the file, with those that hold no event; None: all are given.
        """
        total = len(rows) if count is None else count
        return [self._applied(row, total) for row in rows]

    def _applied(self, row: LabelRow, count: int) -> tuple[LabelRow, tuple[str, ...]]:
        cells = dict(row.cells)
        notes = []
        for entry in self.corrections:
            if entry.applies(row, count) and cells.get(entry.field) != entry.rows[row.index]:
                cells[entry.field] = entry.rows[row.index]
                was = row.cells.get(entry.field, "")
                notes.append(f"{entry.field} {was or 'empty'} read as {entry.rows[row.index]}: {entry.note}")
        for other in self.substitutions:
            if other.applies(row):
                cells[other.field] = row.cells[other.read]
                notes.append(f"{other.field} read as the {other.read}: {other.note}")
        return LabelRow(row.line, cells, row.index), tuple(notes)

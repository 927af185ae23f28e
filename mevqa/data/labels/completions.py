"""Rows of label files that other sheets of the workbook complete, for data sets that need code for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import LabelRow
from mevqa.files.tables.sheets import Sheet


def casme_sq_folders(path: Path, rows: Sequence[LabelRow], sheets: Sequence[Sheet]) -> list[LabelRow]:
    """Write the folder's numbers of subject and video into the rows of CAS(ME)^2.

    Raises:
        InputError: The sheets that hold these numbers are missing, or lack a subject or a video.
    """
    subjects, codes = _subjects(sheets), _codes(sheets)
    missing = [
        f"{name} ({example})"
        for name, example, entries in (
            ("naming rule1", "15, s15, 1", subjects),
            ("naming rule2", "0101, disgust1", codes),
        )
        if not entries
    ]
    if missing:
        message = (
            f"lacks the sheet {' and '.join(missing)} that says which folder a row is about; use the whole workbook"
        )
        raise InputError([Problem(path, message)])
    problems = []
    completed = []
    for row in rows:
        counted, name = row.cells["subject"], row.cells["filename"].split("_")[0].lower()
        subject, code = subjects.get(counted.lstrip("0")), codes.get(name)
        if subject is None:
            problems.append(Problem(path, f"the subject {counted!r} is not in the sheet of the subjects", row.line))
        if code is None:
            problems.append(Problem(path, f"the video {name!r} is not in the sheet of the videos", row.line))
        completed.append(replace(row, cells={**row.cells, "folder": subject or "", "code": code or ""}))
    if problems:
        raise InputError(problems)
    return completed


def _subjects(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Return the number in a subject's folder (15 of s15) by the count in the label sheet."""
    folder_numbers = {}
    for cells in _rows(sheets, 3):
        folder = re.fullmatch(r"s0*(\d+)", cells[1], re.IGNORECASE)
        if folder and cells[2].isdigit():
            folder_numbers[cells[2].lstrip("0")] = f"{int(folder[1]):02d}"
    return folder_numbers


def _codes(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Return the code in a video's folder (0101) by the name in the label sheet (disgust1)."""
    return {
        cells[1].lower(): cells[0].zfill(4)
        for cells in _rows(sheets, 2)
        if re.fullmatch(r"\d{3,4}", cells[0]) and re.fullmatch(r"[A-Za-z]+\d*", cells[1])
    }


def _rows(sheets: Sequence[Sheet], columns: int) -> Iterator[tuple[str, ...]]:
    return (cells for sheet in sheets for _, cells in sheet.rows if len(cells) >= columns)


#: What ``other_sheets`` of a label file may name.
COMPLETIONS: Mapping[str, Callable[[Path, Sequence[LabelRow], Sequence[Sheet]], list[LabelRow]]] = {
    "casme_sq_folders": casme_sq_folders,
}

"""CAS(ME)^2 (Qu et al., IEEE Trans. Affective Computing 9(4), 2018): ``CAS(ME)^2code_final.xlsx``.

The first sheet has no header: subject, video, onset, apex, offset, action units, emotion, type, self-report. Its
subjects are counted (1, 2, ...) and its videos are named after the emotion and the event (``disgust1_2``); the sheets
``naming rule1`` (number, folder, count: ``15, s15, 1``) and ``naming rule2`` (code, name: ``0101, disgust1``) say which
folder that is: ``rawpic/s15/15_0101disgustingteeth/img1.jpg``. The sheets are known by their rows. Frames are the
numbers of the images from 1, and ``rawvideo`` holds whole recordings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.data.adapters.layout import LabelLayout
from mevqa.data.label_types import Numbering
from mevqa.errors import InputError, Problem
from mevqa.files.headers import LabelRow
from mevqa.files.tables import Sheet

#: A video as folders, questions and logs write it: 15_0101disgustingteeth, s15/15_0101, s15_0101.
_VIDEO = re.compile(r"(?:.*[/\\])?s?0*(\d{1,2})_(\d{4})[^/\\]*", re.IGNORECASE)


def _same(name: str) -> str:
    parts = _VIDEO.fullmatch(name)
    return f"{int(parts[1]):02d}_{parts[2]}" if parts else name.casefold()


def _subjects(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Return the number in a subject's folder (15 of s15) by the count in the label sheet."""
    found = {}
    for cells in _rows(sheets, 3):
        folder = re.fullmatch(r"s0*(\d+)", cells[1], re.IGNORECASE)
        if folder and cells[2].isdigit():
            found[cells[2].lstrip("0")] = f"{int(folder[1]):02d}"
    return found


def _codes(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Return the code in a video's folder (0101) by the name in the label sheet (disgust1)."""
    return {
        cells[1].lower(): cells[0].zfill(4)
        for cells in _rows(sheets, 2)
        if re.fullmatch(r"\d{3,4}", cells[0]) and re.fullmatch(r"[A-Za-z]+\d*", cells[1])
    }


def _rows(sheets: Sequence[Sheet], columns: int) -> Iterator[tuple[str, ...]]:
    return (cells for sheet in sheets for _, cells in sheet.rows if len(cells) >= columns)


def _complete(path: Path, rows: Sequence[LabelRow], sheets: Sequence[Sheet]) -> list[LabelRow]:
    """Write the folder's numbers of subject and video into the rows.

    Raises:
        InputError: The sheets that tell are missing, or lack a subject or a video.
    """
    subjects, codes = _subjects(sheets), _codes(sheets)
    missing = [
        f"{name} ({example})"
        for name, example, found in (
            ("naming rule1", "15, s15, 1", subjects),
            ("naming rule2", "0101, disgust1", codes),
        )
        if not found
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
        completed.append(replace(row, cells={**row.cells, "number": subject or "", "code": code or ""}))
    if problems:
        raise InputError(problems)
    return completed


CASME_SQ = LabelLayout(
    dataset="cas(me)^2",
    title="CAS(ME)^2",
    fps=30.0,
    columns={},
    required=(),
    headerless=("subject", "filename", "onset", "apex", "offset", "action_units", "emotion", "kind"),
    aliases=("cas(me)2", "casme_sq", "casmesq", "casme^2"),
    subject=lambda cells: f"s{cells['number']}",
    video=lambda cells: f"{cells['number']}_{cells['code']}",
    same=_same,
    numbering=lambda cells: Numbering(first=1, video=True),
    coarse_only=True,
    complete=_complete,
)

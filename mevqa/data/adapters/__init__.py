"""Official label files of the data sets, read into annotations.

A new data set is one module with a ``LabelLayout`` and one entry in ``LAYOUTS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.data.adapters.casme2 import CASME2
from mevqa.data.adapters.casme3 import CASME3
from mevqa.data.adapters.fixups import apply_fixups, is_missing
from mevqa.data.adapters.layout import LabelLayout
from mevqa.data.adapters.samm import SAMM
from mevqa.data.adapters.smic import SMIC
from mevqa.data.adapters.table import LabelRow, find_rows, read_sheets
from mevqa.data.annotations import ClipLabels
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

#: Layouts in the order in which a header is compared with them: SAMM has the columns of CASME II and more.
LAYOUTS: tuple[LabelLayout, ...] = (SAMM, CASME2, SMIC, CASME3)

__all__ = ["LAYOUTS", "LabelLayout", "read_label_file"]


def read_label_file(path: Path, dataset: str | None = None) -> dict[str, ClipLabels]:
    """Read the official label file of a data set.

    Frames that are not coded are None. Cells that cannot be used (a choice between units, an unknown class) are left
    out and noted on the clip: the owner of the file cannot be asked to change it. Frames that are no numbers make the
    clip unusable (``ClipLabels.errors``).

    Args:
        path: xlsx, xls or csv.
        dataset: Which layout to expect; None: whichever fits the header.

    Raises:
        InputError: The file cannot be read, no sheet has a header that is known, or rows lack their clip.
    """
    layouts: Sequence[LabelLayout] = LAYOUTS
    if dataset is not None:
        layouts = [layout for layout in LAYOUTS if layout.dataset == canonical_dataset(dataset)]
        if not layouts:
            known = ", ".join(layout.dataset for layout in LAYOUTS)
            raise InputError([Problem(path, f"the label files of {dataset!r} are not known; known data sets: {known}")])
    sheets = read_sheets(path)
    for layout in layouts:
        for sheet in sheets:
            rows = find_rows(sheet, layout.columns, layout.required)
            if rows is not None:
                return _read_rows(path, layout, rows)
    wanted = "; ".join(
        f"{layout.title}: {', '.join(layout.columns[f][0] for f in layout.required)}" for layout in layouts
    )
    raise InputError(
        [Problem(path, f"has no header that is known (columns needed: {wanted}; or our own CSV: clip, ...)")]
    )


def _read_rows(path: Path, layout: LabelLayout, rows: list[LabelRow]) -> dict[str, ClipLabels]:
    clips: dict[str, ClipLabels] = {}
    problems: list[Problem] = []
    for row, fixes in apply_fixups(layout.dataset, rows):
        if not row.cells["subject"] or not row.cells["filename"]:
            # A remark below the table, not a clip.
            if any(row.cells.get(name) for name in ("onset", "offset", "emotion")):
                problems.append(Problem(path, "the row has no subject or no file name", row.line))
            continue
        name = layout.clip(row.cells)
        before = clips.get(name) or ClipLabels(name)
        clips[name] = _add(before, layout, row, fixes)
    if not clips and not problems:
        problems.append(Problem(path, f"has the header of {layout.title} and no rows below it"))
    if problems:
        raise InputError(problems)
    return clips


def _add(before: ClipLabels, layout: LabelLayout, row: LabelRow, fixes: Sequence[str]) -> ClipLabels:
    """Return the labels of a clip with one more row."""
    labels = replace(
        before,
        dataset=layout.dataset,
        subject=layout.subject(row.cells),
        fps=layout.fps,
        numbering=layout.numbering(row.cells),
    )
    notes = list(fixes)
    try:
        event = _event(layout, row, notes)
    except ValueError as error:
        return replace(labels, errors=(*labels.errors, f"row {row.line} of its label file: {error}"))
    return replace(
        labels,
        events=(*labels.events, event),
        lines=(*labels.lines, row.line),
        notes=(*labels.notes, *notes),
    )


def _event(layout: LabelLayout, row: LabelRow, notes: list[str]) -> Annotation:
    """Turn a row into an annotation whose frames count from the layout's numbering.

    Raises:
        ValueError: A frame is no number.
    """
    first = layout.numbering(row.cells).first
    onset, apex, offset = (_frame(row.cells.get(name, ""), name, first) for name in ("onset", "apex", "offset"))
    units: tuple[ActionUnit, ...] = ()
    fine = coarse = None
    try:
        units = parse_units(row.cells.get("action_units", ""))
    except UnknownActionUnit as error:
        notes.append(f"action units left out: {error}")
    emotion = row.cells.get("emotion", "")
    try:
        if emotion and layout.coarse_only:
            coarse = canonical_coarse(emotion)
        elif emotion:
            fine = canonical_fine(emotion)
            coarse = coarse_of(fine)
    except UnknownEmotion as error:
        notes.append(f"emotion left out: {error}")
    kind = "macro" if "macro" in row.cells.get("kind", "").lower() else "micro"
    return Annotation(onset, apex, offset, units, fine, coarse, kind)


def _frame(cell: str, name: str, first: int) -> int | None:
    if is_missing(cell):
        return None
    if not cell.isdigit():
        raise ValueError(f"{name} must be a frame number, not {cell!r}")
    if int(cell) < first:
        raise ValueError(f"{name} is frame {cell}, but the first frame is {first}")
    return int(cell) - first

"""Official label files of the data sets, read into annotations.

A new data set is one module with a ``LabelLayout`` and one entry in ``LAYOUTS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.data.adapters.blinks import add_blinks
from mevqa.data.adapters.casme2 import CASME2
from mevqa.data.adapters.casme3 import CASME3, CASME3_C, CASME3_MACRO
from mevqa.data.adapters.casme_sq import CASME_SQ
from mevqa.data.adapters.fixups import apply_fixups, file_remarks
from mevqa.data.adapters.layout import Cells, LabelLayout
from mevqa.data.adapters.mmme import MMME
from mevqa.data.adapters.row_events import read_event
from mevqa.data.adapters.samm import SAMM
from mevqa.data.adapters.samm_long import SAMM_LONG
from mevqa.data.adapters.smic import SMIC
from mevqa.data.adapters.table import LabelRow, Sheet, find_rows, headerless_rows, read_sheets
from mevqa.data.annotations import ClipLabels, LabelFile, in_time_order
from mevqa.errors import InputError, Problem
from mevqa.facs import canonical_dataset

#: Layouts in the order in which a header is compared with them: SAMM and MMME have the columns of CASME II and more.
LAYOUTS: tuple[LabelLayout, ...] = (
    SAMM,
    SAMM_LONG,
    MMME,
    CASME2,
    SMIC,
    CASME3,
    CASME3_MACRO,
    CASME3_C,
    CASME_SQ,
)

__all__ = ["LAYOUTS", "LabelLayout", "read_label_file"]


def read_label_file(path: Path, dataset: str | None = None) -> LabelFile:
    """Read the official label file of a data set.

    Frames that are not coded are None. Cells that cannot be used (a choice between units, an unknown class) are left
    out and noted on the clip: the owner of the file cannot be asked to change it. Frames that are no numbers, and
    events of a long video that run backwards, make the clip unusable (``ClipLabels.errors``).

    Args:
        path: xlsx, xls or csv.
        dataset: Which layout to expect; None: whichever fits the header.

    Raises:
        InputError: The file cannot be read, no sheet has a header that is known, rows lack their clip, or the sheets
            that rows refer to are missing.
    """
    layouts: Sequence[LabelLayout] = LAYOUTS
    if dataset is not None:
        layouts = [layout for layout in LAYOUTS if _is_called(layout, dataset)]
        if not layouts:
            known = ", ".join(dict.fromkeys(layout.dataset for layout in LAYOUTS))
            raise InputError([Problem(path, f"the label files of {dataset!r} are not known; known data sets: {known}")])
    sheets = read_sheets(path)
    for layout in layouts:
        for sheet in sheets:
            rows = _rows_of(layout, sheet)
            if rows is not None:
                return _read_rows(path, layout, rows, [other for other in sheets if other is not sheet])
    wanted = "; ".join(layout.needs for layout in layouts)
    raise InputError(
        [Problem(path, f"has no header that is known (columns needed: {wanted}; or our own CSV: clip, ...)")]
    )


def _is_called(layout: LabelLayout, dataset: str) -> bool:
    return layout.dataset == canonical_dataset(dataset) or dataset.lower().replace(" ", "") in layout.aliases


def _rows_of(layout: LabelLayout, sheet: Sheet) -> list[LabelRow] | None:
    if layout.headerless:
        return headerless_rows(sheet, layout.headerless)
    return find_rows(sheet, layout.columns, layout.required)


def _read_rows(path: Path, layout: LabelLayout, rows: list[LabelRow], others: Sequence[Sheet]) -> LabelFile:
    problems: list[Problem] = []
    named = []
    for row in rows:
        if row.cells["subject"] and row.cells["filename"]:
            named.append(row)
        # A remark below the table is no clip.
        elif any(row.cells.get(name) for name in ("onset", "offset", "emotion")):
            problems.append(Problem(path, "the row has no subject or no file name", row.line))
    if not named and not problems:
        problems.append(Problem(path, f"has the header of {layout.title} and no rows below it"))
    if problems:
        raise InputError(problems)
    if layout.complete is not None:
        named = layout.complete(path, named, others)
    remarks = file_remarks(layout.fixups or layout.dataset, path)
    clips: dict[str, ClipLabels] = {}
    videos: dict[str, ClipLabels] = {}
    for row, fixes in apply_fixups(layout.fixups or layout.dataset, named, len(rows)):
        if layout.clip is not None:
            name = layout.clip(row.cells)
            before = clips.get(name) or ClipLabels(name, notes=remarks)
            clips[name] = _add(before, path, layout, row, row.cells, fixes)
        if layout.video is not None:
            name = layout.video(row.cells)
            video = videos.get(layout.same(name)) or ClipLabels(name, notes=remarks)
            for cells in layout.occurrences(row.cells):
                video = _add(video, path, layout, row, cells, fixes, long=True)
                fixes = ()
            videos[layout.same(name)] = video
    long = {video.clip: in_time_order(video) for video in videos.values()}
    if layout.video is not None:
        long = add_blinks(long, layout, others)
    # Files that know no short clips are read as their long videos.
    return LabelFile(long if layout.clip is None else clips, long, layout.same, official=True)


def _add(
    before: ClipLabels,
    path: Path,
    layout: LabelLayout,
    row: LabelRow,
    cells: Cells,
    fixes: Sequence[str],
    *,
    long: bool = False,
) -> ClipLabels:
    """Return the labels of a clip or of a long video with one more event."""
    labels = replace(
        before,
        dataset=layout.dataset,
        subject=layout.subject(cells),
        fps=layout.file_fps(path),
        numbering=layout.numbering(cells),
    )
    notes = list(fixes)
    try:
        event = read_event(layout, path, cells, notes, strict=long)
    except ValueError as error:
        return replace(labels, errors=(*labels.errors, f"row {row.line} of its label file: {error}"))
    return replace(
        labels,
        events=(*labels.events, event),
        lines=(*labels.lines, row.line),
        names=(*labels.names, cells["filename"]) if long else (),
        notes=(*labels.notes, *notes),
    )

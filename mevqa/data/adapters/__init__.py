"""Official label files of the data sets, read into annotations.

A new data set is one module with a ``LabelLayout`` and one entry in ``LAYOUTS``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.data.adapters.blinks import add_blinks
from mevqa.data.adapters.choice import choose_layout
from mevqa.data.adapters.datasets.casme import CASME
from mevqa.data.adapters.datasets.casme2 import CASME2
from mevqa.data.adapters.datasets.casme3 import CASME3, CASME3_C, CASME3_MACRO
from mevqa.data.adapters.datasets.casme_sq import CASME_SQ
from mevqa.data.adapters.datasets.fourdme import FOURDME
from mevqa.data.adapters.datasets.mmew import MMEW
from mevqa.data.adapters.datasets.mmme import MMME
from mevqa.data.adapters.datasets.samm import SAMM
from mevqa.data.adapters.datasets.samm_long import SAMM_LONG
from mevqa.data.adapters.datasets.smic import SMIC
from mevqa.data.adapters.fixups import apply_fixups, file_remarks, is_not_coded
from mevqa.data.adapters.layout import Cells, LabelLayout
from mevqa.data.adapters.row_events import read_event
from mevqa.data.label_types import ClipLabels, LabelFile, in_time_order
from mevqa.data.numbers import times_message
from mevqa.errors import InputError, Problem
from mevqa.facs import canonical_dataset
from mevqa.files.headers import LabelRow, describe_columns, find_rows, headerless_rows
from mevqa.files.tables import Sheet, read_sheets
from mevqa.names import match_key

#: Layouts in the order in which a header is compared with them: those before CASME II have its columns
#: and more, and MMEW has the same (``choice``).
LAYOUTS: tuple[LabelLayout, ...] = (
    SAMM,
    SAMM_LONG,
    MMME,
    CASME3,
    CASME2,
    MMEW,
    CASME,
    SMIC,
    CASME3_MACRO,
    CASME3_C,
    FOURDME,
    CASME_SQ,
)

#: A date as cells are read.
_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_MOMENTS = ("onset", "apex", "offset")

__all__ = ["LAYOUTS", "LabelLayout", "LabelTable", "read_label_file", "read_label_table"]


def read_label_file(path: Path, dataset: str | None = None, sheets: Sequence[Sheet] | None = None) -> LabelFile:
    """Read the official label file of a data set.

    Frames that are not coded are None. Cells that cannot be used (a choice between units, an unknown class) are left
    out and noted on the clip: the owner of the file cannot be asked to change it. Frames that are no numbers, and
    events of a long video that run backwards, make the clip unusable (``ClipLabels.errors``).

    Args:
        path: A table of any make (``mevqa.files.tables``).
        dataset: Which layout to expect; None: whichever fits the header.
        sheets: Its sheets where they have been read.

    Raises:
        InputError: The file cannot be read, no sheet has a header that is known, several data sets may have written
            it, rows lack their clip, moments are seconds, or the sheets that rows refer to are missing.
    """
    layouts: Sequence[LabelLayout] = LAYOUTS
    if dataset is not None:
        layouts = [layout for layout in LAYOUTS if _is_called(layout, dataset)]
        if not layouts:
            known = ", ".join(dict.fromkeys(layout.dataset for layout in LAYOUTS))
            raise InputError([Problem(path, f"the label files of {dataset!r} are not known; known data sets: {known}")])
    sheets = read_sheets(path) if sheets is None else sheets
    for layout in layouts:
        matching = [(sheet, rows) for sheet in sheets if (rows := _rows_of(layout, sheet)) is not None]
        if matching:
            return _read_matching(path, layout, layouts, matching, sheets)
    wanted = {
        layout.title: {columns[0]: columns for columns in (layout.columns[name] for name in layout.required)}
        for layout in layouts
        if layout.required
    }
    if dataset is None:
        wanted = {"our own columns": {"clip": ("clip",), "onset": ("onset",), "offset": ("offset",)}, **wanted}
    if not wanted:
        raise InputError([Problem(path, f"is not laid out as {'; '.join(layout.needs for layout in layouts)}")])
    raise InputError([Problem(path, describe_columns(sheets, wanted))])


def _read_matching(
    path: Path,
    layout: LabelLayout,
    layouts: Sequence[LabelLayout],
    matching: Sequence[tuple[Sheet, list[LabelRow]]],
    sheets: Sequence[Sheet],
) -> LabelFile:
    """Read the sheets that have the columns of a layout: all, where none says anew what another one says."""
    first, rows = matching[0]
    _refuse_dates(path, matching)
    rivals = [other for other in layouts if other.required == layout.required and _rows_of(other, first)]
    chosen = choose_layout(path, rivals, first) if len(rivals) > 1 else layout
    others = [sheet for sheet in sheets if sheet is not first]
    file = _read_rows(path, chosen, rows, others)
    for sheet, more in matching[1:]:
        next_file = _read_rows(path, chosen, more, [other for other in sheets if other is not sheet])
        known = {match_key(name) for name in (*file, *file.videos)}
        if any(match_key(name) in known for name in (*next_file, *next_file.videos)):
            note = f"the sheet {sheet.name!r} has the same columns and clips of {first.name!r}, and is not read"
            file = file.noted(note)
        else:
            file = file.joined(next_file)
    return file


def _refuse_dates(path: Path, matching: Sequence[tuple[Sheet, list[LabelRow]]]) -> None:
    """Refuse names that a spreadsheet program has taken for dates: what they were cannot be known.

    Raises:
        InputError: Each of them with its row.
    """
    problems = [
        Problem(path, f"the {what} is a date ({cell}), made of a name like 2-1: write the name, as text", row.line)
        for _, rows in matching
        for row in rows
        for what, cell in (("subject", row.cells["subject"]), ("file name", row.cells["filename"]))
        if _DATE.fullmatch(cell)
    ]
    if problems:
        raise InputError(problems)


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The rows of an official label file of long videos as they are written, known defects corrected.

    Attributes:
        layout: How it is written.
        rows: Its rows, each event one.
        corrected: 1-based rows that a correction was applied to.
        named: Whether other sheets tell the names of the folders; else rows name subject and video in a way of their
            own.
    """

    layout: LabelLayout
    rows: tuple[LabelRow, ...]
    corrected: tuple[int, ...]
    named: bool


def read_label_table(path: Path, sheets: Sequence[Sheet], *, headerless: bool) -> LabelTable | None:
    """Return the rows of an official label file whose frames are numbers; None for every other table.

    Args:
        path: The file.
        sheets: Its sheets.
        headerless: Whether it may be a file without a header.

    Raises:
        InputError: A spreadsheet program has taken names for dates, or the sheets that tell names lack some.
    """
    for layout in LAYOUTS:
        if layout.video is None or layout.timed or (layout.headerless and not headerless):
            continue
        matching = [(sheet, rows) for sheet in sheets if (rows := _rows_of(layout, sheet)) is not None]
        if not matching:
            continue
        _refuse_dates(path, matching[:1])
        first, every = matching[0]
        rows = [row for row in every if not _is_remark(row)]
        named = False
        if layout.complete is not None:
            try:
                rows = layout.complete(path, rows, [sheet for sheet in sheets if sheet is not first])
                named = True
            except InputError as error:
                if any(problem.line for problem in error.problems):
                    raise
        defects = layout.fixups or layout.dataset
        fixed = apply_fixups(defects, rows, len(every))
        events = [
            replace(row, cells={name: "" if is_not_coded(defects, name, cell) else cell for name, cell in own.items()})
            for row, _ in fixed
            for own in layout.occurrences(row.cells)
        ]
        return LabelTable(layout, tuple(events), tuple(row.line for row, notes in fixed if notes), named)
    return None


def _is_remark(row: LabelRow) -> bool:
    """Whether a row below the table is about no video."""
    about = row.cells["subject"] and row.cells["filename"]
    return not about and not any(row.cells.get(name) for name in ("onset", "offset", "emotion"))


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
    if not layout.timed:
        moments = ((row.line, [row.cells.get(name, "") for name in _MOMENTS]) for row in named)
        in_times = times_message(moments)
        if in_times is not None:
            line, message = in_times
            problems.append(Problem(path, f"{message} ({layout.fps:g} for {layout.title})", line))
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

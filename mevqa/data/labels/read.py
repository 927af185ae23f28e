"""Official label files of the data sets, read into annotations as the data set's YAML says (``LabelLayout``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.data.clip_problems import list_lines
from mevqa.data.label_types import ClipLabels, LabelFile, in_time_order
from mevqa.data.labels.blinks import add_blinks
from mevqa.data.labels.choice import choose_layout
from mevqa.data.labels.completions import COMPLETIONS
from mevqa.data.labels.row_events import read_event
from mevqa.data.numbers import times_message
from mevqa.datasets import canonical_dataset, datasets
from mevqa.datasets.label_layout import LabelLayout
from mevqa.datasets.row_names import Cells
from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import LabelRow, describe_columns, find_header, find_rows, headerless_rows
from mevqa.files.tables.sheets import Sheet, read_sheets
from mevqa.names import match_key

#: A date as cells are read.
_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_MOMENTS = ("onset", "apex", "offset")


def label_layouts() -> list[LabelLayout]:
    """Return the label files that are known, in the order in which a header is compared with them.

    Those that need more columns come first: CASME II has columns that others have too, and more.
    """
    layouts = (layout for definition in datasets() for layout in definition.labels)
    return sorted(layouts, key=lambda layout: -len(layout.required))


def is_laid_out_as_labels(sheets: Sequence[Sheet]) -> bool:
    """Whether a sheet has the header of an official label file, of short clips or of long videos."""
    layouts = [layout for layout in label_layouts() if not layout.headerless]
    return any(find_header(sheet, layout.columns, layout.required) for layout in layouts for sheet in sheets)


def left_out_note(path: Path, rows: Sequence[LabelRow]) -> str | None:
    """Return a note on the cells that stand beside the columns of a table and are not read; None without such cells.

    Published label files have remarks there, and their owner cannot be asked to remove them.
    """
    wide = [row for row in rows if row.width_problem]
    if not wide:
        return None
    lines = list_lines([row.line for row in wide])
    first = f"line {wide[0].line} {wide[0].width_problem}"
    return f"{path.name}: cells beyond the last heading are not read ({lines}); {first}"


def read_label_file(path: Path, dataset: str | None = None, sheets: Sequence[Sheet] | None = None) -> LabelFile:
    """Read the official label file of a data set.

    Frames that are not coded are None. Cells that cannot be used (a choice between units, an unknown class) are left
    out and noted on the clip: the owner of the file cannot be asked to change it. Frames that are no numbers, and
    events of a long video that run backwards, make the clip unusable (``ClipLabels.errors``).

    Args:
        path: A table of any make (``mevqa.files.tables.sheets``).
        dataset: Which layout to expect; None: whichever fits the header.
        sheets: Its sheets where they have been read.

    Raises:
        InputError: The file cannot be read, no sheet has a header that is known, several data sets may have written
            it, rows lack their clip, moments are seconds, or the sheets that rows refer to are missing.
    """
    layouts = label_layouts()
    if dataset is not None:
        every, layouts = layouts, [layout for layout in layouts if layout.dataset == canonical_dataset(dataset)]
        if not layouts:
            known = ", ".join(sorted({layout.dataset for layout in every}))
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
    """Read the sheets that have the columns of a layout; one with clips of an earlier one is left out, with a note."""
    first, rows = matching[0]
    _refuse_dates(path, matching)
    rivals = [other for other in layouts if other.required == layout.required and _rows_of(other, first)]
    chosen = choose_layout(path, rivals, first) if len(rivals) > 1 else layout
    others = [sheet for sheet in sheets if sheet is not first]
    file = _read_rows(path, chosen, rows, others)
    for sheet, more in matching[1:]:
        next_file = _read_rows(path, chosen, more, [other for other in sheets if other is not sheet])
        known_names = {match_key(name) for name in (*file, *file.videos)}
        if any(match_key(name) in known_names for name in (*next_file, *next_file.videos)):
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
        has_folder_names: Whether other sheets gave the names of the folders; else rows name subject and video in a way
            of their own.
        left_out: A note on cells that are not read; None where there are none.
    """

    layout: LabelLayout
    rows: tuple[LabelRow, ...]
    corrected: tuple[int, ...]
    has_folder_names: bool
    left_out: str | None = None


def read_label_table(path: Path, sheets: Sequence[Sheet], *, headerless: bool) -> LabelTable | None:
    """Return the rows of an official label file whose frames are numbers; None for every other table.

    Args:
        path: The file.
        sheets: Its sheets.
        headerless: Whether it may be a file without a header.

    Raises:
        InputError: A spreadsheet program has taken names for dates, or the sheets that hold names lack some.
    """
    for layout in label_layouts():
        if layout.names.video is None or layout.timed or (layout.headerless and not headerless):
            continue
        matching = [(sheet, rows) for sheet in sheets if (rows := _rows_of(layout, sheet)) is not None]
        if not matching:
            continue
        _refuse_dates(path, matching[:1])
        first, every = matching[0]
        rows = [row for row in every if not _is_remark(row)]
        has_folder_names = False
        if layout.other_sheets is not None:
            try:
                rows = COMPLETIONS[layout.other_sheets](path, rows, [sheet for sheet in sheets if sheet is not first])
                has_folder_names = True
            except InputError as error:
                if any(problem.line for problem in error.problems):
                    raise
        fixups = layout.fixups
        fixed = fixups.apply(rows, len(every))
        events = [
            replace(
                row, cells={name: "" if fixups.is_not_coded(name, cell) else cell for name, cell in occurrence.items()}
            )
            for row, _ in fixed
            for occurrence in layout.occurrences(row.cells)
        ]
        corrected = tuple(row.line for row, notes in fixed if notes)
        return LabelTable(layout, tuple(events), corrected, has_folder_names, left_out_note(path, every))
    return None


def _is_remark(row: LabelRow) -> bool:
    """Whether a row below the table is about no video."""
    names_video = row.cells["subject"] and row.cells["filename"]
    return not names_video and not any(row.cells.get(name) for name in ("onset", "offset", "emotion"))


def _rows_of(layout: LabelLayout, sheet: Sheet) -> list[LabelRow] | None:
    if layout.headerless:
        return headerless_rows(sheet, layout.headerless)
    return find_rows(sheet, layout.columns, layout.required)


def _read_rows(path: Path, layout: LabelLayout, rows: list[LabelRow], others: Sequence[Sheet]) -> LabelFile:
    problems: list[Problem] = []
    clip_rows = []
    for row in rows:
        if row.cells["subject"] and row.cells["filename"]:
            clip_rows.append(row)
        # A remark below the table is no clip.
        elif any(row.cells.get(name) for name in ("onset", "offset", "emotion")):
            problems.append(Problem(path, "the row has no subject or no file name", row.line))
    if not clip_rows and not problems:
        problems.append(Problem(path, f"has the header of {layout.title} and no rows below it"))
    if not layout.timed:
        moments = ((row.line, [row.cells.get(name, "") for name in _MOMENTS]) for row in clip_rows)
        in_times = times_message(moments)
        if in_times is not None:
            line, message = in_times
            problems.append(Problem(path, f"{message} ({layout.fps:g} for {layout.title})", line))
    if problems:
        raise InputError(problems)
    if layout.other_sheets is not None:
        clip_rows = COMPLETIONS[layout.other_sheets](path, clip_rows, others)
    names, remarks = layout.names, layout.fixups.notes(path.name)
    left_out = left_out_note(path, rows)
    clips: dict[str, ClipLabels] = {}
    videos: dict[str, ClipLabels] = {}
    for row, fixes in layout.fixups.apply(clip_rows, len(rows)):
        if names.clip is not None:
            name = names.clip_of(row.cells)
            before = clips.get(name) or ClipLabels(name, notes=remarks)
            clips[name] = _add(before, path, layout, row, row.cells, fixes)
        if names.video is not None:
            name = names.video_of(row.cells)
            video = videos.get(names.video_key(name)) or ClipLabels(name, notes=remarks)
            for cells in layout.occurrences(row.cells):
                video = _add(video, path, layout, row, cells, fixes, long=True)
                fixes = ()
            videos[names.video_key(name)] = video
    long = {video.clip: in_time_order(video) for video in videos.values()}
    if names.video is not None:
        long = add_blinks(long, layout, others)
    # Files that know no short clips are read as their long videos.
    file = LabelFile(long if names.clip is None else clips, long, names.video_key, official=True)
    return file if left_out is None else file.noted(left_out)


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
        subject=layout.names.subject_of(cells),
        fps=layout.file_fps(path),
        numbering=layout.row_numbering(cells),
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

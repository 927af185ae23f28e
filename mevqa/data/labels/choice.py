"""Choose between data sets whose label files have the same columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mevqa.datasets import canonical_dataset
from mevqa.datasets.label_layout import LabelLayout
from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import find_header, simplify
from mevqa.files.tables.sheets import Sheet

#: Columns in which a user names the data set.
_DATASET_COLUMNS = ("dataset", "database")


def choose_layout(path: Path, layouts: Sequence[LabelLayout], sheet: Sheet) -> LabelLayout:
    """Return the layout that a column ``dataset``, the names of the clips, a column or the file's name speaks for.

    Args:
        path: The label file.
        layouts: The layouts that its header fits, at least two.
        sheet: The sheet with that header.

    Raises:
        InputError: Nothing speaks for one of them, or the names are of several.
    """
    first = layouts[0]
    header = find_header(sheet, {**first.columns, "dataset": _DATASET_COLUMNS}, first.required)
    assert header is not None, "the layouts fit the sheet"
    named_datasets = {canonical_dataset(row.cells["dataset"]) for row in header.rows if row.cells.get("dataset")}
    if named_datasets:
        matching = [layout for layout in layouts if {layout.dataset} == named_datasets]
        if matching:
            return matching[0]
        raise InputError([_unclear(path, layouts, f"its column dataset says {', '.join(sorted(named_datasets))}")])
    names = [row.cells["filename"] for row in header.rows if row.cells["filename"]]
    fitting = [layout for layout in layouts if any(_fits(layout, name) for name in names)]
    if len(fitting) == 1:
        return fitting[0]
    examples = ", ".join(map(repr, names[:3]))
    if fitting:
        odd = [next(name for name in names if _fits(layout, name)) for layout in fitting]
        raise InputError([_unclear(path, layouts, f"it mixes file names of both ({', '.join(map(repr, odd))})")])
    headings = {simplify(heading) for heading in header.headings}
    words = simplify(path.stem)
    for speaks in (
        [layout for layout in layouts if simplify(layout.dataset) in words],
        [layout for layout in layouts if headings & set(layout.marks)],
    ):
        if len(speaks) == 1:
            return speaks[0]
    raise InputError([_unclear(path, layouts, f"its file names ({examples}) are of neither")])


def _fits(layout: LabelLayout, name: str) -> bool:
    return re.fullmatch(layout.file_names, name, re.IGNORECASE) is not None


def _unclear(path: Path, layouts: Sequence[LabelLayout], why: str) -> Problem:
    titles = " or ".join(f"{layout.title} ({layout.file_names_example})" for layout in layouts)
    values = " or ".join(layout.dataset for layout in layouts)
    return Problem(path, f"may be of {titles}, which have the same columns, and {why}; add a column dataset: {values}")

"""The sheet "eye blink" of ``CAS(ME)3_part_A_v2.xls``: when the eyes close, for the videos of some subjects.

Its columns are taken to be called as those of the label sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mevqa.data.label_types import ClipLabels
from mevqa.datasets.label_layout import LabelLayout
from mevqa.files.tables.headers import LabelRow, find_rows, simplify
from mevqa.files.tables.sheets import Sheet

_COLUMNS = {
    "subject": ("subject", "sub"),
    "filename": ("filename", "seq", "video"),
    "onset": ("onset", "start", "onsetframe"),
    "offset": ("offset", "end", "offsetframe"),
}


def add_blinks(videos: Mapping[str, ClipLabels], layout: LabelLayout, sheets: Sequence[Sheet]) -> dict[str, ClipLabels]:
    """Return the labels of long videos with the blinks that another sheet codes.

    Blinks of videos without expressions make videos of their own, without events. A sheet that cannot be read, and
    rows that cannot, are noted: blinks are no events that one is asked about.
    """
    labels_by_video = dict(videos)
    names = {layout.names.video_key(name): name for name in videos}
    for sheet in sheets:
        if "blink" not in simplify(sheet.name):
            continue
        rows = find_rows(sheet, _COLUMNS, tuple(_COLUMNS))
        if rows is None:
            note = f"the sheet {sheet.name!r} has no header that is known; its blinks are not read"
            return {name: replace(video, notes=(*video.notes, note)) for name, video in labels_by_video.items()}
        for row in rows:
            if not row.cells["subject"] or not row.cells["filename"] or layout.names.video is None:
                continue
            name = layout.names.video_of(row.cells)
            name = names.setdefault(layout.names.video_key(name), name)
            subject, numbering = layout.names.subject_of(row.cells), layout.row_numbering(row.cells)
            empty = ClipLabels(name, layout.dataset, subject, layout.fps, numbering=numbering)
            labels_by_video[name] = _with_blink(labels_by_video.get(name, empty), row)
    return {name: replace(video, blinks=tuple(sorted(video.blinks))) for name, video in labels_by_video.items()}


def _with_blink(video: ClipLabels, row: LabelRow) -> ClipLabels:
    onset, offset = row.cells["onset"], row.cells["offset"]
    first = video.numbering.first if video.numbering else 0
    if not (onset.isdigit() and offset.isdigit()) or not first <= int(onset) <= int(offset):
        return replace(video, notes=(*video.notes, "a blink that runs from no frame to another left out"))
    return replace(video, blinks=(*video.blinks, (int(onset) - first, int(offset) - first)))

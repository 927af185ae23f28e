"""How a data set writes its label file: columns, names, frame numbers, known defects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import Field, model_validator

from mevqa.datasets.fixups import Fixups, is_missing
from mevqa.datasets.row_names import Cells, RowNames
from mevqa.events import Kind
from mevqa.files.strict_yaml import StrictModel

#: How the frames of a folder were numbered: as in the label file (``names``), or anew, so that the first one is the
#: first frame of the whole recording or the coded onset.
FolderNumbers: TypeAlias = Literal["names", "recording", "interval"]

#: Spellings of the columns that nearly all files have. Files that are passed on change the names.
_COLUMNS = {
    "subject": ("subject", "subjectid", "subjectno", "subjectnumber", "subjectname"),
    "filename": ("filename", "file", "clipname", "clip"),
}
#: Fields that code completes from the other sheets of a workbook, by the name of the completion
#: (``mevqa.data.labels.completions``).
_COMPLETED: Mapping[str, tuple[str, ...]] = {"casme_sq_folders": ("folder", "code")}


class Numbering(StrictModel):
    """How the frames of a data set's label file relate to the media.

    The official label files give the number in a frame's file name (``img46.jpg``, ``006_05562.jpg``); which position
    that is depends on the folder, which may hold the whole recording or only a part of it.

    Attributes:
        first: File number of frame 0 of the events as they are stored.
        video: Whether a video file of the clip starts with that frame.
        names: What a frame's file name holds: the number that changes from frame to frame, or the time at
            which it was taken.
        counted: How the frames of folders were numbered.
    """

    first: int = Field(ge=0)
    video: bool
    names: Literal["number", "time"] = "number"
    counted: FolderNumbers = "names"


class LabelLayout(StrictModel):
    """One label file of a data set.

    Attributes:
        dataset: Short name of the data set; filled in, as the next two are by default.
        title: Name that people use.
        fps: Frames per second of the recordings.
        columns: Spellings of the column of each field (subject, filename, onset, apex, offset, action_units, emotion,
            kind, and what names are made of), without case, spaces and signs. Two have spellings already. A column
            ``first`` holds the number of the first frame of a row's clip.
        required: Fields by which this file is recognised.
        headerless: Fields of the columns of a file without a header.
        names: How subjects, clips and videos are called.
        numbering: How the frame numbers relate to the media.
        kind: micro or macro, where the file has no column for it.
        kind_by_file: The same by a word of the file's name, for releases that differ in it.
        fps_by_file: Frames per second likewise.
        coarse_only: The emotion column holds positive, negative or surprise.
        multiple_emotions: The emotion column may hold several classes.
        more_events: Fields of onset and offset of further events in one row.
        other_sheets: Code that completes the rows from the other sheets of the workbook.
        file_names: Pattern of the names in the file column, where another data set has the same columns.
        file_names_example: One such name, for messages.
        marks: Headings, simplified, that only this one of such data sets has.
        fixups: Its known defects.
    """

    dataset: str
    title: str
    fps: float = Field(gt=0)
    columns: dict[str, tuple[str, ...]] = {}
    required: tuple[str, ...] = ()
    headerless: tuple[str, ...] = ()
    names: RowNames
    numbering: Numbering
    kind: Kind = "micro"
    kind_by_file: dict[str, Kind] = {}
    fps_by_file: dict[str, float] = {}
    coarse_only: bool = False
    multiple_emotions: bool = False
    more_events: tuple[tuple[str, str], ...] = ()
    other_sheets: Literal["casme_sq_folders"] | None = None
    file_names: str = ""
    file_names_example: str = ""
    marks: tuple[str, ...] = ()
    fixups: Fixups = Fixups()

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, content: Any) -> Any:
        if isinstance(content, dict) and not content.get("headerless") and isinstance(content.get("columns"), dict):
            return {**content, "columns": {**_COLUMNS, **content["columns"]}}
        return content

    @model_validator(mode="after")
    def _check(self) -> LabelLayout:
        """Refuse fields that no column holds: they would be missing in silence."""
        fields = {*self.columns, *self.headerless}
        if missing := {"subject", "filename", "onset", "offset"} - fields:
            raise ValueError(f"no column for {', '.join(sorted(missing))}")
        if not self.required and not self.headerless:
            raise ValueError("required must name the columns that tell this file from others")
        if self.names.clip is None and self.names.video is None:
            raise ValueError("names needs clip, video or both")
        completed = {"number", *(_COMPLETED[self.other_sheets] if self.other_sheets else ())}
        rules = (self.names.subject, self.names.clip or (), self.names.video or (), self.names.recording)
        used = [
            *self.required,
            *(name for pair in self.more_events for name in pair),
            *(name for rule in (rule for every in rules for rule in every) for name in rule.fields),
            *(name for entry in self.fixups.not_coded for name in entry.fields),
            *(name for entry in self.fixups.substitutions for name in (entry.field, entry.read)),
            *(entry.field for entry in self.fixups.corrections),
        ]
        if strange := [name for name in dict.fromkeys(used) if name not in fields | completed]:
            raise ValueError(f"no column for {', '.join(strange)}; columns: {', '.join(sorted(fields))}")
        return self

    @property
    def timed(self) -> bool:
        """Whether the file names frames by the time at which they were taken."""
        return self.numbering.names == "time"

    @property
    def needs(self) -> str:
        """The columns by which the file is recognised, for messages."""
        if self.headerless:
            return f"{self.title}, without a header: {', '.join(self.headerless)}"
        return f"{self.title}: {', '.join(self.columns[name][0] for name in self.required)}"

    def file_fps(self, path: Path) -> float:
        """Return the frames per second of the recordings that a file is about."""
        return next((self.fps_by_file[word] for word in _words(path) if word in self.fps_by_file), self.fps)

    def file_kind(self, path: Path) -> Kind:
        """Return the kind of the events of a file that has no column for it."""
        return next((self.kind_by_file[word] for word in _words(path) if word in self.kind_by_file), self.kind)

    def row_numbering(self, cells: Cells) -> Numbering:
        """Return how the frame numbers of a row relate to its media."""
        first = cells.get("first", "")
        return Numbering(first=int(first), video=True) if first.isdigit() else self.numbering

    def occurrences(self, cells: Cells) -> Sequence[Cells]:
        """Return the cells of each event of a row, the first one always."""
        events = [cells]
        for onset, offset in self.more_events:
            other = {**cells, "onset": cells.get(onset, ""), "offset": cells.get(offset, "")}
            if not all(is_missing(other[name]) or other[name] == "0" for name in ("onset", "offset")):
                events.append(other)
        return events


def _words(path: Path) -> list[str]:
    return re.findall("[a-z]+", path.name.lower())

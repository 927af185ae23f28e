"""How a data set writes its label file: what differs between the data sets, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mevqa.data.label_types import Numbering
from mevqa.events import Kind
from mevqa.files.headers import LabelRow
from mevqa.files.tables import Sheet
from mevqa.names import match_key

#: Spellings of the columns that nearly all files have. Files that are passed on change the names.
SUBJECT = ("subject", "subjectid", "subjectno", "subjectnumber", "subjectname")
FILENAME = ("filename", "file", "clipname", "clip")

Cells = Mapping[str, str]
#: Completes the rows of a file from its other sheets; what is wrong is an InputError.
Completion = Callable[[Path, Sequence[LabelRow], Sequence[Sheet]], list[LabelRow]]


@dataclass(frozen=True, slots=True)
class LabelLayout:
    """The label file of one data set.

    Attributes:
        dataset: Short name.
        title: Name that people use.
        fps: Frames per second of the recordings.
        columns: Spellings of the column of each field (subject, filename, onset, apex, offset, action_units, emotion,
            kind, first), simplified.
        required: Fields that tell this layout from the others.
        subject: Subject as the official questions write it.
        numbering: How the frame numbers of a row relate to the media.
        clip: Id of the short clip of a row as the official questions write it; None: the file is about long videos.
        video: Id of the long video of a row; None: the file is about short clips.
        same: What two names of one long video have in common.
        recording: Name of the long video of a row among those of its subject; None: the file name.
        aliases: Other names of the data set, besides those of the taxonomies.
        fixups: Name of the file in the table of known defects; None: that of the data set.
        kind: micro or macro, where the file has no column that tells.
        coarse_only: The emotion column holds positive, negative or surprise.
        headerless: Fields of the columns of a file without a header.
        name_fps: Frames per second by a word of the file's name, for releases that differ in it.
        name_kind: micro or macro by a word of the file's name, likewise.
        occurrences: Cells of each event of a row, for files that write several into one.
        complete: Completes the rows from the other sheets.
        file_names: Pattern of the names in the file column, where another data set has the same columns.
        file_names_example: One such name, for messages.
        marks: Headings, simplified, that only this one of such data sets has.
        multiple_emotions: The emotion column may hold several classes.
    """

    dataset: str
    title: str
    fps: float
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    subject: Callable[[Cells], str]
    numbering: Callable[[Cells], Numbering]
    clip: Callable[[Cells], str] | None = None
    video: Callable[[Cells], str] | None = None
    same: Callable[[str], str] = match_key
    recording: Callable[[Cells], str] | None = None
    aliases: tuple[str, ...] = ()
    fixups: str | None = None
    kind: Kind = "micro"
    coarse_only: bool = False
    headerless: tuple[str, ...] = ()
    name_fps: Mapping[str, float] = field(default_factory=dict)
    name_kind: Mapping[str, Kind] = field(default_factory=dict)
    occurrences: Callable[[Cells], Sequence[Cells]] = lambda cells: (cells,)
    complete: Completion | None = None
    file_names: str = ""
    file_names_example: str = ""
    marks: tuple[str, ...] = ()
    multiple_emotions: bool = False

    @property
    def timed(self) -> bool:
        """Whether the file names frames by the time at which they were taken."""
        return "onset_time" in self.columns

    @property
    def needs(self) -> str:
        """The columns by which the file is known, for people."""
        if self.headerless:
            return f"{self.title}, without a header: {', '.join(self.headerless)}"
        return f"{self.title}: {', '.join(self.columns[name][0] for name in self.required)}"

    def file_fps(self, path: Path) -> float:
        """Return the frames per second of the recordings that a file is about."""
        return next((self.name_fps[word] for word in _words(path) if word in self.name_fps), self.fps)

    def file_kind(self, path: Path) -> Kind:
        """Return the kind of the events of a file that has no column for it."""
        return next((self.name_kind[word] for word in _words(path) if word in self.name_kind), self.kind)


def _words(path: Path) -> list[str]:
    return re.findall("[a-z]+", path.name.lower())

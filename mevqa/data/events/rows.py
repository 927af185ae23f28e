"""Rows of label and detection files: what they say, and everything that is wrong with them, with line numbers."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.data.layouts import without_suffix
from mevqa.data.numbers import finite_number, read_number
from mevqa.datasets import canonical_dataset
from mevqa.datasets.fixups import is_missing
from mevqa.errors import Problem
from mevqa.events import Event, Kind
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.files.tables.headers import LabelRow, simplify
from mevqa.names import fold_name, subject_key
from mevqa.resources import TABLES

_TABLE = TABLES / "event_columns.yaml"
MICRO: Kind = "micro"
MACRO: Kind = "macro"
_IDENTITY = ("subject", "video", "onset", "apex", "offset", "kind", "emotion", "fine", "coarse", "action_units")


class _Headerless(StrictModel):
    columns: tuple[str, ...]
    source: str


class ColumnTable(StrictModel):
    """``tables/event_columns.yaml``."""

    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    kinds: dict[Kind, tuple[str, ...]]
    headerless: tuple[_Headerless, ...]


@functools.cache
def column_table() -> ColumnTable:
    """Return the table of headings and words."""
    return read_yaml(_TABLE, ColumnTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(Event):
    """One event of a file, with its place there and its classes and units as they are written.

    Attributes:
        onset: First frame, 0-based.
        offset: Last frame.
        line: 1-based line in its file.
        subject: As it is written; None without such a column.
        video: As it is written.
        emotion: As it is written, lower case; None when it is not coded.
        units: Action units as they are written.
    """

    onset: int
    offset: int
    line: int
    subject: str | None
    video: str
    emotion: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Facts that a file states about a video, with or without events.

    Attributes:
        subject: As it is written; None without such a column.
        video: As it is written.
        line: First line that names it.
        fps: Frames per second.
        frames: Number of frames.
        dataset: Short name of the data set.
        fold: Fold of a cross-validation.
    """

    subject: str | None
    video: str
    line: int
    fps: float | None = None
    frames: int | None = None
    dataset: str | None = None
    fold: str | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the frames of a file are to be read.

    Attributes:
        base: Number of a video's first frame.
        negative: What becomes of intervals that begin before it: refuse, clip or keep.
        fractions: What becomes of frames that are not whole: round, truncate or refuse.
    """

    base: int = 0
    negative: str = "refuse"
    fractions: str = "refuse"


class RowReader:
    """Turns the raw rows of one file into events, and gathers problems and notes."""

    def __init__(self, path: Path, numbers: Numbers, *, repeats: bool = False) -> None:
        """Begin with no rows.

        Args:
            path: The file, for messages.
            numbers: How its frames are to be read.
            repeats: Whether an event may stand in several rows, each of which counts.
        """
        self.path = path
        self.problems: list[Problem] = []
        self.videos: dict[tuple[str | None, str], VideoFacts] = {}
        self.events: list[EventRow] = []
        self.before_start: list[int] = []
        self.fractional: list[int] = []
        self.stray_apexes: list[int] = []
        self.repeated: list[int] = []
        self._repeats = repeats
        self._numbers = numbers
        self._seen: dict[tuple[str, ...], int] = {}
        #: Line that names a fact of a video first, by subject, video and fact.
        self._fact_lines: dict[tuple[str | None, str, str], int] = {}

    def add(self, row: LabelRow) -> None:
        """Read one row; what is wrong goes to ``problems``."""
        cells, line = row.cells, row.line
        before = len(self.problems)
        video = cells.get("video", "")
        if not video:
            self._problem(line, "names no video")
            return
        subject = cells.get("subject") or None
        facts = self._video(row, subject, video)
        onset, offset = (self._frame(cells.get(name, ""), name, line) for name in ("onset", "offset"))
        apex = None if is_missing(cells.get("apex", "")) else self._frame(cells["apex"], "apex", line)
        kind = self._kind(row)
        score = self._number(cells.get("score", ""), "score", line)
        if len(self.problems) > before:
            return
        if onset is None and offset is None:
            if apex is not None or score is not None:
                self._problem(line, "has neither onset nor offset; leave apex and score empty too if nothing happens")
            return
        if onset is None or offset is None:
            missing = "onset" if onset is None else "offset"
            self._problem(line, f"has no {missing}; give both, or neither for a video without events")
            return
        self._add_event(row, facts, onset, apex, offset, kind, score)

    def _add_event(
        self,
        row: LabelRow,
        facts: VideoFacts,
        onset: int,
        apex: int | None,
        offset: int,
        kind: Kind | None,
        score: float | None,
    ) -> None:
        line, base = row.line, self._numbers.base
        if onset > offset:
            self._problem(line, f"the onset {onset + base} is after the offset {offset + base}")
            return
        if onset < 0:
            if self._numbers.negative == "refuse" or offset < 0:
                hint = "" if offset < 0 or base else "; --set negative_frames=keep (or clip) accepts such detections"
                self._problem(line, f"begins at {onset + base}, before the first frame {base}{hint}")
                return
            self.before_start.append(line)
            onset = max(onset, 0) if self._numbers.negative == "clip" else onset
        if facts.frames is not None and offset >= facts.frames:
            last = facts.frames - 1 + base
            self._problem(line, f"ends at {offset + base}, but the last frame of the video is {last}")
            return
        if apex is not None and not onset <= apex <= offset:
            self.stray_apexes.append(line)
            apex = None
        event = EventRow(
            onset=onset,
            apex=apex,
            offset=offset,
            kind=kind,
            score=score,
            line=line,
            subject=facts.subject,
            video=facts.video,
            emotion=_emotion(row.cells),
            units=row.cells.get("action_units", ""),
        )
        # Two rows are one event twice when nothing but the score differs, before fractions are rounded.
        same = tuple(_spelling(name, row.cells.get(name, "")) for name in _IDENTITY)
        first = self._seen.setdefault(same, line)
        if first != line and self._repeats:
            self.repeated.append(line)
        elif first != line:
            self._problem(line, f"is the event of line {first} once more")
        self.events.append(event)

    def _video(self, row: LabelRow, subject: str | None, video: str) -> VideoFacts:
        """Return what is known of the row's video, and refuse what contradicts its first row."""
        cells, line = row.cells, row.line
        fps = self._number(cells.get("fps", ""), "fps", line)
        if fps is not None and fps <= 0:
            self._problem(line, f"fps must be above 0, not {cells['fps']}")
            fps = None
        frames = self._number(cells.get("frames", ""), "the number of frames", line)
        if frames is not None and (frames < 1 or frames != int(frames)):
            self._problem(line, f"the number of frames must be a whole number above 0, not {cells['frames']}")
            frames = None
        facts = VideoFacts(
            subject, video, line, fps, None if frames is None else int(frames),
            canonical_dataset(cells["dataset"]) if cells.get("dataset") else None, cells.get("fold") or None,
        )  # fmt: skip
        first = self.videos.get((subject, video), facts)
        merged = {}
        for name in ("fps", "frames", "dataset", "fold"):
            first_value, value = getattr(first, name), getattr(facts, name)
            if value is not None:
                # The first row of a video may leave the fact open.
                named_in = self._fact_lines.setdefault((subject, video, name), line)
                if first_value is not None and first_value != value:
                    self._problem(line, f"the video {video!r} has another {name} in line {named_in}")
            merged[name] = value if first_value is None else first_value
        self.videos[subject, video] = replace(first, **merged)
        return self.videos[subject, video]

    def _kind(self, row: LabelRow) -> Kind | None:
        text = row.cells.get("kind", "")
        kind = kind_of(text)
        if text and kind is None:
            self._problem(row.line, f"the kind must be micro or macro, not {text!r}")
        return kind

    def _number(self, text: str, name: str, line: int) -> float | None:
        return finite_number(text, name, lambda message: self._problem(line, message))

    def _frame(self, text: str, name: str, line: int) -> int | None:
        number = self._number(text, name, line)
        if number is None:
            return None
        if number != int(number):
            if self._numbers.fractions == "refuse":
                self._problem(line, f"{name} must be a whole frame (--set fractions=round rounds it), not {text!r}")
                return None
            if line not in self.fractional[-1:]:
                self.fractional.append(line)
            number = math.floor(number + 0.5) if self._numbers.fractions == "round" else math.trunc(number)
        return int(number) - self._numbers.base

    def _problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, message, line))


def _spelling(field: str, cell: str) -> str:
    """Return what the spellings of one cell have in common: ``01`` and ``s1`` are one subject."""
    if field == "subject":
        return subject_key(cell)
    if field == "video":
        # Leading zeros may tell videos apart; whether they do, both files together say.
        return fold_name(without_suffix(cell))
    if field in ("onset", "apex", "offset"):
        number = read_number(cell)
        return fold_name(cell) if math.isnan(number) else str(number)
    return (kind_of(cell) or "") if field == "kind" else fold_name(cell)


def kind_of(text: str) -> Kind | None:
    """Return ``micro`` or ``macro`` for the words that label files use, None for others."""
    simple = simplify(text)
    return next((kind for kind, words in column_table().kinds.items() if simple in map(simplify, words)), None)


def _emotion(cells: Mapping[str, str]) -> str | None:
    """Return the emotion of a row: the fine class where both are given."""
    for name in ("emotion", "fine", "coarse"):
        text = " ".join(cells.get(name, "").lower().split())
        if text and text not in ("/", "-", "nan", "none", "n/a"):
            return text
    return None


def place_labels(rows: Sequence[LabelRow]) -> list[LabelRow]:
    """Read a column ``label`` as kinds where all of it are kinds, else as emotions, unless these have a column."""
    labels = [row.cells["label"] for row in rows if row.cells.get("label")]
    if not labels:
        return list(rows)
    name = "kind" if all(kind_of(label) for label in labels) else "emotion"
    taken = any(field in row.cells for row in rows[:1] for field in ((name,) if name == "kind" else (name, "fine")))
    if taken:
        return list(rows)
    return [replace(row, cells={**row.cells, name: row.cells.get("label", "")}) for row in rows]

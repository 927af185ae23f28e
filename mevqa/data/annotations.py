"""What human coders wrote about the clips: our own CSV, or a data set's official label file.

The CSV has a header; only ``clip`` is required, frames are 0-based, a clip with several events has several rows:

    clip,dataset,subject,fps,onset,apex,offset,action_units,fine,coarse,kind
    syn_0001,synthetic,s01,200,12,40,75,L4+7,disgust,negative,micro
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mevqa.data.numbers import finite_number
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

#: Columns of our own CSV, in the order in which they are written.
COLUMNS = (
    "clip",
    "dataset",
    "subject",
    "fps",
    "onset",
    "apex",
    "offset",
    "action_units",
    "fine",
    "coarse",
    "kind",
)


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the frames of a data set's label file relate to the media.

    The official label files give the number in a frame's file name (``img46.jpg``, ``006_05562.jpg``); which position
    that is depends on the folder, which may hold the whole recording or only a part of it.

    Attributes:
        first: File number of frame 0 of the events as they are stored.
        video: Whether a video file of the clip starts with that frame.
    """

    first: int
    video: bool


@dataclass(frozen=True, slots=True)
class ClipLabels:
    """Everything that one label file says about one clip.

    Attributes:
        clip: The clip's id as questions use it.
        dataset: Short name of the data set.
        subject: Who is seen.
        fps: Frames per second of the data set or the file.
        events: The coded expressions in the order of the file; short clips have one.
        lines: 1-based row of each event in the file.
        numbering: How to find the frames in the media; None when they are 0-based indices into it already.
        notes: Corrections that were applied and cells that could not be used, one line each.
        errors: Why rows of this clip cannot be used, one line each. An official label file holds more clips than one
            asks about: what is wrong with a clip is an input error of the questions about it only.
    """

    clip: str
    dataset: str = "unknown"
    subject: str | None = None
    fps: float | None = None
    events: tuple[Annotation, ...] = ()
    lines: tuple[int, ...] = ()
    numbering: Numbering | None = None
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def annotation(self) -> Annotation | None:
        """The expression of a clip that has exactly one, else None."""
        return self.events[0] if len(self.events) == 1 else None


def read_annotations(path: Path | str, dataset: str | None = None) -> dict[str, ClipLabels]:
    """Read a label file.

    Args:
        path: Our own CSV, or an official file of CASME II, SAMM, SMIC or CAS(ME)^3 (xlsx, xls or csv).
        dataset: The data set, when the header does not tell.

    Returns:
        Labels by clip id, in the order of the file.

    Raises:
        InputError: The file cannot be read, its layout is unknown, or rows of our own CSV are wrong; all together.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        rows, columns = _read_csv(path)
        if "clip" in columns:
            return _read_own(path, rows, columns)
    from mevqa.data.adapters import read_label_file

    return read_label_file(path, dataset)


def write_annotations(path: Path | str, labels: Mapping[str, ClipLabels]) -> None:
    """Write our own CSV, one row an event.

    Raises:
        ValueError: Labels whose frames are file numbers of a data set; place them in their media first.
    """
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for clip in labels.values():
            if clip.numbering is not None:
                raise ValueError(f"{clip.clip}: its frames are numbers of the label file, not of the media")
            for event in clip.events:
                numbers = [clip.fps and f"{clip.fps:g}", event.onset, event.apex, event.offset]
                units = "+".join(map(str, event.action_units))
                row = [clip.clip, clip.dataset, clip.subject, *numbers, units, event.fine, event.coarse, event.kind]
                writer.writerow(["" if cell is None else cell for cell in row])


def _read_csv(path: Path) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Return the rows below the header with their lines, and the header."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError([Problem(path, f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(path, "is not UTF-8; save it as UTF-8")]) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError([Problem(path, f"is not valid CSV: {error}", reader.line_num)]) from error
    if not rows:
        raise InputError([Problem(path, "is empty; the first line names the columns")])
    return rows[1:], [cell.strip().lower() for cell in rows[0][1]]


@dataclass
class _Gathered:
    """The rows of one clip while a file is read."""

    dataset: str
    subject: str | None
    fps: float | None
    events: list[Annotation] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def _read_own(path: Path, rows: list[tuple[int, list[str]]], columns: list[str]) -> dict[str, ClipLabels]:
    problems = []
    for column in columns:
        if column not in COLUMNS:
            close = difflib.get_close_matches(column, COLUMNS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known columns: {', '.join(COLUMNS)}"
            problems.append(Problem(path, f"unknown column {column!r}; {hint}", 1))
        elif columns.count(column) > 1 and f"the column {column!r} stands twice" not in {p.message for p in problems}:
            problems.append(Problem(path, f"the column {column!r} stands twice", 1))
    clips: dict[str, _Gathered] = {}
    for line, cells in rows:
        if len(cells) > len(columns):
            problems.append(Problem(path, f"has {len(cells)} cells under {len(columns)} columns", line))
            continue
        row = dict.fromkeys(COLUMNS, "") | {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
        messages: list[str] = []
        _gather(row, line, clips, messages)
        problems.extend(Problem(path, message, line) for message in messages)
    if problems:
        raise InputError(problems)
    return {
        name: ClipLabels(name, clip.dataset, clip.subject, clip.fps, tuple(clip.events), tuple(clip.lines))
        for name, clip in clips.items()
    }


def _gather(row: Mapping[str, str], line: int, clips: dict[str, _Gathered], messages: list[str]) -> None:
    """Add one row to its clip; what is wrong goes to ``messages``."""
    name = row["clip"]
    if not name:
        messages.append("the clip is empty")
        return
    fps = finite_number(row["fps"], "fps", messages.append)
    if fps is not None and not 0 < fps <= 100_000:
        messages.append(f"fps must be a positive number, not {row['fps']}")
    dataset = canonical_dataset(row["dataset"])
    clip = clips.setdefault(name, _Gathered(dataset, row["subject"] or None, fps))
    for column, first, here in (
        ("dataset", clip.dataset, dataset),
        ("subject", clip.subject, row["subject"] or None),
        ("fps", clip.fps, fps),
    ):
        if first != here:
            messages.append(f"the clip {name!r} has another {column} in line {clip.lines[0]}")
    onset, apex, offset = (_frame(row[column], column, messages) for column in ("onset", "apex", "offset"))
    fine = coarse = None
    units: tuple[ActionUnit, ...] = ()
    try:
        units = parse_units(row["action_units"])
        fine = canonical_fine(row["fine"]) if row["fine"] else None
        coarse = canonical_coarse(row["coarse"]) if row["coarse"] else coarse_of(fine or "")
    except (UnknownActionUnit, UnknownEmotion) as error:
        messages.append(str(error))
    if fine and row["coarse"] and coarse_of(fine) not in (None, coarse):
        messages.append(f"the fine class {fine!r} is {coarse_of(fine)}, not {coarse}")
    kind = (row["kind"] or "micro").lower().removesuffix("-expression")
    if kind not in ("micro", "macro"):
        messages.append(f"kind must be micro or macro, not {row['kind']!r}")
    clip.events.append(Annotation(onset, apex, offset, units, fine, coarse, kind))
    clip.lines.append(line)


def _frame(text: str, column: str, messages: list[str]) -> int | None:
    number = finite_number(text, column, messages.append)
    if number is None:
        return None
    if number < 0 or number != int(number):
        messages.append(f"{column} must be a frame from 0, not {text!r}")
        return None
    return int(number)

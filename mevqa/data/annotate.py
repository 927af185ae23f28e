"""Save the coded events of one clip: a row an event in our own CSV (``mevqa.data.annotations``)."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path

from mevqa.data.annotations import read_annotations, write_annotations
from mevqa.data.label_types import ClipLabels
from mevqa.data.layouts import without_suffix
from mevqa.datasets import UnknownDataset, known_dataset
from mevqa.errors import InputError, Problem
from mevqa.events import KINDS, Event
from mevqa.facs import UnknownEmotion, canonical_coarse, canonical_fine, coarse_of
from mevqa.files.lock import hold_file
from mevqa.files.tables.sheets import read_sheets
from mevqa.names import AmbiguousName, NameIndex, match_key, subject_key

#: Seconds that a save waits for another process to finish its own.
_PATIENCE = 10.0
#: The lock of a file is one of processes; threads of this one wait here.
_saving = threading.Lock()


def save_annotation(
    path: Path | str,
    clip: str,
    events: Event | Sequence[Event],
    *,
    subject: str,
    dataset: str = "unknown",
    fps: float | None = None,
    frames: int | None = None,
    coder: str | None = None,
) -> bool:
    """Save the coded events of one clip into an annotation table; rows that it had of the clip are replaced.

    The table is our own CSV, which ``read_annotations``, ``mevqa check --annotations`` and recipes read. It is made
    where it is not there, appears whole, and several processes may save to it at once.

    Args:
        path: The table, a ``.csv``.
        clip: Id of the clip as questions use it: the name of its video without the suffix.
        events: The event, or those of a long video in any order; none for a video in which nothing happens.
        subject: Who is seen; the same person has the same name in all rows.
        dataset: Short name of the data set.
        fps: Frames per second.
        frames: Number of frames of the video, where it is known: events must lie in it.
        coder: Who coded.

    Returns:
        Whether the table had the clip before.

    Raises:
        InputError: Everything that is wrong with the annotation; or the file is no such table, has problems of its
            own, knows the clip as another subject's, or cannot be written.
    """
    path = Path(path)
    labels = _checked(clip, (events,) if isinstance(events, Event) else events, subject, dataset, fps, frames, coder)
    if path.suffix.lower() != ".csv":
        raise InputError([Problem(path, "annotations are saved as CSV; give a name that ends in .csv")])
    with _saving, hold_file(path, wait=_PATIENCE):
        table = read_table(path)
        name = _name_in(path, table, labels)
        was_there = name in table
        table[name] = replace(labels, clip=name)
        write_annotations(path, table)
    return was_there


def read_table(path: Path) -> dict[str, ClipLabels]:
    """Return the labels of a table to which annotations are saved, none where it is not there or empty.

    Args:
        path: The table.

    Raises:
        InputError: It is another kind of file, or holds what would be lost when it is written anew.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return {}
    labels = read_annotations(path)
    if labels.official:
        message = "is laid out as a data set's own label file, which is left as it is; save to another file"
        raise InputError([Problem(path, message)])
    sheets = read_sheets(path)
    first = {cell.strip().lower() for cell in sheets[0].rows[0][1]}
    if len(sheets) > 1 or sheets[0].name or "clip" not in first:
        message = "is a workbook or has lines above its header, which would be lost; save to another file"
        raise InputError([Problem(path, message)])
    return dict(labels)


def _checked(
    clip: str,
    events: Sequence[Event],
    subject: str,
    dataset: str,
    fps: float | None,
    frames: int | None,
    coder: str | None,
) -> ClipLabels:
    """Return an annotation as it comes when the table is read again.

    Raises:
        InputError: Everything that is wrong with it.
    """
    clip, subject, coder = (" ".join((text or "").split()) for text in (clip, subject, coder))
    problems = []
    if not clip:
        problems.append(Problem("clip", "is empty; give the name of the video without its suffix"))
    if not subject:
        message = "is empty; say who is seen (s01): no subject may stand in training and in testing"
        problems.append(Problem("subject", message))
    if fps is not None and not (isinstance(fps, Real) and 0 < fps <= 100_000):
        problems.append(Problem("fps", f"must be a positive number, not {fps}"))
    if frames is not None and not (_is_frame(frames) and frames > 0):
        problems.append(Problem("frames", f"must be the number of frames of the video, not {frames!r}"))
        frames = None
    try:
        dataset = known_dataset(dataset)
    except UnknownDataset as error:
        problems.append(Problem("dataset", str(error)))
    coded = []
    for number, event in enumerate(events, 1):
        where = "event" if len(events) == 1 else f"event {number}"
        try:
            event = _with_canonical_classes(event)
        except UnknownEmotion as error:
            problems.append(Problem(where, str(error)))
        problems += [Problem(where, message) for message in _faults(event, frames)]
        coded.append(event)
    if problems:
        raise InputError(problems)
    # As the reader has it, a video in which nothing happens has a row that says no more.
    coded = coded or [Event()]
    coded.sort(key=lambda event: (event.onset is None, event.onset or 0, event.offset or 0))
    return ClipLabels(clip, dataset, subject, fps, tuple(coded), coders=(coder,) * len(coded) if coder else ())


def _with_canonical_classes(event: Event) -> Event:
    """Return an event with the canonical names of its classes; the coarse class follows from the fine one.

    Raises:
        UnknownEmotion: There is no such class.
    """
    fine = canonical_fine(event.fine) if event.fine else None
    coarse = canonical_coarse(event.coarse) if event.coarse else coarse_of(fine or "")
    return Event(event.onset, event.apex, event.offset, event.action_units, fine, coarse, event.kind)


def _faults(event: Event, frames: int | None) -> Iterator[str]:
    """Yield what is wrong with the moments, the classes and the kind of an event."""
    moments = {name: frame for name in ("onset", "apex", "offset") if (frame := getattr(event, name)) is not None}
    are_frames = True
    for name, frame in moments.items():
        if not _is_frame(frame):
            are_frames = False
            yield f"{name} must be a frame from 0, not {frame!r}"
        elif frames is not None and frame >= frames:
            yield f"{name} {frame} is not in the video, whose frames are 0 to {frames - 1}"
    # NaN and texts have no order.
    if are_frames and list(moments.values()) != sorted(moments.values()):
        yield f"{', '.join(f'{name} {frame}' for name, frame in moments.items())}: not in this order"
    if not moments and not event.action_units and not (event.fine or event.coarse):
        yield "says nothing; give moments, action units or a class"
    if event.fine and coarse_of(event.fine) not in (None, event.coarse):
        yield f"the fine class {event.fine!r} is {coarse_of(event.fine)}, not {event.coarse}"
    if event.kind not in KINDS:
        yield f"kind must be {' or '.join(KINDS)}, not {event.kind!r}"


def _is_frame(value: object) -> bool:
    """Whether a value of any type is a whole, finite number from 0; numbers of numpy and floats may be."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    if isinstance(value, int):
        return value >= 0
    number = float(value)
    return math.isfinite(number) and number >= 0 and number.is_integer()


def _name_in(path: Path, table: dict[str, ClipLabels], labels: ClipLabels) -> str:
    """Return a clip's name as a table spells it; the clip's own name where the table lacks it.

    Raises:
        InputError: The table has several spellings of it, or has another person's clip of that name.
    """
    try:
        name = NameIndex(table, lambda clip_id: match_key(without_suffix(clip_id))).find(labels.clip)
    except AmbiguousName as error:
        raise InputError([Problem(path, str(error))]) from None
    if name is None:
        return labels.clip
    there = table[name]
    if there.subject and subject_key(there.subject) != subject_key(labels.subject or ""):
        message = (
            f"tells of a clip {name!r} of the subject {there.subject!r}, not {labels.subject!r}: name the clip "
            "otherwise, or correct the subject in the table"
        )
        raise InputError([Problem(path, message, there.lines[0])])
    return name

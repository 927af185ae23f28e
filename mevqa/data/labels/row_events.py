"""One row of a label file as an event."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mevqa.data.frame_numbers import show_number, time_number
from mevqa.data.numbers import read_number
from mevqa.datasets.fixups import is_missing
from mevqa.datasets.label_layout import LabelLayout, Numbering
from mevqa.datasets.row_names import Cells
from mevqa.events import Event, Kind
from mevqa.facs import (
    ActionUnit,
    UnknownActionUnit,
    UnknownEmotion,
    canonical_coarse,
    canonical_fine,
    coarse_of,
    parse_units,
)

#: Frames that no recording has; larger numbers in a cell are mistakes.
_MOST_FRAMES = 1e9
#: Signs between the classes of a clip that has several.
_BETWEEN_EMOTIONS = re.compile(r"\s*(?:[+,;&/|、，；]|\band\b)\s*", re.IGNORECASE)
#: A unit that 4DME marks with ``(k)``: public readers do not count it.
_MARKED_OUT = re.compile(r"(?:^|(?<=[+,;&/]))\s*[^+,;&/]*\(\s*k\s*\)\s*", re.IGNORECASE)
#: A question mark that stands where a unit should: doubt about nothing that is named.
_BARE_DOUBT = re.compile(r"(?:^|(?<=[+,;&\s]))\s*\?+\s*(?=$|[+,;&\s])")


def read_event(layout: LabelLayout, path: Path, cells: Cells, notes: list[str], *, strict: bool) -> Event:
    """Turn the cells of an event into an annotation whose frames count from the layout's numbering.

    Args:
        layout: How the label file is written.
        path: The label file.
        cells: Text by field.
        notes: A note is appended for each cell that is not used.
        strict: Refuse an event that runs backwards, and leave out an apex outside it; else it stays as it is coded.

    Raises:
        ValueError: A frame is no number, the type is neither micro nor macro, or the event runs backwards.
    """
    numbering = layout.row_numbering(cells)
    onset, apex, offset = (_frame(layout, cells, name, numbering) for name in ("onset", "apex", "offset"))
    units = _units(cells.get("action_units", ""), notes)
    emotion = cells.get("emotion", "")
    if layout.multiple_emotions:
        fine, coarse = _emotions(emotion, layout.coarse_only, notes)
    else:
        fine, coarse = _emotion(emotion, layout.coarse_only, notes)
    event = Event(onset, apex, offset, units, fine, coarse, _kind(cells.get("kind", ""), layout.file_kind(path)))
    return _in_order(event, numbering, notes) if strict else event


def _frame(layout: LabelLayout, cells: Cells, name: str, numbering: Numbering) -> int | None:
    cell = cells.get(name, "")
    if is_missing(cell) or layout.fixups.is_not_coded(name, cell):
        return None
    if numbering.names == "time":
        number = time_number(cell)
        if number is None:
            raise ValueError(f"{name} must be the time of a frame (hour-minute-second-millisecond-count), not {cell!r}")
        return number - numbering.first
    frame = read_number(cell)
    # Not NaN, infinite, below zero or with a fraction.
    if not (0 <= frame < _MOST_FRAMES and frame == int(frame)):
        raise ValueError(f"{name} must be a frame number, not {cell!r}")
    if frame < numbering.first:
        raise ValueError(f"{name} is frame {cell}, but the first frame is {numbering.first}")
    return int(frame) - numbering.first


def _units(cell: str, notes: list[str]) -> tuple[ActionUnit, ...]:
    kept = _MARKED_OUT.sub("", cell)
    if kept != cell:
        notes.append(f"action units marked (k) left out of {cell!r}")
        cell = kept
    try:
        return parse_units(_BARE_DOUBT.sub("", cell).strip(" +,;&"))
    except UnknownActionUnit as error:
        notes.append(f"action units left out: {error}")
        return ()


def _emotion(cell: str, coarse_only: bool, notes: list[str]) -> tuple[str | None, str | None]:
    """Return the fine and the coarse class; a file of coarse classes may hold fine ones (others), and the reverse."""
    # A doubt of the coder is no other class.
    cell = cell.strip(" .?*()")
    if is_missing(cell):
        return None, None
    try:
        coarse: str | None = canonical_coarse(cell)
    except UnknownEmotion as error:
        coarse, problem = None, error
    if coarse is not None and coarse_only:
        return None, coarse
    try:
        fine = canonical_fine(cell)
    except UnknownEmotion as error:
        if coarse is None:
            notes.append(f"emotion left out: {problem if coarse_only else error}")
        return None, coarse
    return fine, coarse_of(fine)


def _emotions(cell: str, coarse_only: bool, notes: list[str]) -> tuple[str | None, str | None]:
    """Return the one fine and the one coarse class of a cell with one class or several, None where they disagree.

    ``others`` beside a class is left out; two classes of one coarse class (negative and repression) have this one.
    """
    class_names = [part for part in _BETWEEN_EMOTIONS.split(cell) if part]
    read = [_emotion(part, coarse_only, notes) for part in class_names]
    known = [(fine, coarse) for fine, coarse in read if coarse is not None] or read
    fines, coarses = ({classes[at] for classes in known} - {None} for at in (0, 1))
    if len(class_names) > 1:
        notes.append(f"several emotions: {', '.join(class_names)}")
    return (fines.pop() if len(fines) == 1 and len(coarses) < 2 else None, coarses.pop() if len(coarses) == 1 else None)


def _kind(cell: str, default: Kind) -> Kind:
    """Return micro or macro: ``Micro - 1/2``, ``Macro-expression``, ``ME``, ``MaE``; the default for an empty cell."""
    simple = cell.lower()
    if not simple:
        return default
    if "macro" in simple or simple == "mae":
        return "macro"
    if "micro" in simple or simple == "me":
        return "micro"
    raise ValueError(f"the type must be micro or macro, not {cell!r}")


def _in_order(event: Event, numbering: Numbering, notes: list[str]) -> Event:
    """Return an event of a long video that runs forwards.

    Raises:
        ValueError: Its offset comes before its onset.
    """
    if event.onset is not None and event.offset is not None and event.offset < event.onset:
        onset, offset = (show_number(frame, numbering) for frame in (event.onset, event.offset))
        raise ValueError(f"the offset {offset} comes before the onset {onset}")
    if event.onset is None or event.offset is None:
        notes.append(f"an event without {'onset' if event.onset is None else 'offset'}")
    first = event.onset if event.onset is not None else event.apex
    last = event.offset if event.offset is not None else event.apex
    if event.apex is not None and first is not None and last is not None and not first <= event.apex <= last:
        notes.append("an apex outside its event left out")
        return replace(event, apex=None)
    return event

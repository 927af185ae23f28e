"""The events of one long video as coders wrote them and as they were found, and which of them are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mevqa.events import Event
from mevqa.reporting.charts.timeline import DrawnEvent

if TYPE_CHECKING:
    from mevqa.data.events.rows import EventRow

#: Two intervals are the same event from this overlap on: the rule of MEGC since 2019 (See et al., FG 2019).
_IOU = 0.5


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """One event of a video, coded or found.

    Attributes:
        number: Its number in the order of time, from 1; found events have it in the evidence of answers, too.
        onset: First frame, an index into the media.
        apex: Frame of its largest extent; None when it is not known.
        offset: Last frame.
        kind: ``micro``, ``macro`` or None.
        units: Action units in words; empty when none are known.
        emotion: Its class; empty when it is not known.
        score: Of a found event, larger is surer.
    """

    number: int
    onset: int
    apex: int | None
    offset: int
    kind: str | None
    units: str = ""
    emotion: str = ""
    score: float | None = None

    @property
    def content(self) -> str:
        """Units and class, as evidence lines say them."""
        return "; ".join(filter(None, (self.units, self.emotion)))


def coded_events(events: Sequence[Event]) -> tuple[SeenEvent, ...]:
    """Return the events of a label file that have onset and offset, in the order of time."""
    placed = [
        (event.onset, event.offset, event) for event in events if event.onset is not None and event.offset is not None
    ]
    placed.sort(key=lambda one: one[:2])
    return tuple(
        SeenEvent(number, onset, event.apex, offset, event.kind, _unit_names(event), event.fine or event.coarse or "")
        for number, (onset, offset, event) in enumerate(placed, 1)
    )


def _unit_names(event: Event) -> str:
    return ", ".join(f"{unit.side} {unit.name}" if unit.side else unit.name for unit in event.action_units)


def found_events(rows: Sequence[EventRow]) -> tuple[SeenEvent, ...]:
    """Return the events of a file of detections in the order of time, frames rounded."""
    ordered = sorted(rows, key=lambda row: (row.onset, row.offset))
    return tuple(
        SeenEvent(
            number,
            round(row.onset),
            None if row.apex is None else round(row.apex),
            round(row.offset),
            row.kind,
            row.action_units,
            row.emotion or "",
            row.score,
        )
        for number, row in enumerate(ordered, 1)
    )


@dataclass(frozen=True, slots=True)
class EventPairs:
    """What was coded in a video and what was found.

    Attributes:
        coded: Events of the label file; None when there is none.
        found: Events that were found; None when nothing was looked for.
        partners: Index of a found event and the overlap, by the index of the coded event; None when the two cannot be
            compared, for want of one or because some coded events could not be placed.
    """

    coded: tuple[SeenEvent, ...] | None
    found: tuple[SeenEvent, ...] | None
    partners: Mapping[int, tuple[int, float]] | None

    @property
    def summary(self) -> str:
        """How many there are."""
        parts = [
            f"{len(events)} {name}"
            for name, events in (("coded", self.coded), ("found", self.found))
            if events is not None
        ]
        if self.partners is None or self.coded is None or self.found is None:
            return ", ".join(parts)
        same = len(self.partners)
        return f"{', '.join(parts)}: {same} matched, {len(self.coded) - same} missed, {len(self.found) - same} false"


def pair_events(
    coded: tuple[SeenEvent, ...] | None, found: tuple[SeenEvent, ...] | None, *, complete: bool = True
) -> EventPairs:
    """Find out which events are the same: one to one, as many as can be, from IoU 0.5 on, whatever their kinds.

    Args:
        coded: Events of the label file; None when there is none.
        found: Events that were found; None when nothing was looked for.
        complete: Whether ``coded`` is all that was coded; else a found event without partner may be right.
    """
    import numpy as np

    from mevqa.intervals import iou_matrix, match

    if coded is None or found is None or not complete:
        return EventPairs(coded, found, None)
    references, detections = (
        np.array([(event.onset, event.offset) for event in events], dtype=float).reshape(-1, 2)
        for events in (coded, found)
    )
    iou = iou_matrix(detections, references)
    pairs = match(iou, _IOU, "hungarian", detections, references, np.ones(len(found)))
    return EventPairs(coded, found, {column: (row, float(iou[row, column])) for row, column in pairs})


def event_spans(
    pairs: EventPairs, at: Callable[[int], float]
) -> tuple[list[DrawnEvent] | None, list[DrawnEvent] | None]:
    """Return the coded and the found events for a timeline.

    Args:
        pairs: The events.
        at: Gives the time of a frame, s.
    """
    partners = pairs.partners
    by_found = {row: (column, iou) for column, (row, iou) in (partners or {}).items()}
    lanes: list[list[DrawnEvent] | None] = []
    for events, others, own, without in (
        (pairs.coded, pairs.found, partners, "missed"),
        (pairs.found, pairs.coded, by_found if partners is not None else None, "false"),
    ):
        if events is None:
            lanes.append(None)
            continue
        spans = []
        for place, event in enumerate(events):
            partner = None if own is None else own.get(place)
            said = [event.content, "" if event.score is None else f"score {event.score:.2f}"]
            if own is not None:
                said.append(without if partner is None else f"IoU {partner[1]:.2f} with {_named(others, partner[0])}")
            apex = None if event.apex is None else at(event.apex)
            matched = None if own is None else partner is not None
            note = ", ".join(filter(None, said))
            spans.append(DrawnEvent(at(event.onset), at(event.offset), apex, event.kind, note, event.number, matched))
        lanes.append(spans)
    return lanes[0], lanes[1]


def _named(events: Sequence[SeenEvent] | None, place: int) -> str:
    assert events is not None
    return f"{events[place].number} ({events[place].kind or 'event'})"


def event_table(pairs: EventPairs, at: Callable[[int], float]) -> dict[str, Any]:
    """Return a table of all events in the order of time, plain values; a pair has one row.

    Args:
        pairs: The events.
        at: Gives the time of a frame, s.
    """
    lanes = [name for name, events in (("coded", pairs.coded), ("found", pairs.found)) if events is not None]
    columns = [heading for name in lanes for heading in (name, "time", "units; class")]
    if pairs.found is not None:
        columns.append("score")
    if pairs.partners is not None:
        columns.append("IoU")
    rows = []
    for one, other, iou in _aligned(pairs):
        there = [event for events, event in ((pairs.coded, one), (pairs.found, other)) if events is not None]
        cells = [cell for event in there for cell in _cells(event, at)]
        if pairs.found is not None:
            cells.append("" if other is None or other.score is None else f"{other.score:.2f}")
        result = ""
        if pairs.partners is not None:
            cells.append("" if iou is None else f"{iou:.2f}")
            result = "missed" if other is None else "false" if one is None else "matched"
        rows.append({"result": result, "cells": cells})
    return {"summary": pairs.summary, "columns": columns, "rows": rows}


def _aligned(pairs: EventPairs) -> list[tuple[SeenEvent | None, SeenEvent | None, float | None]]:
    """Return (coded, found, overlap) in the order of time, every event once."""
    coded, found = pairs.coded or (), pairs.found or ()
    partners = pairs.partners or {}
    rows: list[tuple[SeenEvent | None, SeenEvent | None, float | None]] = []
    for place, event in enumerate(coded):
        row, iou = partners.get(place, (None, None))
        rows.append((event, None if row is None else found[row], iou))
    taken = {row for row, _ in partners.values()}
    rows += [(None, event, None) for place, event in enumerate(found) if place not in taken]
    return sorted(rows, key=lambda row: next(event.onset for event in row[:2] if event is not None))


def _cells(event: SeenEvent | None, at: Callable[[int], float]) -> list[str]:
    if event is None:
        return ["", "", ""]
    return [f"{event.number} {event.kind or 'event'}", f"{at(event.onset):.2f}–{at(event.offset):.2f} s", event.content]

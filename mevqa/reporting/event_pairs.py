"""The coded and the detected events of one long video, matched one to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mevqa.data.events.rows import EventRow
from mevqa.events import Event
from mevqa.reporting.charts.timeline import DrawnEvent

#: Two intervals are the same event from this overlap on: the rule of MEGC since 2019 (See et al., FG 2019).
_IOU = 0.5


#: Events by their number in the order of time, from 1; answers cite detected events by this number as evidence.
NumberedEvents: TypeAlias = Mapping[int, Event]


def number_events(events: Iterable[Event]) -> NumberedEvents:
    """Return the events that have onset and offset by their number in the order of time."""
    return dict(enumerate(sorted((event for event in events if event.interval is not None), key=_interval), 1))


def _interval(event: Event) -> tuple[int, int]:
    assert event.interval is not None, "numbered events have one"
    return event.interval


def event_content(event: Event) -> tuple[str, str]:
    """Return the action units and the class of an event in words, empty where they are not known."""
    if isinstance(event, EventRow):
        return event.units, event.emotion or ""
    units = ", ".join(f"{unit.side} {unit.name}" if unit.side else unit.name for unit in event.action_units)
    return units, event.fine or event.coarse or ""


@dataclass(frozen=True, slots=True)
class EventPairs:
    """The coded and the detected events of a video, and which of them match.

    Attributes:
        coded: Events of the label file; None when there is none.
        detected: Events that were detected; None when nothing was looked for.
        partners: Number of a detected event and the overlap, by the number of the coded event; None when the two cannot
            be compared: one of them is None, or some coded events could not be placed.
    """

    coded: NumberedEvents | None
    detected: NumberedEvents | None
    partners: Mapping[int, tuple[int, float]] | None

    @property
    def summary(self) -> str:
        """Numbers of coded, detected, matched, missed and false events in words."""
        parts = [
            f"{len(events)} {name}"
            for name, events in (("coded", self.coded), ("found", self.detected))
            if events is not None
        ]
        if self.partners is None or self.coded is None or self.detected is None:
            return ", ".join(parts)
        same = len(self.partners)
        return f"{', '.join(parts)}: {same} matched, {len(self.coded) - same} missed, {len(self.detected) - same} false"


def pair_events(coded: NumberedEvents | None, detected: NumberedEvents | None, *, complete: bool = True) -> EventPairs:
    """Match coded and detected events one to one, as many as can be, from IoU 0.5 on, whatever their kinds.

    Args:
        coded: Events of the label file; None when there is none.
        detected: Events that were detected; None when nothing was looked for.
        complete: Whether ``coded`` is all that was coded; else a detected event without partner may be right.
    """
    import numpy as np

    from mevqa.intervals import iou_matrix, match

    if coded is None or detected is None or not complete:
        return EventPairs(coded, detected, None)
    references, detections = (
        np.array([_interval(event) for event in events.values()], dtype=float).reshape(-1, 2)
        for events in (coded, detected)
    )
    iou = iou_matrix(detections, references)
    pairs = match(iou, _IOU, "hungarian", detections, references, np.ones(len(detected)))
    ours, theirs = list(coded), list(detected)
    return EventPairs(coded, detected, {ours[column]: (theirs[row], float(iou[row, column])) for row, column in pairs})


def event_spans(
    pairs: EventPairs, at: Callable[[int], float]
) -> tuple[list[DrawnEvent] | None, list[DrawnEvent] | None]:
    """Return the coded and the detected events for a timeline.

    Args:
        pairs: The events.
        at: Gives the time of a frame, s.
    """
    partners = pairs.partners
    by_detected = {
        detected_number: (coded_number, iou) for coded_number, (detected_number, iou) in (partners or {}).items()
    }
    lanes: list[list[DrawnEvent] | None] = []
    for events, others, lane_partners, without in (
        (pairs.coded, pairs.detected, partners, "missed"),
        (pairs.detected, pairs.coded, by_detected if partners is not None else None, "false"),
    ):
        if events is None:
            lanes.append(None)
            continue
        spans = []
        for number, event in events.items():
            partner = None if lane_partners is None else lane_partners.get(number)
            note_parts = [_content(event), "" if event.score is None else f"score {event.score:.2f}"]
            if lane_partners is not None:
                note_parts.append(
                    without if partner is None else f"IoU {partner[1]:.2f} with {_number_and_kind(others, partner[0])}"
                )
            onset, offset = map(at, _interval(event))
            apex = None if event.apex is None else at(event.apex)
            matched = None if lane_partners is None else partner is not None
            note = ", ".join(filter(None, note_parts))
            spans.append(DrawnEvent(onset, offset, apex, event.kind, note, number, matched))
        lanes.append(spans)
    return lanes[0], lanes[1]


def _content(event: Event) -> str:
    """Return units and class in the words of evidence lines."""
    return "; ".join(filter(None, event_content(event)))


def _number_and_kind(events: NumberedEvents | None, number: int) -> str:
    assert events is not None
    return f"{number} ({events[number].kind or 'event'})"


def event_table(pairs: EventPairs, at: Callable[[int], float]) -> dict[str, Any]:
    """Return a table of all events in the order of time, plain values; a pair has one row.

    Args:
        pairs: The events.
        at: Gives the time of a frame, s.
    """
    lanes = [name for name, events in (("coded", pairs.coded), ("found", pairs.detected)) if events is not None]
    columns = [heading for name in lanes for heading in (name, "time", "units; class")]
    if pairs.detected is not None:
        columns.append("score")
    if pairs.partners is not None:
        columns.append("IoU")
    rows = []
    for coded_number, detected_number, iou in _aligned(pairs):
        both = ((pairs.coded, coded_number), (pairs.detected, detected_number))
        cells = [cell for events, number in both if events is not None for cell in _cells(events, number, at)]
        score = None if pairs.detected is None or detected_number is None else pairs.detected[detected_number].score
        if pairs.detected is not None:
            cells.append("" if score is None else f"{score:.2f}")
        result = ""
        if pairs.partners is not None:
            cells.append("" if iou is None else f"{iou:.2f}")
            result = "missed" if detected_number is None else "false" if coded_number is None else "matched"
        rows.append({"result": result, "cells": cells})
    return {"summary": pairs.summary, "columns": columns, "rows": rows}


def _aligned(pairs: EventPairs) -> list[tuple[int | None, int | None, float | None]]:
    """Return the numbers of (coded, detected) and their overlap in the order of time, every event once."""
    coded, detected = pairs.coded or {}, pairs.detected or {}
    partners = pairs.partners or {}
    rows: list[tuple[int, int | None, int | None, float | None]] = []
    for number, event in coded.items():
        other, iou = partners.get(number, (None, None))
        rows.append((_interval(event)[0], number, other, iou))
    taken = {other for other, _ in partners.values()}
    rows += [(_interval(event)[0], None, number, None) for number, event in detected.items() if number not in taken]
    return [row[1:] for row in sorted(rows, key=lambda row: row[0])]


def _cells(events: NumberedEvents, number: int | None, at: Callable[[int], float]) -> list[str]:
    if number is None:
        return ["", "", ""]
    event = events[number]
    onset, offset = map(at, _interval(event))
    return [f"{number} {event.kind or 'event'}", f"{onset:.2f}–{offset:.2f} s", _content(event)]

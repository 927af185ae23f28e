"""Spotted events matched with coded expressions: pairs and counts, as ``mevqa score --preset strict`` has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.events import KINDS, Event
from mevqa.intervals import Matching, iou_matrix, match
from mevqa.spotting.events import SpottedEvent

#: Least overlap of an event with what a coder marked (MEGC).
_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of references, detections and hits of a spotter.

    Attributes:
        references: Expressions that coders marked.
        detections: Events that the spotter found.
        hits: Detections where something was marked, one to one.
    """

    references: int
    detections: int
    hits: int

    @property
    def precision(self) -> float:
        """Share of the detections that are hits, 0 without detections."""
        return self.hits / max(self.detections, 1)

    @property
    def recall(self) -> float:
        """Share of the references that are hit, 0 without references."""
        return self.hits / max(self.references, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both, 0 without references and detections."""
        return 2 * self.hits / max(self.references + self.detections, 1)


def count_hits(videos: Sequence[tuple[Sequence[Event], Sequence[tuple[SpottedEvent, float]]]]) -> dict[str, Counts]:
    """Return counts by kind, of events that match what is marked of the same kind, and of both as ``overall``.

    Args:
        videos: What is marked in each, and its events with their scores.
    """
    by_kind = {}
    for kind in KINDS:
        references = detections = hits = 0
        for coded, detected in videos:
            marked = [span for span in coded if span.kind == kind]
            events = [(event, score) for event, score in detected if event.kind == kind]
            references, detections = references + len(marked), detections + len(events)
            scores = np.array([score for _, score in events], dtype=np.float64)
            hits += len(pairs([event for event, _ in events], marked, scores, "score"))
        by_kind[str(kind)] = Counts(references, detections, hits)
    sums = (sum(getattr(counts, name) for counts in by_kind.values()) for name in ("references", "detections", "hits"))
    return {**by_kind, "overall": Counts(*sums)}


def pairs(
    events: Sequence[SpottedEvent], coded: Sequence[Event], scores: NDArray[np.float64], matching: Matching
) -> list[tuple[int, int]]:
    """Return which event is which coded expression: one to one, by places in both."""
    detections = np.array([(event.onset, event.offset) for event in events], dtype=np.float64).reshape(-1, 2)
    references = np.array([(event.onset, event.offset) for event in coded], dtype=np.float64).reshape(-1, 2)
    return match(iou_matrix(detections, references, "inclusive"), _IOU, matching, detections, references, scores)

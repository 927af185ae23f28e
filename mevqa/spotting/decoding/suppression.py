"""Overlap of detections, and non-maximum suppression of those that overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable

from mevqa.spotting.decoding.types import Detection


def overlap(detection: Detection, other: Detection) -> float:
    """Return the intersection over union of two intervals of samples; the offset belongs to the interval."""
    shared = min(detection.offset, other.offset) - max(detection.onset, other.onset) + 1
    if shared <= 0:
        return 0.0
    return shared / (detection.offset - detection.onset + other.offset - other.onset + 2 - shared)


def suppress(detections: Iterable[Detection], most_overlap: float = 0.5) -> list[Detection]:
    """Return detections without those that overlap a surer one (non-maximum suppression), in the order of time.

    Args:
        detections: In any order.
        most_overlap: Intersection over union up to which both stay.
    """
    kept: list[Detection] = []
    for new in sorted(detections, key=_surest):
        if all(overlap(new, old) <= most_overlap for old in kept):
            kept.append(new)
    return sorted(kept)


def soft_suppress(detections: Iterable[Detection], sigma: float = 0.5, least_score: float = 0.0) -> list[Detection]:
    """Return detections whose scores fall the more they overlap surer ones (Gaussian soft-NMS), in the order of time.

    Bodla et al., ICCV 2017, eq. 3: a score is multiplied by exp(-IoU^2 / sigma) for each surer detection.

    Args:
        detections: In any order; scores must not be negative.
        sigma: Width of the Gaussian.
        least_score: Detections that fall below it are dropped.
    """
    left, kept = list(detections), []
    while left:
        best = min(left, key=_surest)
        left.remove(best)
        if best.score < least_score:
            break
        kept.append(best)
        left = [
            detection._replace(score=detection.score * math.exp(-(overlap(detection, best) ** 2) / sigma))
            for detection in left
        ]
    return sorted(kept)


def _surest(detection: Detection) -> tuple[float, int, int]:
    return -detection.score, detection.onset, detection.offset

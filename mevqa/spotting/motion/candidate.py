"""An event with what little is needed to time it again at full rate: of hours of video many are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.motion.curves import REST_MS, Curves, channels
from mevqa.video.face.regions import face_regions

if TYPE_CHECKING:
    from mevqa.spotting.events import SpottedEvent
    from mevqa.spotting.motion.detect import Candidate

Array = NDArray[np.float64]

#: Lids that do more than this share of the moving are not measured again: blinks and the other eye are not known there.
_LIDS = 0.5

#: So many durations of the event, and the time in which the face is usually at rest, are kept on both sides of it:
#: ``boundaries.follow`` looks no further.
_AROUND = 3.0


@dataclass(frozen=True, slots=True)
class Coarse:
    """The course of one expression as it was seen at the rate of finding, and its surroundings.

    Attributes:
        times_ms: [samples] evenly spaced.
        extent: [samples] along ``weights``, 1 at the apex, with any baseline.
        weights: [channels] direction of the expression without the lids, from ``channels()``.
        step_ms: Time between two samples.
    """

    times_ms: Array
    extent: Array
    weights: Array
    step_ms: float


@dataclass(frozen=True, slots=True)
class Found:
    """An event with what it was read from.

    Attributes:
        event: The event.
        candidate: What was detected.
        coarse: Its course; None when the lids do most of it.
        placement: [2, 3] where the canonical face lies at the onset.
    """

    event: SpottedEvent
    candidate: Candidate
    coarse: Coarse | None
    placement: Array


def coarse_course(candidate: Candidate, curves: Curves) -> Coarse | None:
    """Return the course of a candidate and its surroundings, None when the lids do most of it."""
    weights = _without_lids(candidate)
    if weights is None:
        return None
    reach = REST_MS + _AROUND * max(candidate.duration_ms, candidate.course.offset_ms - candidate.course.onset_ms)
    first, last = np.searchsorted(
        curves.times_ms, [candidate.course.onset_ms - reach, candidate.course.offset_ms + reach]
    )
    # A copy: a part of the curves would keep all of them.
    extent = curves.motion[first:last, channels()] @ weights
    return Coarse(curves.times_ms[first:last].copy(), extent, weights, curves.step_ms)


def _without_lids(candidate: Candidate) -> Array | None:
    """Return the direction of the expression without the lids, None when they do most of it."""
    lids = np.repeat([region.kind == "lid" for region in face_regions()], 2)
    energy = candidate.motion**2
    if energy[lids].sum() > _LIDS * energy.sum():
        return None
    weights = np.where(lids[channels()], 0.0, candidate.direction)
    size = float(weights @ candidate.motion[channels()])
    return weights / size if size > 0 else None

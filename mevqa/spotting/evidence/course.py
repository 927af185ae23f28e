"""An event with what little is needed to time it again at full rate: of hours of video many are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.evidence.boundaries import Course
from mevqa.spotting.tracking.curves import REST_MS, Curves, channels
from mevqa.video.face.regions import face_regions

if TYPE_CHECKING:
    from mevqa.spotting.events import SpottedEvent

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
class TracedEvent:
    """An event with the course and the placement from which it can be timed again.

    Attributes:
        event: The event.
        course: When it was found to be, at the rate of finding.
        duration_ms: About how long it lasts, as ``boundaries.follow`` takes it.
        coarse: Its course; None when the lids do most of it.
        placement: [2, 3] where the canonical face lies at the onset.
    """

    event: SpottedEvent
    course: Course
    duration_ms: float
    coarse: Coarse | None
    placement: Array


def extent(curves: Curves, course: Course) -> Array:
    """Return how far each region is at the apex from the line between onset and offset, [2 * regions]."""
    at = np.array([course.onset_ms, course.apex_ms, course.offset_ms])
    onset, apex, offset = np.array([np.interp(at, curves.times_ms, channel) for channel in curves.motion.T]).T
    share = (course.apex_ms - course.onset_ms) / max(course.offset_ms - course.onset_ms, 1e-9)
    return np.asarray(apex - (1 - share) * onset - share * offset)


def coarse_course(course: Course, duration_ms: float, direction: Array, motion: Array, curves: Curves) -> Coarse | None:
    """Return the course of an expression and its surroundings, None when the lids do most of it.

    Args:
        course: When it is.
        duration_ms: About how long it lasts.
        direction: [channels] weights that give its extent, 1 at its apex, from ``channels()``.
        motion: [2 * regions] displacement from rest to apex, eye distances.
        curves: The stretch.
    """
    weights = _without_lids(direction, motion)
    if weights is None:
        return None
    reach = REST_MS + _AROUND * max(duration_ms, course.offset_ms - course.onset_ms)
    first, last = np.searchsorted(curves.times_ms, [course.onset_ms - reach, course.offset_ms + reach])
    # A copy: a part of the curves would keep all of them.
    extent = curves.motion[first:last, channels()] @ weights
    return Coarse(curves.times_ms[first:last].copy(), extent, weights, curves.step_ms)


def _without_lids(direction: Array, motion: Array) -> Array | None:
    """Return the direction of the expression without the lids, None when they do most of it."""
    lids = np.repeat([region.kind == "lid" for region in face_regions()], 2)
    energy = motion**2
    if energy[lids].sum() > _LIDS * energy.sum():
        return None
    weights = np.where(lids[channels()], 0.0, direction)
    size = float(weights @ motion[channels()])
    return weights / size if size > 0 else None

"""When an expression is, in frames and in ms, and of which kind that makes it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mevqa.events import Kind, Rule, kind_of
from mevqa.spotting.evidence.boundaries import Course


class Timed(NamedTuple):
    """When an event is, in frames and in ms, and of which kind that makes it; fields as those of ``Event``."""

    onset: int
    apex: int
    offset: int
    onset_ms: float
    apex_ms: float
    offset_ms: float
    kind: Kind


def timed(
    course: Course, step_ms: float, rule: Rule, frames: NDArray[np.int64], times_ms: NDArray[np.float64]
) -> Timed:
    """Return when an expression is.

    Args:
        course: Its times.
        step_ms: Time between two samples: no duration is known to less than half of it.
        rule: How micro- and macro-expressions are told apart.
        frames: [n] indices of frames.
        times_ms: [n] their times, ascending.
    """
    at = (course.onset_ms, course.apex_ms, course.offset_ms)
    onset, apex, offset = (round(float(np.interp(ms, times_ms, frames))) for ms in at)
    kind = kind_of(course.onset_ms, course.apex_ms, course.offset_ms - step_ms / 2, rule)
    return Timed(onset, apex, offset, *at, kind)

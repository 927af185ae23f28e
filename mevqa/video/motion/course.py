"""Time courses of expressions: fast rise, creep, hold and a return that may be incomplete, in many variants."""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Array = NDArray[np.float64]

#: Onset, apex and offset in ms as far as they are known.
Known = tuple[float | None, float | None, float | None]

#: Prior of an expression: total duration and the apex's place in it. Median durations of 372 to 467 ms and places of
#: 0.43 to 0.44 in SAMM and CAS(ME)^2 (computed from their label files); 380 ms and 0.44 stand for them.
PRIOR_DURATION_MS = 380.0
PRIOR_APEX = 0.44

#: Where something is seen, the prior is wide: log-normal in the duration (a factor of 1.8), normal in the apex's place
#: about 0.38, between those data sets and CAS(ME)^3 (0.29, likewise).
_DURATION_SPREAD = np.log(1.8)
_APEX_AT = 0.38
_APEX_SPREAD = 0.15

#: Rise and fall times of the coarse courses, ms: from the fastest expressions known (rise of two frames at 30 fps) to
#: slow ones.
_HALVES_MS = (50.0, 95.0, 160.0, 250.0, 390.0, 650.0)

#: Variants of each coarse course (shoulder, its place, hold, sag, rest): plain, and held, both with full and with
#: incomplete return.
_PLAIN = (1.0, 1.0, 0.0, 0.0, 0.0)
_VARIANTS = (_PLAIN, (1.0, 1.0, 0.0, 0.0, 0.4), (0.8, 0.5, 0.35, 0.08, 0.0), (0.8, 0.5, 0.35, 0.08, 0.4))

#: Exponent of the creep: it slows down towards the apex.
_CREEP = 1.5

#: Ranges of the fine courses: the shoulder and its place, share of the fall that is held, sag, rest; and the shares of
#: courses without creep, hold and rest.
_SHOULDERS = (0.55, 0.98)
_SHOULDERS_AT = (0.2, 0.85)
_HOLDS = (0.0, 0.68)
_SAGS = (0.0, 0.2)
_RESTS = (0.0, 0.5)
_WITHOUT = (0.3, 0.25, 0.3)

#: Number of fine courses around the best coarse one, a power of two; no expression is shorter than this, ms.
_FINE = 4096
_SHORTEST_MS = 80.0


#: Places of the apex that are tried first, at most: one every 20 ms of 8 s, further apart in longer clips.
_MOST_APEXES = 400


class Courses(NamedTuple):
    """Many courses, one value of each field a course.

    Attributes:
        apex: When the extent is largest, ms.
        rise: From onset to apex, ms.
        fall: From apex to offset, ms.
        shoulder: Extent that the fast rise reaches, of 1 at the apex.
        shoulder_at: Share of the rise that it takes.
        hold: Share of the fall in which the expression is held.
        sag: Share of the extent that is lost meanwhile.
        rest: Extent that is left from the offset on.
    """

    apex: Array
    rise: Array
    fall: Array
    shoulder: Array
    shoulder_at: Array
    hold: Array
    sag: Array
    rest: Array

    def at(self, chosen: Array | NDArray[np.bool_] | NDArray[np.int64]) -> Courses:
        """Return some of them, by mask or by numbers."""
        return Courses(*(values[chosen] for values in self))

    def extents(self, times_ms: Array) -> Array:
        """Return the extent of each course at some times, [courses, samples]: 0 up to the onset, 1 at the apex."""
        apex, rise, fall, shoulder, shoulder_at, hold, sag, rest = (values[:, None] for values in self)
        up = np.clip((times_ms - apex + rise) / np.maximum(rise, 1e-9), 0.0, 1.0)
        fast = _cosine(np.clip(up / shoulder_at, 0.0, 1.0))
        risen = shoulder * fast + (1.0 - shoulder) * (1.0 - (1.0 - up) ** _CREEP)
        down = np.clip((times_ms - apex) / np.maximum(fall, 1e-9), 0.0, 1.0)
        held = 1.0 - sag * np.clip(down / np.maximum(hold, 1e-9), 0.0, 1.0)
        released = _cosine(np.clip((down - hold) / (1.0 - hold), 0.0, 1.0))
        return np.asarray(risen * (rest + (1.0 - rest) * held * (1.0 - released)))

    def log_prior(self) -> Array:
        """Return the logarithm of how usual their durations and places of the apex are, up to a constant."""
        duration = self.rise + self.fall
        usual = -0.5 * (np.log(duration / PRIOR_DURATION_MS) / _DURATION_SPREAD) ** 2
        return np.asarray(usual - 0.5 * ((self.rise / duration - _APEX_AT) / _APEX_SPREAD) ** 2)


def plain(onset_ms: float, apex_ms: float, offset_ms: float) -> Courses:
    """Return one course that rises and falls as raised cosines."""
    values = (apex_ms, apex_ms - onset_ms, offset_ms - apex_ms, *_PLAIN)
    return Courses(*(np.array([value]) for value in values))


def coarse_courses(times_ms: Array, known: Known) -> Courses:
    """Return courses all over a clip that agree with what is known."""
    first, last = times_ms[0], times_ms[-1]
    count = min(max(3, int((last - first) / 20) + 1), _MOST_APEXES)
    apexes = np.linspace(first, last, count) if known[1] is None else [known[1]]
    times = np.array(list(itertools.product(apexes, _HALVES_MS, _HALVES_MS)))
    rows = [np.hstack([times, np.tile(variant, (len(times), 1))]) for variant in _VARIANTS]
    courses = Courses(*np.vstack(rows).T)
    onset_ms, _, offset_ms = known
    if onset_ms is not None:
        courses = courses._replace(rise=courses.apex - onset_ms)
    if offset_ms is not None:
        courses = courses._replace(fall=offset_ms - courses.apex)
    return _fitting(courses, times_ms)


def fine_courses(best: Courses, times_ms: Array, known: Known) -> Courses:
    """Return courses around one of the coarse ones, of every shape that spontaneous expressions are known to have."""
    points = _cube_points()
    onset, offset = float(best.apex[0] - best.rise[0]), float(best.apex[0] + best.fall[0])
    onset_ms, apex_ms, offset_ms = known
    around = offset - onset
    begin = onset + (points[0] - 0.5) * (80.0 + 0.5 * around) if onset_ms is None else np.full(_FINE, onset_ms)
    end = offset + (points[1] - 0.4) * (100.0 + 0.9 * around) if offset_ms is None else np.full(_FINE, offset_ms)
    if offset_ms is None:
        end = np.maximum(end, begin + _SHORTEST_MS)
    elif onset_ms is None:
        begin = np.minimum(begin, end - _SHORTEST_MS)
    apex = begin + (end - begin) * (0.12 + 0.75 * points[2]) if apex_ms is None else np.full(_FINE, apex_ms)
    creeps, holds, rests = (points[axis] > share for axis, share in zip((3, 6, 8), _WITHOUT, strict=True))
    courses = Courses(
        apex,
        apex - begin,
        end - apex,
        shoulder=np.where(creeps, _between(_SHOULDERS, points[4]), 1.0),
        shoulder_at=np.where(creeps, _between(_SHOULDERS_AT, points[5]), 1.0),
        hold=np.where(holds, _between(_HOLDS, (points[6] - _WITHOUT[1]) / (1 - _WITHOUT[1])), 0.0),
        sag=np.where(holds, _between(_SAGS, points[7]), 0.0),
        rest=np.where(rests, _between(_RESTS, (points[8] - _WITHOUT[2]) / (1 - _WITHOUT[2])), 0.0),
    )
    return _fitting(courses, times_ms)


@functools.cache
def _cube_points() -> Array:
    """Return points that fill the unit cube of nine dimensions evenly, [9, courses]: always the same."""
    return np.asarray(qmc.Sobol(9, seed=0).random(_FINE).T)


def _fitting(courses: Courses, times_ms: Array) -> Courses:
    """Return the courses that a clip may hold."""
    step = float(np.median(np.diff(times_ms)))
    inside = (courses.rise > 0) & (courses.fall > 0)
    # A clip that was cut at onset and offset may have lost a part of the slow ends, never the apex.
    inside &= courses.apex - 0.6 * courses.rise >= times_ms[0] - step
    inside &= courses.apex + np.where(courses.rest > 0, 0.3, 0.6) * courses.fall <= times_ms[-1] + step
    inside &= courses.apex <= times_ms[-1]
    return courses.at(inside)


def _between(limits: tuple[float, float], share: Array) -> Array:
    return np.asarray(limits[0] + (limits[1] - limits[0]) * share)


def _cosine(progress: Array) -> Array:
    """Ease from 0 to 1."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * progress))

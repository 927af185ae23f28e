"""Matched filters for expressions: how far each region has moved from where it is before and after.

A filter compares the middle of a window with both of its ends, as the skip-k differential of the field does (flow from
i - k to i against flow from i - k to i + k), for every duration; drift that is straight within the window and what a
head moves smoothly cancel. The response is in eye distances: the size of an expression of that shape.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

Array = NDArray[np.float64]

#: Durations of the bank, ms, and the share of the fall in which an expression of that duration is held.
DURATIONS_MS = (160.0, 230.0, 320.0, 440.0, 620.0, 900.0, 1300.0, 1900.0, 2800.0, 4200.0)
_HELD_FROM_MS = 600.0
_HOLD = 0.4

#: Place of the apex (datasets.md: median 0.43 to 0.44 of micro-, 0.35 to 0.44 of macro-expressions).
_APEX = 0.44

#: Surroundings on both sides that belong to a window, as a share of the duration, and at least, ms.
_AROUND = 0.4
_AROUND_MS = 130.0

#: What wanders besides noise: a smooth Gaussian process, its time scale in ms and its deviation in units of the noise
#: (as in ``mevqa.video.motion.curve``).
_HEAD_MS = 500.0
_HEAD = 4.0


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter.

    Attributes:
        duration_ms: Of the expressions that it is made for.
        taps: [2 * half + 1] weights around the middle of the expression.
    """

    duration_ms: float
    taps: Array

    @property
    def half(self) -> int:
        """Samples on each side of the middle."""
        return len(self.taps) // 2

    def __call__(self, motion: Array) -> Array:
        """Return the response at every sample [samples, channels]; the ends are continued as they are."""
        padded = np.pad(motion, ((self.half, self.half), (0, 0)), mode="edge")
        return np.asarray(oaconvolve(padded, self.taps[::-1, None], mode="valid", axes=0), dtype=np.float64)


@functools.lru_cache(maxsize=8)
def bank(step_ms: float) -> tuple[Filter, ...]:
    """Return the filters for curves with ``step_ms`` between samples; durations of under three samples are left out."""
    filters = []
    for duration in DURATIONS_MS:
        if duration >= 3 * step_ms:
            half = int(np.ceil((duration / 2 + max(_AROUND_MS, _AROUND * duration)) / step_ms))
            times = np.asarray(step_ms * np.arange(-half, half + 1), dtype=np.float64)
            filters.append(Filter(duration, _taps(times, duration)))
    return tuple(filters)


def shape(times_ms: Array, duration_ms: float) -> Array:
    """Return an expression of a duration with its middle at 0: raised cosines, long ones held at the apex."""
    apex = (_APEX - 0.5) * duration_ms
    hold = _HOLD if duration_ms > _HELD_FROM_MS else 0.0
    rise, fall = _APEX * duration_ms, (1 - _APEX) * duration_ms
    rising = np.clip((times_ms - apex) / rise + 1, 0.0, 1.0)
    falling = np.clip(((times_ms - apex) / fall - hold) / (1 - hold), 0.0, 1.0)
    return np.asarray((0.5 - 0.5 * np.cos(np.pi * rising)) * (0.5 + 0.5 * np.cos(np.pi * falling)))


def _taps(times_ms: Array, duration_ms: float) -> Array:
    """Return the generalised least squares estimate of the size, with a straight baseline fitted beside it."""
    distance = times_ms[:, None] - times_ms[None, :]
    covariance = np.eye(len(times_ms)) + _HEAD**2 * np.exp(-0.5 * (distance / _HEAD_MS) ** 2)
    inverse = np.linalg.inv(covariance)
    baseline = np.stack([np.ones_like(times_ms), times_ms / max(float(np.abs(times_ms).max()), 1.0)], axis=1)
    carried = inverse @ baseline
    precision = inverse - carried @ np.linalg.solve(baseline.T @ carried, carried.T)
    template = shape(times_ms, duration_ms)
    weighted = precision @ template
    return np.asarray(weighted / (weighted @ template))

"""Onset, apex and offset of one expression, read from its curve: up the hill to the apex, down to both valleys."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.tracking.curves import REST_MS

Array = NDArray[np.float64]

#: A walk downhill goes on over bumps of up to this share of the height.
_BUMP = 0.12

#: It ends at the latest after so many durations of the filter, and so many ms.
_FARTHEST = 1.6
_FARTHEST_MS = 250.0

#: A fall is over where the curve loses less than this share of what it loses where it is steepest, in so many ms or
#: this share of the way to the valley.
_KNEE = 0.2
_KNEE_MS = 100.0
_KNEE_SHARE = 0.15

#: A raised cosine is that slow from this share of its length on: the slope of its foot is a sine.
_SLOW_FROM = 1 - math.asin(_KNEE) / math.pi

#: The foot of a raised cosine is slow too: what lasts for less than this share of the fall belongs to it.
_EBB = 0.25

#: Between these shares of the height a flank is straight enough to be measured; a raised cosine is fitted there and
#: continued to the foot, which itself is hidden in noise.
_FLANK = (0.12, 0.88)

#: Near the apex, of this height, samples are weighed to find its time.
_CROWN = 0.9


@dataclass(frozen=True, slots=True)
class Course:
    """An expression in time, ms.

    Attributes:
        onset_ms: When it begins.
        apex_ms: When it is largest.
        offset_ms: When it ends.
    """

    onset_ms: float
    apex_ms: float
    offset_ms: float


def follow(curve: Array, times_ms: Array, near: int, duration_ms: float) -> Course:
    """Read the course of an expression.

    Args:
        curve: [samples] extent of the expression, about 1 at its apex, with any baseline.
        times_ms: [samples] ascending.
        near: A sample near its middle.
        duration_ms: About how long it lasts.
    """
    reach = max(1, int(np.searchsorted(times_ms, times_ms[near] + duration_ms / 2) - near))
    low, high = max(0, near - reach), min(len(curve), near + reach + 1)
    top = low + int(np.argmax(_smooth(curve)[low:high]))
    farthest = _FARTHEST * duration_ms + _FARTHEST_MS
    around = np.abs(times_ms - times_ms[top]) <= REST_MS / 2
    height = float(curve[top] - np.median(curve[around]))
    left = _walk(curve[: top + 1][::-1], times_ms[top] - times_ms[: top + 1][::-1], farthest, height)
    right = _walk(curve[top:], times_ms[top:] - times_ms[top], farthest, height)
    right = _knee(_smooth(curve)[top : top + right + 1], times_ms[top : top + right + 1] - times_ms[top])
    onset = times_ms[top] - _foot(
        curve[top - left : top + 1][::-1], times_ms[top] - times_ms[top - left : top + 1][::-1]
    )
    offset = times_ms[top] + _foot(curve[top : top + right + 1], times_ms[top : top + right + 1] - times_ms[top])
    apex = _crown(curve, times_ms, top, top - left, top + right)
    return Course(float(min(onset, apex)), apex, float(max(offset, apex)))


def _walk(curve: Array, distance_ms: Array, farthest_ms: float, height: float) -> int:
    """Return how many samples downhill from the first one the valley lies; ``height`` is about that of the hill."""
    valley = 0
    for step in range(1, len(curve)):
        if distance_ms[step] > farthest_ms:
            break
        if curve[step] < curve[valley]:
            valley = step
        elif curve[step] - curve[valley] > _BUMP * max(curve[0] - curve[valley], height, 1e-9):
            break
    return valley


def _knee(curve: Array, distance_ms: Array) -> int:
    """Return how many samples downhill from the first one the fall is over, though the curve may creep on.

    Expressions do not come back to rest at once: what is left of them ebbs away slowly, and no coder waits for that.
    """
    ahead = int(np.searchsorted(distance_ms, max(_KNEE_MS, _KNEE_SHARE * float(distance_ms[-1]))))
    last = len(curve) - 1
    if ahead < 1 or last < 2 * ahead:
        return last
    falls = curve[:-ahead] - curve[ahead:]
    steepest = int(falls.argmax())
    slow = np.flatnonzero(falls[steepest:] < _KNEE * falls[steepest])
    if not len(slow):
        return last
    knee = steepest + int(slow[0]) + ahead // 2
    if distance_ms[-1] - distance_ms[knee] <= _EBB * distance_ms[knee]:
        return last
    return min(int(np.searchsorted(distance_ms, distance_ms[knee] / _SLOW_FROM)), last)


def _foot(curve: Array, distance_ms: Array) -> float:
    """Return how far from the top a hill ends, ms.

    A raised cosine falls as (1 + cos(pi x)) / 2: arccos makes its flank a straight line, which is fitted and continued.

    Args:
        curve: [samples] from the top to the valley.
        distance_ms: [samples] from the top.
    """
    if len(curve) < 2 or curve[0] - curve[-1] < 1e-9:
        return float(distance_ms[-1])
    height = (curve - curve[-1]) / max(curve[0] - curve[-1], 1e-9)
    phase = np.arccos(np.clip(2 * height - 1, -1.0, 1.0)) / np.pi
    low, high = _FLANK
    # The flank begins where the height is left for the last time and ends where the foot is first reached.
    begin = int(np.flatnonzero(height >= high)[-1])
    under = np.flatnonzero(height[begin:] <= low)
    end = begin + int(under[0]) if len(under) else len(curve) - 1
    on = np.arange(begin + 1, end)
    if len(on) >= 3:
        slope, start = np.polyfit(distance_ms[on], phase[on], 1)
        if slope > 0:
            return float(np.clip((1 - start) / slope, distance_ms[end - 1], distance_ms[-1]))
    # Too steep for that. A raised cosine takes a third of its time from three quarters to a quarter of its height, and
    # a third from there to its foot.
    upper, lower = (float(np.interp(-h, -height[begin : end + 1], distance_ms[begin : end + 1])) for h in (0.75, 0.25))
    return float(np.clip(lower + (lower - upper), distance_ms[begin], distance_ms[-1]))


def _crown(curve: Array, times_ms: Array, top: int, first: int, last: int) -> float:
    """Return the time of the apex: the vertex of a parabola through the samples at the top."""
    level = max(curve[first], curve[last])
    lower = top
    while lower > first and curve[lower - 1] >= level + _CROWN * (curve[top] - level):
        lower -= 1
    upper = top
    while upper < last and curve[upper + 1] >= level + _CROWN * (curve[top] - level):
        upper += 1
    lower, upper = max(first, lower - 1), min(last, upper + 1)
    if upper - lower < 2 or times_ms[upper] - times_ms[lower] > 300:
        return float(times_ms[top])
    at = times_ms[lower : upper + 1] - times_ms[top]
    bend, slope, _ = np.polyfit(at, curve[lower : upper + 1], 2)
    if bend >= 0:
        return float(times_ms[top])
    # Where one flank is steep and the other is not, the parabola leans: it only places the apex between samples.
    step = float(np.diff(at).max())
    return float(times_ms[top] + np.clip(-slope / (2 * bend), max(at[0], -step), min(at[-1], step)))


def _smooth(curve: Array) -> Array:
    """Return the mean of three neighbours."""
    padded = np.pad(curve, 1, mode="edge")
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)

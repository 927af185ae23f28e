"""Frame rate and presentation times: what the user says, else what the file says where it makes sense."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

#: Rates outside are not those of footage: stills carry 1/90000, broken headers 1000000 or 90000.
_SANE_FPS = (0.1, 5000.0)

#: How far the container's average frame duration may lie from the median of the timestamps, beside one tick of its
#: clock. Further off, the rate varies (or the header is wrong) and the median tells more about a short expression.
_TOLERANCE = 0.02

#: Rates that differ by no more than this share are one rate: tables round it.
_SAME_RATE = 1e-4

#: For media that say nothing (a folder of frames without ``fps``); ``Timing.source`` is then ``assumed``.
ASSUMED_FPS = 30.0


#: A longer step between two frames is a gap, ms and median steps of the footage; it is taken to be so long.
_GAP_MS = 1000.0
_GAP_STEPS = 4.0


@dataclass(frozen=True)
class Timing:
    """Frame rate and presentation times of frames.

    Attributes:
        fps: Frames per second.
        source: Where ``fps`` comes from.
        times_ms: float64 ``[frames]``, ms, the first is 0.
    """

    fps: float
    source: Literal["given", "metadata", "timestamps", "assumed"]
    times_ms: np.ndarray


def decide_timing(
    count: int,
    given: float | None,
    metadata: Fraction | float | None = None,
    times_ms: np.ndarray | None = None,
    tick_ms: float = 0.0,
) -> Timing:
    """Choose the frame rate and the times of ``count`` frames.

    Args:
        count: Number of frames.
        given: The rate by the user or a data set; wins over everything, and the times become ``i / given``. One that
            the container tells too says nothing new: then its times hold, which may vary.
        metadata: The container's average rate.
        times_ms: The container's own strictly increasing times ``[count]`` from 0, None when it has none.
        tick_ms: Resolution of those times (1 ms in Matroska: 300 frames per second are stored 3 or 4 ms apart).
    """
    media_timing = _media_timing(count, metadata, times_ms, tick_ms)
    if given is None or (
        media_timing.times_ms is times_ms and abs(given - media_timing.fps) <= _SAME_RATE * media_timing.fps
    ):
        return media_timing
    return Timing(float(given), "given", _regular(count, given))


def _media_timing(count: int, metadata: Fraction | float | None, times_ms: np.ndarray | None, tick_ms: float) -> Timing:
    """Return the rate and times that the container tells, or that are assumed; arguments as for ``decide_timing``."""
    rate = float(metadata) if metadata else 0.0
    if times_ms is None or count < 2:
        if _sane(rate):
            return Timing(rate, "metadata", _regular(count, rate))
        return Timing(ASSUMED_FPS, "assumed", _regular(count, ASSUMED_FPS))
    step = float(np.median(np.diff(times_ms)))
    if _sane(rate) and abs(1000.0 / rate - step) <= _TOLERANCE * step + tick_ms:
        return Timing(rate, "metadata", times_ms)
    if _sane(1000.0 / step):
        return Timing(1000.0 / step, "timestamps", times_ms)
    return Timing(ASSUMED_FPS, "assumed", _regular(count, ASSUMED_FPS))


def _sane(fps: float) -> bool:
    return _SANE_FPS[0] <= fps <= _SANE_FPS[1]


def _regular(count: int, fps: float) -> np.ndarray:
    times: np.ndarray = np.arange(count, dtype=np.float64) * (1000.0 / fps)
    return times


def longest_step(usual_ms: float) -> float:
    """Return how long a step between two frames may be that is no gap, ms.

    Args:
        usual_ms: How long the footage's steps are otherwise.
    """
    return max(_GAP_MS, _GAP_STEPS * usual_ms)


def without_gaps(times_ms: np.ndarray) -> np.ndarray:
    """Return times with every gap shortened, for what is laid on an even grid or searched in windows of time.

    Timestamps may jump by days: a recorder was paused, or the file is damaged. Nothing is known of the gap, and a grid
    over it would fill memory.

    Args:
        times_ms: [frames] ascending times.
    """
    steps = np.diff(times_ms)
    if not len(steps):
        return times_ms
    longest = longest_step(float(np.median(steps)))
    if steps.max() <= longest:
        return times_ms
    return np.concatenate([times_ms[:1], times_ms[0] + np.cumsum(np.minimum(steps, longest))])

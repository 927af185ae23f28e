"""Times of the frames of a long video: steps of a fine clock, with jitter and lost frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mevqa.synthetic.long_profiles.profile import RecordingQuantities
from mevqa.video.decoding.timing import decide_timing

Ticks = NDArray[np.int64]


def draw_ticks(
    rng: np.random.Generator, seconds: float, fps: float, camera: RecordingQuantities
) -> tuple[Ticks, NDArray[np.bool_]]:
    """Draw the times of the frames of a video and which of them are lost.

    Args:
        rng: Decides everything.
        seconds: Length of the video.
        fps: Frames per second that the camera is set to.
        camera: Jitter and losses.

    Returns:
        [frames] steps of the clock, strictly ascending from 0, and [frames] whether the frame is lost; never the first
        and never two bursts in a row.
    """
    count = max(2, round(seconds * fps))
    jitter = rng.normal(0.0, camera.jitter_ms * camera.clock / 1000, count)
    # A frame that is late beyond the middle to the next one would be taken for it.
    half = 0.45 * camera.clock / fps
    ticks = np.rint(np.arange(count) * camera.clock / fps + np.clip(jitter, -half, half)).astype(np.int64)
    ticks[0] = 0
    ticks = np.maximum.accumulate(ticks - np.arange(count)) + np.arange(count)
    lost = np.zeros(count, np.bool_)
    mean_burst = sum(camera.burst) / 2
    for start in np.flatnonzero(rng.random(count) < camera.dropped / mean_burst):
        length = int(rng.integers(camera.burst[0], camera.burst[1] + 1))
        first, last = max(1, int(start)), min(int(start) + length, count - 1)
        if not lost[max(first - 1, 0) : last + 1].any():
            lost[first:last] = True
    return ticks, lost


def kept_ticks(ticks: Ticks, lost: NDArray[np.bool_], spans: list[tuple[int, int, int]]) -> Ticks:
    """Return the times of the frames that are written.

    A frame is given back where without it an expression would not have its onset, apex and offset at frames of their
    own.

    Args:
        ticks: From ``draw_ticks``.
        lost: Likewise.
        spans: Onset, apex and offset of each expression, steps of the clock.
    """
    lost = lost.copy()
    for onset, apex, offset in spans:
        remaining = ticks[~lost]
        if not (onset < remaining[nearest(remaining, apex)] < offset):
            lost[(ticks > onset) & (ticks < offset)] = False
    return ticks[~lost]


def nearest(ticks: Ticks, tick: int) -> int:
    """Return the number of the frame whose time is nearest to a step of the clock."""
    after = int(np.searchsorted(ticks, tick))
    if after == 0 or after == len(ticks):
        return min(after, len(ticks) - 1)
    return after if ticks[after] - tick < tick - ticks[after - 1] else after - 1


def frame_rate(ticks: Ticks, clock: int, fps: float) -> float:
    """Return the frames a second that a reader of the file sees: the average, or the usual rate where many are lost.

    Args:
        ticks: Of the frames that are written.
        clock: Steps a second.
        fps: Frames a second that the camera is set to; the last frame is shown so long.
    """
    times_ms = ticks * (1000.0 / clock)
    average = len(ticks) / (float(ticks[-1]) / clock + 1.0 / fps)
    return decide_timing(len(ticks), None, average, times_ms).fps

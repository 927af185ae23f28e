"""The motion of a record at even steps of time, without head and blinks: what every view of it is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.features.types import MotionRecord
from mevqa.spotting.tracking.curves import REST_MS, running_median, runs, without_head_and_blinks
from mevqa.spotting.tracking.pace import FIND_FPS
from mevqa.video.decoding.timing import longest_step, without_gaps
from mevqa.video.face.regions import network_regions

Array = NDArray[np.float64]

#: Time between two samples of a series: 30 a second, the rate of most published features.
STEP_MS = 1000.0 / FIND_FPS


@dataclass(frozen=True, slots=True, eq=False)
class EvenMotion:
    """The regions' motion at even steps of time.

    Attributes:
        step_ms: Time from one sample to the next, but where the video's timestamps jump.
        times_ms: [samples] from the first frame to the last.
        frames: [samples] the nearest frame of the footage to each.
        motion: [samples, regions, 2] displacement right and down, eye distances, from an arbitrary level of each
            stretch; 0 outside of stretches.
        stretch: [samples] number of the stretch; -1 outside, and motion is compared within a stretch only.
        measured: [samples] whether the face was measured there: False also where a short gap of a stretch is bridged.
    """

    step_ms: float
    times_ms: Array
    frames: NDArray[np.int64]
    motion: Array
    stretch: NDArray[np.int32]
    measured: NDArray[np.bool_]

    def from_rest(self) -> Array:
        """Return the motion from where the face usually is: the median of ``REST_MS`` around, within each stretch."""
        flat = self.motion.reshape(len(self.motion), 2 * self.motion.shape[1]).copy()
        for number in np.unique(self.stretch[self.stretch >= 0]):
            for begin, end in runs(self.stretch == number):
                for channel in flat[begin:end].T:
                    channel -= running_median(channel, self.times_ms[begin:end], REST_MS)
        return flat.reshape(self.motion.shape)


def even_motion(record: MotionRecord, step_ms: float = STEP_MS) -> EvenMotion:
    """Return the motion of a record at even steps of time, of frames at any times.

    Args:
        record: As ``measure`` returns it.
        step_ms: Time between two samples.

    Raises:
        ValueError: The step is not positive, or the record is of other regions.
    """
    if not step_ms > 0:
        raise ValueError(f"the step must be positive, not {step_ms} ms")
    regions = network_regions()
    if record.regions != tuple(region.name for region in regions):
        raise ValueError("the record is of other regions than are measured now; measure the video anew")
    # A jump of the timestamps would fill memory: it is shortened here, and given back at the end.
    clock = np.asarray(without_gaps(record.times_ms), np.float64)
    if len(clock) < 2:
        return _without_motion(record, step_ms, len(regions))
    grid = clock[0] + step_ms * np.arange(int((clock[-1] - clock[0]) / step_ms + 1e-6) + 1)
    motion = np.zeros((len(grid), len(regions), 2))
    stretch = np.full(len(grid), -1, np.int32)
    measured = np.zeros(len(grid), dtype=bool)
    measured_samples = np.flatnonzero(record.missing == 0)
    for rows in np.split(measured_samples, np.flatnonzero(np.diff(record.stretch[measured_samples])) + 1):
        if len(rows) < 2:
            continue
        times = clock[rows]
        steady, _ = without_head_and_blinks(
            record.displacement[rows].astype(np.float64),
            record.mismatch[rows].astype(np.float64),
            record.times_ms[rows],
            regions,
        )
        span = slice(int(np.searchsorted(grid, times[0] - 1e-6)), int(np.searchsorted(grid, times[-1] + 1e-6)))
        columns = [np.interp(grid[span], times, channel) for channel in steady.reshape(len(rows), -1).T]
        motion[span] = np.stack(columns, axis=1).reshape(-1, len(regions), 2)
        stretch[span] = record.stretch[rows[0]]
        measured[span] = _within(grid[span], times)
    measured &= record.missing[_nearest(grid, clock)] == 0
    frames = np.rint(np.interp(grid, clock, record.frames)).astype(np.int64)
    return EvenMotion(step_ms, np.interp(grid, clock, record.times_ms), frames, motion, stretch, measured)


def _without_motion(record: MotionRecord, step_ms: float, regions: int) -> EvenMotion:
    """Return the motion of a record of one frame or none, in which nothing can move."""
    count = len(record.frames)
    nowhere, unmeasured = np.full(count, -1, np.int32), np.zeros(count, dtype=bool)
    motion = np.zeros((count, regions, 2))
    return EvenMotion(step_ms, record.times_ms, record.frames, motion, nowhere, unmeasured)


def _within(grid: Array, times: Array) -> NDArray[np.bool_]:
    """Return which samples lie between two measurements that are no further apart than single lost frames make them."""
    steps = np.diff(times)
    after = np.searchsorted(times, grid).clip(1, len(times) - 1)
    on = np.abs(grid - times[_nearest(grid, times)]) < 1e-6
    return np.asarray(on | (steps[after - 1] <= longest_step(float(np.median(steps)))))


def _nearest(grid: Array, times: Array) -> NDArray[np.int64]:
    """Return the place of the time next to each sample, of two times at least."""
    after = np.searchsorted(times, grid).clip(1, len(times) - 1)
    return np.asarray(np.where(grid - times[after - 1] <= times[after] - grid, after - 1, after), np.int64)

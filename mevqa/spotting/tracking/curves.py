"""From readings of single frames to curves of facial motion on an even grid of time, stretch by stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.tracking.tracker import UNLIKE
from mevqa.video.face.head_motion import without_head
from mevqa.video.face.regions import Region, face_regions

if TYPE_CHECKING:
    from mevqa.spotting.tracking.tracker import Reading

Array = NDArray[np.float64]

#: Closed lids differ from open ones by at least this part of their contrast, and by so many deviations (as in
#: ``mevqa.video.face.head_motion``); the usual level is the median of so many ms around.
_CLOSED = 0.12
_CLOSED_DEVIATIONS = 6.0
_LEVEL_MS = 4000.0

#: The face is usually where it is at the median of so many ms.
REST_MS = 8000.0

#: What is left of a blink in the picture after the lids have come to rest, ms on both sides.
_BLINK_EDGE_MS = 34.0

#: The shortest stretch that can hold an expression and its surroundings, ms.
SHORTEST_MS = 400.0


@dataclass(frozen=True, slots=True)
class Curves:
    """One stretch of joined curves.

    Attributes:
        times_ms: [samples] evenly spaced.
        motion: [samples, 2 * regions] displacement right and down of each region, without head and blinks, eye
            distances.
        mismatch: [samples, regions] what motion and brightness do not explain, relative to each region's contrast.
        blinking: [samples] whether the eyes close, are closed or open.
        number: Of the stretch.
    """

    times_ms: Array
    motion: Array
    mismatch: Array
    blinking: NDArray[np.bool_]
    number: int

    @property
    def step_ms(self) -> float:
        """Time between two samples."""
        return float(self.times_ms[1] - self.times_ms[0])


def join(readings: Sequence[Reading]) -> list[Curves]:
    """Return the curves of every stretch that is long enough.

    Args:
        readings: In the order of time.
    """
    measured = (reading for reading in readings if not reading.missing)
    stretches = (list(group) for _, group in groupby(measured, key=lambda reading: reading.stretch))
    return [_curves(stretch) for stretch in stretches if is_long([reading.ms for reading in stretch])]


def is_long(times_ms: Sequence[float] | Array) -> bool:
    """Return whether a stretch with measurements at some times can hold an expression and its surroundings."""
    return len(times_ms) > 4 and times_ms[-1] - times_ms[0] >= SHORTEST_MS


def too_short(readings: Sequence[Reading]) -> set[int]:
    """Return the numbers of the stretches that ``join`` leaves out."""
    measured = {reading.stretch for reading in readings if not reading.missing}
    return measured - {curves.number for curves in join(readings)}


def _curves(readings: Sequence[Reading]) -> Curves:
    """Return the curves of one stretch of readings."""
    return stretch_curves(
        np.array([reading.displacement for reading in readings]),
        np.array([reading.mismatch for reading in readings]),
        np.array([reading.ms for reading in readings]),
        readings[0].stretch,
    )


def short_warning(count: int) -> list[str]:
    """Return a sentence about so many stretches that are too short to judge, none of none."""
    times = "once" if count == 1 else f"{count} times"
    sentence = f"the face is in sight for less than {SHORTEST_MS:.0f} ms {times}: too short to judge"
    return [sentence] if count else []


def stretch_curves(displacement: Array, mismatch: Array, times_ms: Array, number: int) -> Curves:
    """Take head and blinks out of one stretch and lay it on an even grid.

    Args:
        displacement: [samples, regions, 2] of ``face_regions()``, eye distances.
        mismatch: [samples, regions] what motion and brightness do not explain.
        times_ms: [samples] ascending.
        number: Of the stretch.
    """
    steady, closed = without_head_and_blinks(displacement, mismatch, times_ms, face_regions())
    step = float(np.median(np.diff(times_ms)))
    grid = times_ms[0] + step * np.arange(int((times_ms[-1] - times_ms[0]) / step + 1e-6) + 1)
    columns = steady.reshape(len(times_ms), -1).T
    motion = np.stack([np.interp(grid, times_ms, channel) for channel in columns], axis=1)
    changed = np.stack([np.interp(grid, times_ms, channel) for channel in mismatch.T], axis=1)
    blinking = np.interp(grid, times_ms, closed.astype(float)) > 0.25
    return Curves(grid, motion, changed, blinking, number)


def without_head_and_blinks(
    displacement: Array, mismatch: Array, times_ms: Array, regions: Sequence[Region]
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the motion of one stretch without head and blinks, and when the eyes are closed.

    What was not seen of a region is bridged by straight lines; lids move as far as those of the other eye do too.

    Args:
        displacement: [samples, regions, 2] eye distances.
        mismatch: [samples, regions] what motion and brightness do not explain, relative to each region's contrast.
        times_ms: [samples] ascending.
        regions: The regions: ``face_regions()``, and any others behind them.

    Returns:
        [samples, regions, 2] eye distances, and [samples] whether the eyes close, are closed or open.
    """
    moved = displacement.copy()
    closed = _closed(mismatch, times_ms)
    lids = np.array([region.kind == "lid" for region in regions])
    visible = np.where(lids, ~closed[:, None], mismatch < UNLIKE)
    _bridge(moved, times_ms, visible & ~lids)
    steady = without_head(moved, regions)
    _bridge(steady, times_ms, visible)
    flat = steady.reshape(len(times_ms), -1)
    _share_lids(flat)
    return flat.reshape(steady.shape), closed


def _bridge(displacement: Array, times_ms: Array, visible: NDArray[np.bool_]) -> None:
    """Lay straight lines over what was not seen of each region, [samples, regions], in place."""
    for region in range(visible.shape[1]):
        samples = visible[:, region]
        if not samples.all() and samples.any():
            for axis in range(2):
                channel = displacement[:, region, axis]
                channel[:] = np.interp(times_ms, times_ms[samples], channel[samples])


def _share_lids(steady: Array) -> None:
    """Reduce the motion of the lids of each eye to what those of the other share, in place.

    Lids are small, dark and now and then behind glasses, and their registration fails where that of skin does not, but
    hardly in both eyes alike. No action unit of theirs is usual on one side alone (but a wink).
    """
    regions = face_regions()
    for index, region in enumerate(regions):
        if region.kind == "lid" and region.name.startswith("left "):
            for axis, sign in ((0, -1.0), (1, 1.0)):
                left, right = 2 * index + axis, 2 * (index + 1) + axis
                left_motion, right_motion = steady[:, left], sign * steady[:, right]
                left_motion, right_motion = left_motion - np.median(left_motion), right_motion - np.median(right_motion)
                shared = np.where(
                    left_motion * right_motion > 0,
                    np.sign(left_motion) * np.minimum(np.abs(left_motion), np.abs(right_motion)),
                    0.0,
                )
                steady[:, left], steady[:, right] = shared, sign * shared


def channels() -> NDArray[np.int64]:
    """Return the columns of ``Curves.motion`` that differ: the lids of one eye say what those of the other do."""
    regions = face_regions()
    differing = [not (region.kind == "lid" and region.name.startswith("right ")) for region in regions]
    return np.flatnonzero(np.repeat(differing, 2))


def _closed(mismatch: Array, times_ms: Array) -> NDArray[np.bool_]:
    """Return when both eyes differ from open ones, [samples], with the edges of each blink."""
    regions = face_regions()
    eyes = []
    for side in ("left ", "right "):
        lids = [i for i, region in enumerate(regions) if region.kind == "lid" and region.name.startswith(side)]
        level = mismatch[:, lids].max(axis=1)
        eyes.append(level - running_median(level, times_ms, _LEVEL_MS))
    # A reference that was taken in a blink looks like closed eyes: then open ones differ, and blinks do not.
    change = np.maximum(np.minimum(*eyes), np.minimum(-eyes[0], -eyes[1]))
    deviation = 1.4826 * float(np.median(np.abs(change)))
    closing = change > max(_CLOSED, _CLOSED_DEVIATIONS * deviation)
    closed = closing.copy()
    for begin, end in runs(closing):
        # The slow beginning and end of a blink lie under the threshold: follow the flanks down.
        while begin > 0 and deviation < change[begin - 1] < change[begin]:
            begin -= 1
        while end < len(change) and deviation < change[end] < change[end - 1]:
            end += 1
        first = int(np.searchsorted(times_ms, times_ms[begin] - _BLINK_EDGE_MS))
        last = int(np.searchsorted(times_ms, times_ms[end - 1] + _BLINK_EDGE_MS, side="right"))
        closed[first:last] = True
    return closed


def running_median(values: Array, times_ms: Array, width_ms: float) -> Array:
    """Return the median of the values around each time; computed at every quarter of the width and interpolated."""
    if times_ms[-1] - times_ms[0] <= width_ms:
        return np.full(len(values), float(np.median(values)))
    knots = np.arange(times_ms[0] + width_ms / 2, times_ms[-1] - width_ms / 4, width_ms / 4)
    levels = []
    for knot in knots:
        first, last = np.searchsorted(times_ms, [knot - width_ms / 2, knot + width_ms / 2])
        levels.append(float(np.median(values[first:last])) if last > first else np.nan)
    known = np.isfinite(levels)
    return np.interp(times_ms, knots[known], np.array(levels)[known])


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (begin, end) of every stretch of True, end exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]

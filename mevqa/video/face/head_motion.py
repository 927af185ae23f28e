"""Motion of facial regions that is no expression: of the head, and blinks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE
from mevqa.video.face.regions import Region

Array = NDArray[np.float64]

#: How much a region counts when the movement of the head is fitted; blinks keep the lids out of it, and what
#: lies over other regions does not count twice.
_HEAD_WEIGHT = {"rigid": 6.0, "face": 1.0, "lid": 0.0, "overlapping": 0.0}

#: A blink shows in both eyes as a change that displacement and brightness do not explain, of at least this part of the
#: region's contrast and this many deviations above its usual level, and is over after this time, ms (100 to 300 ms
#: are usual, 500 when tired).
_BLINK_CHANGE = 0.12
_BLINK_DEVIATIONS = 6.0
_BLINK_MS = 500.0


def without_head(displacement: Array, regions: Sequence[Region]) -> Array:
    """Return displacements with the head's translation, rotation and approach fitted and subtracted.

    The fit is linear with fixed weights, so that motion that rises and falls together still does so afterwards,
    however much of the face takes part.

    Args:
        displacement: [samples, regions, 2] against the reference.
        regions: The regions, in the order of the axis.
    """
    middle = ALIGNED_SIZE / 2
    rows = []
    for region in regions:
        x, y = ((coordinate - middle) / EYE_DISTANCE for coordinate in region.centre)
        rows += [[1.0, 0.0, x, -y], [0.0, 1.0, y, x]]
    basis = np.array(rows)  # [2 * regions, 4]
    weight = np.repeat([_HEAD_WEIGHT[region.kind] for region in regions], 2)
    fit = np.linalg.pinv(basis * np.sqrt(weight)[:, None]) * np.sqrt(weight)[None, :]
    flat = displacement.reshape(len(displacement), 2 * len(regions))
    return (flat - flat @ fit.T @ basis.T).reshape(displacement.shape)


def find_blinks(mismatch: Array, times_ms: Array, regions: Sequence[Region]) -> Array:
    """Return the time course of blinks, [samples], 0 outside of them.

    Args:
        mismatch: [samples, regions] what motion and brightness do not explain, relative to the contrast.
        times_ms: [samples] ascending times.
        regions: The regions, in the order of the axis.
    """
    eyes = []
    for side in ("left ", "right "):
        lids = [i for i, region in enumerate(regions) if region.kind == "lid" and region.name.startswith(side)]
        eyes.append(mismatch[:, lids].max(axis=1))
    change = np.minimum(*eyes)
    change = change - np.median(change)
    deviation = 1.4826 * float(np.median(np.abs(change)))
    closing = change > max(_BLINK_CHANGE, _BLINK_DEVIATIONS * deviation)
    course = np.zeros(len(change))
    for begin, end in _runs(closing):
        # The slow beginning and end of a blink lie under the threshold: follow the flanks down.
        while begin > 0 and deviation < change[begin - 1] < change[begin]:
            begin -= 1
        while end < len(change) and deviation < change[end] < change[end - 1]:
            end += 1
        if times_ms[end - 1] - times_ms[begin] <= _BLINK_MS:
            course[begin:end] = change[begin:end]
    return course


def without_blinks(displacement: Array, blink: Array, times_ms: Array, regions: Sequence[Region]) -> Array:
    """Return displacements in which the lids are interpolated across blinks, when they cannot be measured.

    Args:
        displacement: [samples, regions, 2].
        blink: [samples] from ``find_blinks``.
        times_ms: [samples] ascending times.
        regions: The regions, in the order of the axis.
    """
    if not blink.any():
        return displacement
    visible = np.convolve(blink > 0, np.ones(3), mode="same") == 0
    if not visible.any():
        return displacement
    mended = displacement.copy()
    for index, region in enumerate(regions):
        if region.kind == "lid":
            for axis in range(2):
                mended[:, index, axis] = np.interp(times_ms, times_ms[visible], displacement[visible, index, axis])
    return mended


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (begin, end) of every stretch of True, end exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]

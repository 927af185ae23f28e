"""LBP-TOP: histograms of local binary patterns on three orthogonal planes, block by block.

Zhao and Pietikaeinen, "Dynamic Texture Recognition Using Local Binary Patterns with an Application to Facial
Expressions", TPAMI 2007: each voxel is compared with P neighbours on an ellipse in the planes XY, XT and YT; the
uniform patterns (at most two changes around the circle) have a bin each, all others one; the histograms of the planes
and blocks are normalised and put one after the other. scikit-image has the pattern of single pictures, not of volumes.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

#: Axes of each plane in a volume [T, H, W], the second counted along the circle's sine.
_PLANES = ((2, 1), (2, 0), (1, 0))
#: Grey levels by which an interpolated value may miss an equal one in rounding.
_TIE = 1e-3


def lbp_top(
    volume: NDArray[np.float32],
    *,
    blocks: int = 5,
    radius: int = 1,
    radius_in_time: int = 1,
    neighbours: int = 8,
    least: float = 0.0,
) -> NDArray[np.float32]:
    """Return the histograms of a volume.

    Args:
        volume: Grey levels [T, H, W], T > 2 * ``radius_in_time``.
        blocks: Blocks across and down.
        radius: Of the ellipse in space, voxels.
        radius_in_time: Of the ellipse in time, voxels.
        neighbours: Points on the ellipse, P.
        least: By how many grey levels a neighbour must be brighter to count: below it lies the noise of still skin.

    Returns:
        [3 * blocks^2 * (P (P - 1) + 3)], each plane of each block summing to one.

    Raises:
        ValueError: The volume is too small.
    """
    reach = (radius_in_time, radius, radius)
    inner = tuple(side - 2 * far for side, far in zip(volume.shape, reach, strict=True))
    if inner[0] < 1 or min(inner[1:]) < blocks:
        raise ValueError(f"a volume of {volume.shape} is too small for {blocks} blocks and radii of {reach}")
    bins = neighbours * (neighbours - 1) + 3
    rows, columns = (np.arange(side) * blocks // side for side in inner[1:])
    block = (rows[:, None] * blocks + columns)[None] * bins
    parts = []
    for across, down in _PLANES:
        codes = uniform_bins(neighbours)[_patterns(volume, across, down, reach, neighbours, least)]
        counts = np.bincount((codes + block).ravel(), minlength=blocks * blocks * bins).reshape(-1, bins)
        parts.append(counts / counts.sum(axis=1, keepdims=True))
    return np.concatenate(parts).ravel().astype(np.float32)


def _patterns(
    volume: NDArray[np.float32],
    across: int,
    down: int,
    reach: tuple[int, int, int],
    neighbours: int,
    least: float,
) -> NDArray[np.int64]:
    """Return the binary pattern of each inner voxel in one plane."""
    centre = _shifted(volume, (0, 0, 0), reach)
    patterns = np.zeros(centre.shape, np.int64)
    for point in range(neighbours):
        angle = 2 * math.pi * point / neighbours
        offset = [0.0, 0.0, 0.0]
        offset[across] += reach[across] * math.cos(angle)
        offset[down] -= reach[down] * math.sin(angle)
        patterns |= (_interpolated(volume, offset, reach) - centre >= least - _TIE).astype(np.int64) << point
    return patterns


def _interpolated(volume: NDArray[np.float32], offset: list[float], reach: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return the inner voxels of a volume moved by a part of a voxel, linear between neighbours."""
    # Rounded, so that the sine of pi is a whole step.
    near = [math.floor(round(step, 6)) for step in offset]
    shares = [round(step, 6) - whole_step for step, whole_step in zip(offset, near, strict=True)]
    total: NDArray[np.float32] | None = None
    for corner in np.ndindex(2, 2, 2):
        weight = math.prod(share if far else 1 - share for far, share in zip(corner, shares, strict=True))
        if weight > 0:
            step = tuple(whole_step + far for whole_step, far in zip(near, corner, strict=True))
            part = np.float32(weight) * _shifted(volume, (step[0], step[1], step[2]), reach)
            total = part if total is None else total + part
    assert total is not None
    return total


def _shifted(
    volume: NDArray[np.float32], step: tuple[int, int, int], reach: tuple[int, int, int]
) -> NDArray[np.float32]:
    cut = tuple(slice(far + by, side - far + by) for far, by, side in zip(reach, step, volume.shape, strict=True))
    return volume[cut]


@functools.cache
def uniform_bins(neighbours: int) -> NDArray[np.int64]:
    """Return the bin of each pattern: uniform ones have their own, all others the last.

    Args:
        neighbours: Points on the circle, P; there are P (P - 1) + 2 uniform patterns.
    """
    patterns = range(1 << neighbours)
    turned = [pattern >> 1 | (pattern & 1) << neighbours - 1 for pattern in patterns]
    uniform = [(pattern ^ other).bit_count() <= 2 for pattern, other in zip(patterns, turned, strict=True)]
    places = np.cumsum(uniform) - 1
    return np.where(uniform, places, neighbours * (neighbours - 1) + 2).astype(np.int64)

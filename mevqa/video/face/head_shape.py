"""Shape of an average head: which parts of the face are rigid, and how far each lies in front of the brows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE, EYES

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rigid parts of the canonical face as ellipses (x, y, half width, half height in fractions of the side, vote). Brows,
# eyes, mouth, chin and the fold beside the nose have no vote. The sides reach from the temples down to the ears: they
# hold the scale, and no unit moves them far; there may be background behind them, so their vote is small.
_RIGID_PARTS = (
    (0.50, 0.42, 0.09, 0.16, 1.0),  # nose bridge, upper nose and the inner corners of the eyes
    (0.50, 0.56, 0.07, 0.07, 0.7),  # tip of the nose
    (0.20, 0.10, 0.16, 0.10, 0.5),  # side of the forehead
    (0.80, 0.10, 0.16, 0.10, 0.5),
    (0.50, 0.06, 0.16, 0.06, 0.5),  # top of the forehead
    (0.08, 0.45, 0.08, 0.30, 0.4),  # side of the face
    (0.92, 0.45, 0.08, 0.30, 0.4),
)

# A head as an ellipsoid with a nose, in eye distances (about 63 mm) from the point midway between the eyes: half width,
# half height, depth and height of the middle of the ellipsoid; deviations across and down, height and length of the
# nose. By eye, from the proportions of an average head.
_HALF_WIDTH, _HALF_HEIGHT, _DEPTH, _MIDDLE = 1.25, 1.75, 1.15, 0.3
_NOSE_WIDTH, _NOSE_HEIGHT, _NOSE_TIP, _NOSE_LENGTH = 0.12, 0.20, 0.45, 0.35
# A point of the brows, whose depth is 0.
_BROW = (0.3, -0.2)


def rigid_votes(grid: int) -> NDArray[np.float64]:
    """Return how rigid the face is at the middle of each cell, 0 to 1.

    Args:
        grid: Cells along each side of the aligned face.

    Returns:
        Votes [grid, grid].
    """
    y, x = (np.mgrid[:grid, :grid] + 0.5) / grid
    votes = np.zeros((grid, grid))
    for centre_x, centre_y, half_width, half_height, vote in _RIGID_PARTS:
        inside = ((x - centre_x) / half_width) ** 2 + ((y - centre_y) / half_height) ** 2 <= 1
        votes = np.maximum(votes, vote * inside)
    return votes


def depth(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far points of the aligned face lie in front of the brows, px of the aligned face.

    Args:
        x: Fractions of the side, from the left.
        y: Fractions of the side, from the top.
    """
    unit = EYE_DISTANCE / ALIGNED_SIZE
    across = (x - (EYES[0][0] + EYES[1][0]) / 2) / unit
    down = (y - (EYES[0][1] + EYES[1][1]) / 2) / unit
    return (_towards_camera(across, down) - _towards_camera(np.array(_BROW[0]), np.array(_BROW[1]))) * EYE_DISTANCE


def _towards_camera(across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the depth in eye distances from the middle of the head."""
    skull = 1 - (across / _HALF_WIDTH) ** 2 - ((down - _MIDDLE) / _HALF_HEIGHT) ** 2
    nose = np.exp(-0.5 * (across / _NOSE_WIDTH) ** 2 - 0.5 * ((down - _NOSE_TIP) / _NOSE_HEIGHT) ** 2)
    return np.asarray(_DEPTH * np.sqrt(np.clip(skull, 0.05, None)) + _NOSE_LENGTH * nose, np.float64)

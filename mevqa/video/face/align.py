"""Placements: where the canonical face lies in a frame, and cutting it out.

A placement [2, 3] maps canonical pixel coordinates (x, y, 1) to those of the frame; pixel centres are integers, so the
left edge of the picture is at -0.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from mevqa.video.face.geometry import ALIGNED_SIZE, EYES

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Standard deviation in px of the blur of an ideal pixel of width 1; resampling at a step s > 1 wants the blur of a
# pixel of width s.
_PIXEL_SIGMA = 0.5


def place_by_eyes(eyes: tuple[tuple[float, float], tuple[float, float]]) -> NDArray[np.float64]:
    """Return the similarity that puts the canonical eyes on ``eyes``.

    Args:
        eyes: Centres in px of the frame, the one at the left of the picture first.

    Returns:
        Placement [2, 3].
    """
    canonical = [complex(x * ALIGNED_SIZE - 0.5, y * ALIGNED_SIZE - 0.5) for x, y in EYES]
    wanted = [complex(*eye) for eye in eyes]
    # As complex numbers a similarity is z -> a z + b.
    turn = (wanted[1] - wanted[0]) / (canonical[1] - canonical[0])
    shift = wanted[0] - turn * canonical[0]
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def place_whole_frame(height: int, width: int) -> NDArray[np.float64]:
    """Return the placement that stretches the whole frame over the canonical square (frames that are face crops)."""
    return _place_rectangle(0.0, 0.0, float(width), float(height))


def place_centred_square(height: int, width: int) -> NDArray[np.float64]:
    """Return the placement of the largest centred square of the frame."""
    side = float(min(height, width))
    return _place_rectangle((width - side) / 2, (height - side) / 2, side, side)


def cut_out(frame: NDArray[np.uint8], placement: NDArray[np.float64], margin: int = 0) -> NDArray[np.uint8]:
    """Cut the aligned face out of a frame.

    Args:
        frame: RGB [H, W, 3] or grey [H, W].
        placement: Where the canonical face lies, [2, 3].
        margin: How much of the surroundings to add on each side, in px of the canonical face.

    Returns:
        The face [256, 256, 3] or [256, 256], larger by twice the margin. What lies outside of the frame repeats its
        border.
    """
    side = ALIGNED_SIZE + 2 * margin
    if margin:
        placement = placement @ np.array([[1.0, 0.0, -margin], [0.0, 1.0, -margin], [0.0, 0.0, 1.0]])
    crop, inside = _surroundings(frame, placement, side)
    step = float(np.sqrt(abs(np.linalg.det(placement[:, :2]))))
    if step > 1.2:
        crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), _PIXEL_SIGMA * np.sqrt(step**2 - 1)), np.uint8)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    face = cv2.warpAffine(crop, inside, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(face, np.uint8)


def _place_rectangle(left: float, top: float, width: float, height: float) -> NDArray[np.float64]:
    """Return the placement of an upright rectangle given by its outer edges."""
    across, down = width / ALIGNED_SIZE, height / ALIGNED_SIZE
    return np.array([[across, 0.0, left + (across - 1) / 2], [0.0, down, top + (down - 1) / 2]])


def _surroundings(
    frame: NDArray[np.uint8], placement: NDArray[np.float64], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the part of the frame that the face needs, and the placement inside it."""
    last = side - 1
    corners = placement @ np.array([[0, last, 0, last], [0, 0, last, last], [1, 1, 1, 1]], float)
    height, width = frame.shape[:2]
    margin = 8  # px that interpolation and blur reach
    left = int(np.clip(corners[0].min() - margin, 0, width - 1))
    top = int(np.clip(corners[1].min() - margin, 0, height - 1))
    right = int(np.clip(corners[0].max() + margin, left + 1, width))
    bottom = int(np.clip(corners[1].max() + margin, top + 1, height))
    inside = placement.copy()
    inside[:, 2] -= (left, top)
    return frame[top:bottom, left:right], inside

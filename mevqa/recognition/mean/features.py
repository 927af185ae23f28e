"""MEAN's input: flow and strain of the brows and the mouth, put together into one square.

The paper (Liong et al., "MEAN", 2023) resizes the face to 128 x 128 and takes 42 x 42 x 3 of brows and mouth from it.
How the regions are laid out is our choice, and so are their borders: both brows beside each other above the mouth, each
brow a quarter of the square and the mouth its lower half.
"""

from __future__ import annotations

import cv2
import numpy as np

from mevqa.recognition.base import Array
from mevqa.recognition.flow import Box, box_of

#: In the order of the picture: the subject's right brow is on its left.
_RIGHT_BROW = ("right inner brow", "right outer brow")
_LEFT_BROW = ("left inner brow", "left outer brow")
_MOUTH = ("left mouth corner", "right mouth corner", "upper lip", "lower lip")


def brows_and_mouth(motion: Array, side: int) -> Array:
    """Cut brows and mouth out of a field and lay them out in a square.

    Args:
        motion: [3, H, W] on the aligned face.
        side: Of the square in pixels, even (42 in the paper).

    Returns:
        [3, side, side].
    """
    half = side // 2
    brows = [_cut(motion, box_of(names), half, half) for names in (_RIGHT_BROW, _LEFT_BROW)]
    return np.concatenate([np.concatenate(brows, axis=2), _cut(motion, box_of(_MOUTH), half, side)], axis=1)


def _cut(motion: Array, box: Box, height: int, width: int) -> Array:
    """Crop a field to a box and average it down to [3, height, width]."""
    left, top, right, bottom = box
    part = np.ascontiguousarray(motion[:, top:bottom, left:right].transpose(1, 2, 0))
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.float32).transpose(2, 0, 1)

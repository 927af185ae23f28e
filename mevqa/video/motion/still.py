"""Motion pictures without motion: of one frame, of two that are equal but for noise, or uniform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Views that show motion and nothing else when there is none.
MOTION_VIEWS = frozenset({"difference", "motion", "motion-centred", "magnified"})

#: Largest difference of grey levels inside a uniform picture, which lossy compression may leave.
_UNIFORM_LEVELS = 3

#: Gaussian blur in px of the aligned face that takes sensor noise and the blocks of lossy compression down.
_SIGMA = 2.0

#: Part of each side of the aligned picture, around the face, that is not looked at.
_MARGIN = 0.15

#: Change in grey levels that one point in a thousand of the blurred face must exceed. Of 16 synthetic
#: micro-expressions onset and apex differ by 3.4 to 26 levels there, two exposures of one face with sensor noise of two
#: levels by 1.1 to 1.4, one picture stored as JPEG of quality 95 and 60 by 1.6 to 2.4.
_LEAST_CHANGE = 2.0

#: The same as a part of the face's own contrast (standard deviation), for dark and flat footage.
_LEAST_PART = 0.06


def stillness(before: NDArray[np.uint8], after: NDArray[np.uint8], *, one_frame: bool) -> str | None:
    """Return why no motion can be seen from one picture of a face to another, None when it can.

    Args:
        before: Aligned face at the onset, RGB [H, W, 3].
        after: Aligned face at the apex, of the same shape.
        one_frame: Whether both are the same frame of the clip.
    """
    if one_frame:
        return "onset and apex are one frame"
    if np.array_equal(before, after):
        return "the pictures of onset and apex are the same"
    first, second = (_blurred(face) for face in (before, after))
    change = second - first
    # Light that changes all over is no motion.
    largest_change = np.percentile(np.abs(change - np.median(change)), 99.9)
    least = min(_LEAST_CHANGE, _LEAST_PART * float(first.std()))
    return "the pictures of onset and apex differ by no more than noise" if largest_change < least else None


def _blurred(face: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the inner part of an aligned face in blurred grey levels."""
    grey = cv2.GaussianBlur(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), _SIGMA)
    height, width = (round(_MARGIN * side) for side in grey.shape)
    return np.asarray(grey[height:-height, width:-width], np.float32)


def is_uniform(picture: NDArray[np.uint8]) -> bool:
    """Return whether a picture [H, W, 3] has one colour."""
    return bool((np.ptp(picture.reshape(-1, picture.shape[-1]), axis=0) <= _UNIFORM_LEVELS).all())

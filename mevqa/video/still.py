"""Motion pictures without motion: of one frame, of two equal ones, uniform, or below what can be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Views that show motion and nothing else when there is none.
MOTION_VIEWS = frozenset({"difference", "motion", "motion-centred", "magnified"})

#: Largest difference of grey levels inside a uniform picture, which lossy compression may leave.
_UNIFORM_LEVELS = 3

#: Motion, in px of the aligned face, that 1 % of its points must exceed. Two exposures of a face at rest with sensor
#: noise of two grey levels give 0.15 to 0.5 px, the faintest of 16 synthetic micro-expressions 0.26 px: what lies
#: below is not motion of skin in any footage.
_LEAST_MOTION = 0.1


def stillness(
    before: NDArray[np.uint8], after: NDArray[np.uint8], flow: NDArray[np.float32], *, one_frame: bool
) -> str | None:
    """Return why no motion can be seen from one picture of a face to another, None when it can.

    Args:
        before: Aligned face at the onset.
        after: Aligned face at the apex, of the same shape.
        flow: Displacement between them in px [H, W, 2].
        one_frame: Whether both are the same frame of the clip.
    """
    if one_frame:
        return "onset and apex are one frame"
    if np.array_equal(before, after):
        return "the pictures of onset and apex are the same"
    # The whole picture may have moved with the head: what counts is how points move against one another.
    moved = np.linalg.norm(flow - np.median(flow, axis=(0, 1)), axis=-1)
    return "nothing moves from onset to apex" if np.percentile(moved, 99) < _LEAST_MOTION else None


def is_uniform(picture: NDArray[np.uint8]) -> bool:
    """Return whether a picture [H, W, 3] has one colour."""
    return bool((np.ptp(picture.reshape(-1, picture.shape[-1]), axis=0) <= _UNIFORM_LEVELS).all())

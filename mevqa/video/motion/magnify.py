"""Exaggerating a motion by warping a picture along its flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Blur of the flow in px of the aligned face: finer motion than this is measurement noise.
_SIGMA = 4.0
# Motion in px at which the flow of still skin lies (see ``mevqa.video.motion.flow``): motions below are shrunk towards
# none, else their noise would be magnified too.
_STILL = 0.1
# The field is applied in 2 ** 6 small steps; each is at most a few tenths of a px long.
_DOUBLINGS = 6


def magnify(reference: NDArray[np.uint8], flow: NDArray[np.float32], gain: float = 8.0) -> Image.Image:
    """Draw ``reference`` moved ``gain`` times as far as the flow says.

    Each point follows the smoothed flow as a stationary velocity for ``gain`` units of time, by scaling and squaring
    (Arsigny et al., "A log-Euclidean framework for statistics on diffeomorphisms", MICCAI 2006). Unlike a
    displacement multiplied by ``gain``, that can never fold the face; where the flow is as good as constant along the
    way both are the same.

    Args:
        reference: Aligned face before the motion, RGB [H, W, 3].
        flow: Motion from it, px [H, W, 2].
        gain: How many times the motion is shown; 1 is the motion as it is, 0 the reference.

    Returns:
        RGB picture of the same size.
    """
    smooth = cv2.GaussianBlur(flow, (0, 0), _SIGMA)
    size = (smooth**2).sum(axis=2, keepdims=True)
    velocity = smooth * (size / (size + _STILL**2))
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    # A picture is resampled by where each of its points came from: time runs backwards.
    back = (-gain / 2**_DOUBLINGS * velocity).astype(np.float32)
    for _ in range(_DOUBLINGS):
        ahead = cv2.remap(back, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        back = back + ahead
    moved = cv2.remap(reference, x + back[..., 0], y + back[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return Image.fromarray(np.asarray(moved, np.uint8))

"""Channels of ``mean``: optical flow and strain of brows and mouth, between samples of a fixed distance.

MEAN (Liong et al. 2023) computes TV-L1 flow between frames F_i and F_(i+k) of 128 x 128 faces and reads u, v and strain
of brows and mouth, 42 x 42 each. The distance depends on its data set: 3 frames at 25 to 30 a second, 20 at 200, some
100 ms. Ours: the dense inverse search of ``mevqa.video.motion.flow``, 15 samples a second, flow from 200 ms before a
sample to it, in which the motion of an expression has grown, and values in bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.recognition.flow import steady_motion
from mevqa.recognition.mean.features import brows_and_mouth
from mevqa.spotting.learning.pictures import PICTURE_STEP_MS, PictureChannels, SampleFace, with_earlier
from mevqa.spotting.learning.views import register_pictures
from mevqa.video.face.geometry import ALIGNED_SIZE
from mevqa.video.motion.flow import dense_flow

#: Side of the aligned face and of the square of brows and mouth, pixels (paper).
_FACE, SIDE = 128, 42

#: Time between the two faces that are compared.
_DISTANCE_MS = 200.0

#: Unit of the stored values, percents of the eye distance and of strain: motion of 6 % and strain of 25 % still fit.
_UNITS = np.array([0.05, 0.05, 0.2], np.float32)[:, None, None]


def describe(faces: Iterator[SampleFace | None]) -> Iterator[NDArray[np.int8] | None]:
    """Yield flow and strain of each face, [3, 42, 42], from the face 200 ms before it."""
    for pair in with_earlier(faces, round(_DISTANCE_MS / PICTURE_STEP_MS)):
        if pair is None:
            yield None
            continue
        face, earlier = pair
        flow = dense_flow(earlier.grey, face.grey)
        enlarged = cv2.resize(flow, (ALIGNED_SIZE, ALIGNED_SIZE)) * (ALIGNED_SIZE / _FACE)
        motion = brows_and_mouth(steady_motion(np.asarray(enlarged, np.float32)), SIDE)
        yield np.clip(np.rint(motion / _UNITS), -127, 127).astype(np.int8)


MEAN_FLOW = register_pictures(
    PictureChannels("mean-flow", 1, _FACE, (3, SIDE, SIDE), "int8", describe, signs=(-1, 1, 1))
)

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mevqa.video.face.geometry import EYE_DISTANCE
from mevqa.video.face.regions import face_regions
from mevqa.video.motion.regional_motion import MotionMeter

RNG = np.random.default_rng(3)
FIELD = cv2.GaussianBlur(RNG.normal(0, 1, (256, 256)), (0, 0), 3)
SKIN = np.clip(120 + 45 * FIELD / FIELD.std(), 10, 230).astype(np.float32)


def face(right=0.0, down=0.0, gain=1.0, offset=0.0, noise=0.0):
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(SKIN, matrix, (256, 256), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    seen = gain * moved + offset + noise * RNG.normal(size=SKIN.shape)
    return np.repeat(np.clip(np.rint(seen), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(("right", "down"), [(0.3, -0.2), (-1.4, 0.9), (3.0, 2.0)])
def test_measures_a_fraction_of_a_pixel(right, down):
    motion = MotionMeter([face()], face_regions())(face(right, down))
    assert motion.displacement * EYE_DISTANCE == pytest.approx(np.tile([right, down], (19, 1)), abs=0.06)


def test_brightness_is_not_motion():
    motion = MotionMeter([face()], face_regions())(face(0.5, 0.0, gain=0.93, offset=8))
    assert motion.displacement * EYE_DISTANCE == pytest.approx(np.tile([0.5, 0.0], (19, 1)), abs=0.06)
    assert motion.mismatch.max() < 0.05


def test_noise_averages_out():
    motion = MotionMeter([face(noise=3), face(noise=3)], face_regions())(face(0.4, 0.4, noise=3))
    assert np.sqrt(((motion.displacement * EYE_DISTANCE - 0.4) ** 2).mean()) < 0.05


def test_another_picture_is_a_mismatch_and_its_motion_is_bounded():
    motion = MotionMeter([face()], face_regions())(face()[::-1, ::-1])
    assert motion.mismatch.min() > 0.2
    assert np.abs(motion.displacement).max() <= 12 / EYE_DISTANCE + 1e-9


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_does_not_move(level):
    blank = np.full((256, 256, 3), level, np.uint8)
    motion = MotionMeter([blank], face_regions())(blank)
    assert np.isfinite(motion.displacement).all() and np.abs(motion.displacement).max() == 0
    assert (motion.mismatch == 0).all()

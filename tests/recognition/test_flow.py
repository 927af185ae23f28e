import cv2
import numpy as np
import pytest
from PIL import Image

from mevqa.errors import InputError
from mevqa.recognition.flow import box_of, flow_and_strain
from mevqa.recognition.mean.features import brows_and_mouth
from mevqa.training.examples.mirror import mirror_views
from mevqa.types import View
from mevqa.video.face.geometry import EYE_DISTANCE


def pair(move):
    """A textured face at the onset, and moved by ``move(x, y)`` px at the apex."""
    noise = np.random.default_rng(0).uniform(0, 255, (256, 256)).astype(np.float32)
    face = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 40, 220, cv2.NORM_MINMAX)
    y, x = np.mgrid[:256, :256].astype(np.float32)
    right, down = move(x, y)
    moved = cv2.remap(face, (x - right).astype(np.float32), (y - down).astype(np.float32), cv2.INTER_LINEAR)
    return [view("onset", face), view("apex", moved)]


def view(name, grey):
    return View(name, Image.fromarray(np.rint(grey).astype(np.uint8)).convert("RGB"), "")


def bump(x, y):
    """The left brow goes up by 3 px."""
    left, top, right, bottom = box_of(["left inner brow", "left outer brow"])
    centre = (left + right) / 2, (top + bottom) / 2
    return np.zeros_like(x), -3 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 20**2))


def test_a_raised_brow_is_upward_motion_in_percents_of_the_eye_distance():
    motion = flow_and_strain(pair(bump))
    left, top, right, bottom = box_of(["left inner brow", "left outer brow"])
    brow = motion[:, top:bottom, left:right]
    assert motion.shape == (3, 256, 256) and motion.dtype == np.float32
    assert brow[1].min() == pytest.approx(-100 * 3 / EYE_DISTANCE, rel=0.2)
    assert abs(brow[0]).max() < 0.8 and brow[2].max() > 3 * motion[2, 180:].mean()


def test_what_the_whole_head_does_is_taken_off():
    moved = flow_and_strain(pair(lambda x, y: (np.full_like(x, 2.0), np.full_like(x, -1.0))))
    assert abs(np.median(moved[:2])) < 0.05


def test_mirrored_views_give_the_mirrored_field():
    plain, mirrored = (flow_and_strain(views) for views in (pair(bump), mirror_views(pair(bump))))
    assert np.abs(mirrored[1] - plain[1, :, ::-1]).max() < 0.3
    assert np.abs(mirrored[0] + plain[0, :, ::-1]).max() < 0.3


def test_brows_stand_above_the_mouth_and_nothing_else_is_seen():
    motion = np.zeros((3, 256, 256), np.float32)
    for place, names in enumerate((["right inner brow"], ["left inner brow"], ["lower lip"]), start=1):
        left, top, right, bottom = box_of(names)
        motion[:, top:bottom, left:right] = place
    motion[:, 130:140, 120:136] = 9  # the nose
    square = brows_and_mouth(motion, 42)
    assert square.shape == (3, 42, 42)
    largest = [part.max() for part in (square[:, :21, :21], square[:, :21, 21:], square[:, 21:])]
    assert largest == pytest.approx([1, 2, 3])


def test_a_view_that_is_missing_is_named():
    with pytest.raises(InputError, match="needs the view 'apex', and got onset"):
        flow_and_strain(pair(bump)[:1])

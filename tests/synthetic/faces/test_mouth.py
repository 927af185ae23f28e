from __future__ import annotations

import numpy as np
import pytest

from mevqa.synthetic.faces.mouth import Mouth
from mevqa.synthetic.faces.neutral_face import paint
from mevqa.synthetic.recording import person


@pytest.fixture(scope="module")
def plate():
    return paint(person(1, 0), 70.0)


def changed(plate, opening, narrowness=0.0):
    opened = Mouth(plate, grey=False).opened(plate.picture, opening, narrowness)
    return np.abs(opened - plate.picture).max(axis=2)


def test_a_closed_mouth_is_the_painted_one(plate):
    assert Mouth(plate, grey=False).opened(plate.picture, 0.0) is plate.picture


def test_the_lips_part_in_the_middle_and_what_is_between_them_is_dark(plate):
    opened = Mouth(plate, grey=False).opened(plate.picture, 0.14)
    column, row = np.rint(plate.landmark("lips_meet")).astype(int)
    below = row + round(0.06 * plate.eye_distance)
    assert opened[below, column, :3].mean() < 0.6 * plate.picture[below, column, :3].mean()
    # The lower lip is found again further down.
    lip = np.rint((plate.landmark("lips_meet") + plate.landmark("lower_lip_bottom")) / 2).astype(int)
    lower = opened[lip[1] + round(0.05 * plate.eye_distance) : lip[1] + round(0.14 * plate.eye_distance), lip[0], :3]
    assert np.abs(lower.mean(axis=0) - plate.picture[lip[1], lip[0], :3]).max() < 40


def test_brows_eyes_nose_and_the_cover_of_the_face_stay(plate):
    opened = Mouth(plate, grey=False).opened(plate.picture, 0.14)
    for name in ("left_brow_middle", "right_eye", "nose_tip", "chin"):
        column, row = np.rint(plate.landmark(name)).astype(int)
        assert changed(plate, 0.14)[row, column] < 1.0
    assert np.array_equal(opened[..., 3], plate.picture[..., 3])


def test_a_narrow_opening_leaves_the_corners_shut(plate):
    wide, narrow = (changed(plate, 0.12, narrowness) for narrowness in (0.0, 1.0))
    corner, middle = plate.landmark("left_mouth_corner"), plate.landmark("lips_meet")
    column, row = np.rint(0.75 * corner + 0.25 * middle).astype(int)
    column_of = np.s_[row - 6 : row + 12, column]
    assert narrow[column_of].sum() < 0.6 * wide[column_of].sum()


def test_grey_pictures_open_too(plate):
    grey = plate.picture[..., [0, 3]]
    opened = Mouth(plate, grey=True).opened(grey, 0.14)
    assert opened.shape == grey.shape and np.abs(opened - grey).max() > 10

from __future__ import annotations

import numpy as np
import pytest

from mevqa.synthetic.faces.gaze import Gaze
from mevqa.synthetic.faces.neutral_face import paint
from mevqa.synthetic.recording import person


@pytest.fixture(scope="module")
def plate():
    return paint(person(1, 0), 70.0)


def darkest_column(plate, picture, side):
    column, row = np.rint(plate.landmark(f"{side}_eye")).astype(int)
    reach = round(0.2 * plate.eye_distance)
    strip = picture[row - 2 : row + 3, column - reach : column + reach + 1, :3].mean(axis=(0, 2))
    weight = np.clip(np.median(strip) - strip, 0, None)
    return float((weight * np.arange(len(strip))).sum() / weight.sum())


@pytest.mark.parametrize("across", [-0.06, 0.06])
def test_both_irises_go_aside_together(plate, across):
    turned = Gaze(plate).turned(plate.picture, across, 0.0)
    for side in ("left", "right"):
        moved = darkest_column(plate, turned, side) - darkest_column(plate, plate.picture, side)
        assert 0.1 * abs(across) * 70 < moved * np.sign(across) < 1.5 * abs(across) * 70


def test_lids_brows_and_everything_else_stay(plate):
    turned = Gaze(plate).turned(plate.picture, 0.06, 0.01)
    changed = np.abs(turned - plate.picture).max(axis=2) > 1.0
    assert 0 < changed.mean() < 0.01
    for name in ("left_brow_middle", "nose_bridge", "left_crease"):
        column, row = np.rint(plate.landmark(name)).astype(int)
        assert not changed[row, column]
    assert Gaze(plate).turned(plate.picture, 0.0, 0.0) is plate.picture

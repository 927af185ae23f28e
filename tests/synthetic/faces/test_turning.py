from __future__ import annotations

import numpy as np
import pytest

from mevqa.synthetic.faces.turning import turned, unturned

FACE = np.stack(np.meshgrid(np.linspace(-1.0, 1.0, 21), np.linspace(-0.9, 1.7, 27)), axis=-1)


@pytest.mark.parametrize(("yaw", "pitch"), [(20, 0), (-20, 9), (5, -9), (0, 0)])
def test_the_inverse_leads_back(yaw, pitch):
    angles = np.radians(yaw), np.radians(pitch)
    assert np.abs(unturned(turned(FACE, *angles), *angles) - FACE).max() < 0.02


def test_a_turn_to_the_right_moves_the_nose_furthest_and_narrows_the_far_cheek():
    nose, near, far = turned(np.array([[0.0, 0.5], [-0.9, 0.5], [0.9, 0.5]]), np.radians(20), 0.0)
    assert 0.3 < nose[0] < 0.6 and nose[1] == pytest.approx(0.5, abs=1e-9)
    assert nose[0] - near[0] > 0.9 > far[0] - nose[0] > 0.2


def test_no_place_of_the_face_hides_another_at_the_largest_turn():
    x = turned(FACE, np.radians(20), 0.0)[..., 0]
    assert np.diff(x, axis=1).min() > 0


def test_shoulders_stay():
    shoulders = np.array([[-1.5, 2.7], [1.5, 2.9]])
    assert turned(shoulders, 0.3, 0.1) == pytest.approx(shoulders)

from __future__ import annotations

import numpy as np
import pytest

from mevqa.facs import ActionUnit
from mevqa.synthetic.faces.fields import displacement
from mevqa.video.face.head_shape import depth, rigid_votes


def test_brows_eyes_and_mouth_have_no_vote() -> None:
    votes = rigid_votes(16)
    assert votes[8, 7] == votes[8, 8] == 1  # nose bridge
    assert (votes[4, 3:7] == 0).all() and (votes[4, 9:13] == 0).all()  # brows
    assert (votes[5:7, 3:6] == 0).all() and (votes[5:7, 10:13] == 0).all()  # eyes
    assert (votes[10:, 3:13] == 0).all()  # mouth and chin
    assert np.array_equal(votes, votes[:, ::-1])


def test_no_unit_outvotes_the_still_parts() -> None:
    votes = rigid_votes(256)
    for number in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 25):
        moves = np.linalg.norm(displacement([ActionUnit(number)], amplitude=0.02), axis=2) > 0.2
        assert votes[moves].sum() < 0.45 * votes.sum(), number


def test_nose_is_near_and_ears_are_far() -> None:
    x, y = np.array([0.5, 0.38, 0.05, 0.95]), np.array([0.54, 0.28, 0.45, 0.45])
    nose, brow, right_ear, left_ear = depth(x, y) / 102.4
    assert nose > 0.3
    assert abs(brow) < 0.05
    assert right_ear < -0.4
    assert right_ear == pytest.approx(left_ear)

from __future__ import annotations

import numpy as np
import pytest

from mevqa.video.decoding.orientation import UPRIGHT, orientation_of

#: A wide picture: the first row is 1 2 3, the second 4 5 6.
PICTURE = np.repeat(np.arange(1, 7, dtype=np.uint8).reshape(2, 3, 1), 3, axis=2)


def _matrix(a: int, b: int, c: int, d: int) -> bytes:
    unit = 1 << 16
    return np.array([a * unit, b * unit, 0, c * unit, d * unit, 0, 0, 0, 1 << 30], dtype=np.int32).tobytes()


@pytest.mark.parametrize(
    ("linear", "expected"),
    [
        ((1, 0, 0, 1), [[1, 2, 3], [4, 5, 6]]),
        ((0, 1, -1, 0), [[4, 1], [5, 2], [6, 3]]),
        ((-1, 0, 0, -1), [[6, 5, 4], [3, 2, 1]]),
        ((0, -1, 1, 0), [[3, 6], [2, 5], [1, 4]]),
        ((-1, 0, 0, 1), [[3, 2, 1], [6, 5, 4]]),
        ((1, 0, 0, -1), [[4, 5, 6], [1, 2, 3]]),
        ((0, 1, 1, 0), [[1, 4], [2, 5], [3, 6]]),
        ((0, -1, -1, 0), [[6, 3], [5, 2], [4, 1]]),
    ],
)
def test_the_eight_ways_a_picture_can_lie(linear, expected):
    orientation = orientation_of(_matrix(*linear))
    upright = orientation.apply(PICTURE)
    assert upright[..., 0].tolist() == expected
    assert upright.flags.c_contiguous
    assert orientation.size(3, 2) == (upright.shape[1], upright.shape[0])


def test_no_matrix_means_upright():
    assert orientation_of(None) == UPRIGHT


def test_other_angles_are_refused():
    with pytest.raises(ValueError, match="not a multiple of 90 degrees"):
        orientation_of(np.array([46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30], dtype=np.int32).tobytes())

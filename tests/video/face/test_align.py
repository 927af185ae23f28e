from __future__ import annotations

import numpy as np
import pytest

from mevqa.video.face.align import cut_out, place_by_eyes, place_centred_square, place_whole_frame
from mevqa.video.face.geometry import ALIGNED_SIZE, EYES


@pytest.mark.parametrize("eyes", [((100, 120), (160, 118)), ((300.5, 200.25), (520.75, 260.0))])
def test_canonical_eyes_fall_on_the_eyes(eyes: tuple[tuple[float, float], tuple[float, float]]) -> None:
    placement = place_by_eyes(eyes)
    for (x, y), eye in zip(EYES, eyes, strict=True):
        assert placement @ (x * ALIGNED_SIZE - 0.5, y * ALIGNED_SIZE - 0.5, 1) == pytest.approx(eye)


def test_whole_frame_is_stretched_edge_to_edge() -> None:
    placement = place_whole_frame(120, 480)
    assert placement @ (-0.5, -0.5, 1) == pytest.approx((-0.5, -0.5))
    assert placement @ (255.5, 255.5, 1) == pytest.approx((479.5, 119.5))


def test_centred_square_is_the_largest() -> None:
    placement = place_centred_square(100, 300)
    assert placement @ (-0.5, -0.5, 1) == pytest.approx((99.5, -0.5))
    assert placement @ (255.5, 255.5, 1) == pytest.approx((199.5, 99.5))


def test_frame_of_the_aligned_size_passes_unchanged() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert np.array_equal(cut_out(frame, place_whole_frame(256, 256)), frame)


def test_margin_adds_surroundings_on_every_side() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (400, 400), dtype=np.uint8)
    placement = np.array([[1.0, 0, 60], [0, 1, 70]])
    assert np.array_equal(cut_out(frame, placement, margin=20), frame[50:346, 40:336])


def test_large_frames_are_not_aliased() -> None:
    stripes = np.zeros((1024, 1024), np.uint8)
    stripes[:, ::2] = 255
    assert cut_out(stripes, place_whole_frame(1024, 1024)).std() < 3


def test_outside_of_the_frame_repeats_its_border() -> None:
    frame = np.full((100, 100, 3), 50, np.uint8)
    assert (cut_out(frame, np.array([[1.0, 0, -500], [0, 1, -500]])) == 50).all()

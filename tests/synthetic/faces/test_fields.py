from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mevqa.synthetic.faces.fields import displacement, draw_motion, unit_fields
from mevqa.video.face.geometry import EYE_DISTANCE


@dataclass(frozen=True)
class Unit:
    number: int
    side: str | None = None


PAIRED = [number for number, field in unit_fields().items() if not field.whole_face]


def mirrored(field: np.ndarray) -> np.ndarray:
    return field[:, ::-1] * np.array([-1.0, 1.0], np.float32)


@pytest.mark.parametrize("number", PAIRED)
def test_left_is_the_mirror_image_of_right_and_both_is_their_sum(number):
    left, right = displacement([Unit(number, "left")]), displacement([Unit(number, "right")])
    assert np.allclose(mirrored(left), right, atol=1e-4)
    assert np.allclose(displacement([Unit(number)]), left + right, atol=1e-4)


@pytest.mark.parametrize("number", PAIRED)
def test_the_subjects_left_moves_on_the_right_of_the_picture(number):
    motion = np.abs(displacement([Unit(number, "left")])).sum(-1)
    assert motion[:, 128:].sum() > motion[:, :128].sum()


@pytest.mark.parametrize("number", unit_fields())
def test_fields_are_finite_smooth_and_of_the_amplitude_asked(number):
    field = displacement([Unit(number)], amplitude=0.03, rng=np.random.default_rng(number))
    assert field.shape == (256, 256, 2) and field.dtype == np.float32 and np.isfinite(field).all()
    peak = np.linalg.norm(field, axis=-1).max()
    assert 0.2 * 0.03 * EYE_DISTANCE < peak < 4 * 0.03 * EYE_DISTANCE
    steps = max(np.abs(np.diff(field, axis=0)).max(), np.abs(np.diff(field, axis=1)).max())
    assert steps < 0.5  # a warp by the field must not fold


def test_amplitude_scales_and_size_keeps_the_picture():
    motion = draw_motion([Unit(12)], np.random.default_rng(0))
    large = motion.displacement(amplitude=0.02)
    assert np.allclose(motion.displacement(amplitude=0.01) * 2, large, atol=1e-5)
    small = motion.displacement(size=64, amplitude=0.02)
    assert np.allclose(small * 4, large.reshape(64, 4, 64, 4, 2).mean((1, 3)), atol=0.05)


def test_the_same_seed_draws_the_same_face_and_another_seed_another():
    first, again, other = (displacement([Unit(4)], rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=0.05)


def test_no_units_no_motion_and_unknown_units_are_refused():
    assert not displacement([]).any()
    assert not draw_motion([]).brightness().any()
    with pytest.raises(KeyError):
        displacement([Unit(999)])


def test_brows_go_down_and_shade_when_lowered_and_up_when_raised():
    brow = (slice(50, 70), slice(128 + 15, 128 + 35))
    assert displacement([Unit(4)])[brow][..., 1].mean() > 0.2
    assert displacement([Unit(1)])[brow][..., 1].mean() < -0.2
    assert draw_motion([Unit(4)]).brightness()[60, 128] < -0.01

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mevqa.video.motion.face_extent import measure_extents

RNG = np.random.default_rng(4)
SKIN = sum(cv2.GaussianBlur(RNG.normal(size=(256, 256)), (0, 0), s) * s for s in (2, 4, 8, 16))
SKIN = (128 + 40 * SKIN / SKIN.std()).astype(np.float32)
Y, X = np.mgrid[:256, :256].astype(np.float32)
NEAR = np.exp(-0.5 * (((X - 110) / 22) ** 2 + ((Y - 160) / 22) ** 2))


def face(extent, *, shift=0.0, gain=1.0, noise=0.0, seed=0):
    """A face that has gone a part of its way, moved as a whole and lit otherwise."""
    x, y = X - extent * NEAR - shift, Y + 0.6 * extent * NEAR + shift / 2
    seen = cv2.remap(SKIN, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
    return (gain * seen + noise * np.random.default_rng(seed).normal(size=seen.shape)).astype(np.float32)


def test_extents_rise_with_the_expression():
    gone = np.linspace(0, 1, 11)
    extents = measure_extents(face(0), face(1), [face(extent) for extent in gone])
    assert abs(extents[0]) < 0.01 and extents[-1] == pytest.approx(1, abs=0.2) and (np.diff(extents) > 0.01).all()


@pytest.mark.parametrize(("shift", "gain"), [(0.4, 1.0), (-0.6, 1.0), (0.0, 1.03), (0.3, 0.97)])
def test_the_head_and_the_light_do_not_count(shift, gain):
    still, there = measure_extents(face(0), face(1), [face(x, shift=shift, gain=gain) for x in (0, 1)])
    assert abs(still) < 0.01 and there == pytest.approx(1.07, rel=0.25)


def test_noise_averages_out_over_the_face():
    faces = [face(0.9, noise=2.0, seed=seed) for seed in range(1, 9)]
    extents = measure_extents(face(0), np.mean(faces[:3], axis=0), faces)
    assert extents.std() < 0.03
    # Faces that the flow was measured with are not taken to be farther than others.
    assert abs(extents[:3].mean() - extents[3:].mean()) < 0.02


def test_a_picture_without_texture_has_no_motion():
    plain = np.full((256, 256), 90, np.float32)
    assert np.abs(measure_extents(plain, plain, [plain, plain + 3])).max() < 1e-6

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mevqa.video.motion.flow import centre_channels, dense_flow, motion_map, optical_strain, within_face


def textured(seed: int = 0, size: int = 256) -> np.ndarray:
    """Smooth random texture with detail at several scales, float [size, size]."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), s) * s for s in (2, 4, 8, 16)]
    total = sum(layers)
    return 128 + 45 * total / total.std()


def bump(amplitude: float, centre: tuple[float, float] = (170, 150), width: float = 20) -> np.ndarray:
    """One smooth displacement to the right and half as much down, [256, 256, 2]."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    weight = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))
    return np.dstack([weight, weight / 2]).astype(np.float32) * amplitude


def moved(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Picture whose points have moved along ``flow``."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    back = flow
    for _ in range(8):
        back = cv2.remap(flow, x - back[..., 0], y - back[..., 1], cv2.INTER_LINEAR)
    return cv2.remap(picture, x - back[..., 0], y - back[..., 1], cv2.INTER_CUBIC)


def as_rgb(picture: np.ndarray, noise: float, seed: int) -> np.ndarray:
    noisy = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.repeat(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("amplitude", [0.5, 1.0, 3.0])
def test_flow_recovers_subpixel_bumps(amplitude: float) -> None:
    true = bump(amplitude)
    picture = textured()
    flow = dense_flow(as_rgb(picture, 2, 1), as_rgb(moved(picture, true), 2, 2))
    error = np.linalg.norm(flow - true, axis=2)
    peak = np.linalg.norm(true, axis=2) > 0.5 * amplitude
    assert flow.shape == (256, 256, 2)
    assert flow.dtype == np.float32
    assert error[peak].mean() < 0.15 * amplitude
    assert error[~peak].mean() < 0.06


def test_flow_points_right_and_down() -> None:
    picture = textured(3)
    flow = dense_flow(as_rgb(picture, 0, 1), as_rgb(np.roll(picture, (1, 2), axis=(0, 1)), 0, 2))
    assert np.median(flow[..., 0]) == pytest.approx(2, abs=0.1)
    assert np.median(flow[..., 1]) == pytest.approx(1, abs=0.1)


def test_strain_of_linear_fields_is_known() -> None:
    y, x = np.mgrid[:32, :32].astype(np.float32)
    stretch = np.dstack([0.02 * x, np.zeros_like(x)])
    shear = np.dstack([0.02 * y, np.zeros_like(x)])
    rotation = np.dstack([-0.02 * y, 0.02 * x])
    shift = np.dstack([np.full_like(x, 5), np.full_like(x, -3)])
    assert np.allclose(optical_strain(stretch), 0.02, atol=1e-6)
    assert np.allclose(optical_strain(shear), 0.02 / np.sqrt(2), atol=1e-6)
    assert np.allclose(optical_strain(rotation), 0, atol=1e-6)
    assert np.allclose(optical_strain(shift), 0, atol=1e-6)


def test_motion_map_has_the_field_convention() -> None:
    flow = bump(2.0)
    flow[..., 1] *= -1
    drawn = np.asarray(motion_map(flow))
    assert drawn.shape == (256, 256, 3)
    assert (drawn.min(axis=(0, 1)) == 0).all()
    assert (drawn.max(axis=(0, 1)) == 255).all()
    assert drawn[150, 170, 0] == 255  # to the right is bright in red
    assert drawn[150, 170, 1] == 0  # upwards is dark in green
    assert drawn[150, 170, 2] < 40 < drawn[150, 190, 2]  # strain is on the flank, not at the top
    assert motion_map(flow, size=28).size == (28, 28)


def test_motion_map_of_stillness_is_black() -> None:
    assert not np.asarray(motion_map(np.zeros((64, 64, 2), np.float32))).any()


def test_centred_map_puts_the_median_at_mid_grey() -> None:
    drawn = np.asarray(motion_map(bump(2.0), size=28))
    centred = centre_channels(drawn)
    assert centred.shape == drawn.shape
    assert centred.dtype == np.uint8
    assert (np.median(centred[..., :2], axis=(0, 1)) == 128).all()
    assert (centred.max(axis=(0, 1)) == 255).all()


def test_centred_map_does_not_depend_on_offset_or_gain() -> None:
    drawn = np.asarray(motion_map(bump(2.0), size=28)).astype(float)
    darker = centre_channels(np.rint(drawn * 0.5).astype(np.uint8)).astype(int)
    brighter = centre_channels(np.rint(drawn * 0.5 + 100).astype(np.uint8)).astype(int)
    full = centre_channels(drawn.astype(np.uint8)).astype(int)
    assert np.array_equal(darker, brighter)
    assert np.abs(darker - full).max() <= 4


def test_centred_flat_map_is_mid_grey_and_stays_calm() -> None:
    flat = np.full((28, 28, 3), 7, np.uint8)
    assert (centre_channels(flat) == 128).all()
    flat[3, 4] = 8
    assert np.abs(centre_channels(flat).astype(int) - 128).max() <= 32


def test_motion_outside_the_face_does_not_take_the_range_of_the_map():
    flow = np.zeros((256, 256, 2), np.float32)
    flow[..., 0] = 0.3
    flow[200:220, 118:138, 1] = 1.0
    flow[230:, :30] = 9.0
    still = within_face(flow)
    assert np.allclose(still[230:, :10], (0.3, 0.0), atol=0.05)
    assert np.allclose(still[205:215, 123:133, 1], 1.0, atol=0.02)
    assert np.asarray(motion_map(still))[210, 128, 1] == 255

from __future__ import annotations

import numpy as np
import pytest

from mevqa.video.motion.magnify import magnify


def flow_to_the_right(amplitude: float, width: float) -> np.ndarray:
    y, x = np.mgrid[:256, :256].astype(np.float32)
    weight = np.exp(-((x - 128) ** 2 + (y - 128) ** 2) / (2 * width**2))
    return np.dstack([amplitude * weight, np.zeros_like(weight)])


def ramp() -> np.ndarray:
    """A picture whose grey level is half its column: where a point came from can be read off."""
    column = np.arange(256) / 2
    return np.repeat(np.tile(column, (256, 1)).astype(np.uint8)[..., None], 3, axis=2)


def came_from(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0].astype(float) * 2


def test_motion_is_shown_eight_times() -> None:
    drawn = np.asarray(magnify(ramp(), flow_to_the_right(1.0, 40)))
    # The point now at 136 came from 128, to the accuracy of the ramp.
    assert came_from(drawn)[128, 136] == pytest.approx(128, abs=2.1)
    assert came_from(drawn)[10, 136] == pytest.approx(136, abs=2.1)


def test_no_gain_is_the_reference() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(magnify(picture, flow_to_the_right(2.0, 20), gain=0)), picture)


def test_strong_narrow_motion_does_not_fold() -> None:
    # A plain displacement 8 x 3 px over a bump of deviation 10 px would turn back on itself.
    source = came_from(np.asarray(magnify(ramp(), flow_to_the_right(3.0, 10))))
    assert (np.diff(source, axis=1) >= -1e-6).all()


def test_noise_of_still_skin_is_not_magnified() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (256, 256, 2)).astype(np.float32)
    drawn = np.asarray(magnify(ramp(), noise))
    assert np.abs(drawn.astype(int) - ramp()).max() <= 1

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mevqa.video.face.head_shape import depth
from mevqa.video.face.stabilise import Stabiliser, _median

_SIDE = 400
_START = np.array([[1.0, 0, 72], [0, 1, 72]])


def scene(seed: int = 0) -> np.ndarray:
    """Smooth random texture with detail at several scales, float [400, 400]."""
    rng = np.random.default_rng(seed)
    total = sum(cv2.GaussianBlur(rng.normal(size=(_SIDE, _SIDE)), (0, 0), s) * s for s in (2, 4, 8, 16))
    return 128 + 35 * total / total.std()


def drift(right: float, down: float, degrees: float, scale: float) -> np.ndarray:
    """Movement of the head about the middle of the face, [3, 3]."""
    turn = np.vstack([cv2.getRotationMatrix2D((200, 200), degrees, scale), [0, 0, 1]])
    turn[:2, 2] += (right, down)
    return turn


def recorded(picture: np.ndarray, movement: np.ndarray | None = None, noise: float = 2, seed: int = 1) -> np.ndarray:
    """The picture after a movement, with sensor noise, uint8."""
    if movement is not None:
        picture = cv2.warpAffine(picture, movement[:2], (_SIDE, _SIDE), flags=cv2.INTER_LANCZOS4)
    noisy = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def fitted(picture: np.ndarray) -> Stabiliser:
    return Stabiliser(recorded(picture)[72:328, 72:328])


def error(placement: np.ndarray, movement: np.ndarray) -> float:
    """Largest distance in px between the placement and the true one over the inner face."""
    y, x = np.mgrid[30:240:20, 30:230:20]
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    return float(np.linalg.norm((placement - (movement @ np.vstack([_START, [0, 0, 1]]))[:2]) @ points, axis=0).max())


@pytest.mark.parametrize(
    "movement",
    [(0, 0, 0, 1), (0.25, 0.25, 0, 1), (-0.6, 0.4, 0.3, 1.002), (3, -2, 1, 0.99), (9, 6, -3, 1.03)],
)
def test_movement_of_the_head_is_found(movement: tuple[float, float, float, float]) -> None:
    picture = scene()
    fit = fitted(picture)(recorded(picture, drift(*movement), seed=2), _START)
    assert error(fit.placement, drift(*movement)) < 0.06
    assert fit.agreement > 0.95


def test_blink_and_mouth_do_not_disturb() -> None:
    picture = scene()
    moving = picture.copy()
    moving[145:185, 120:180] = moving[145:185, 220:280] = 60.0  # both eyes shut
    moving[272:320, 150:250] = picture[280:328, 156:256]  # the mouth and chin have moved 10 px
    fit = fitted(picture)(recorded(moving, drift(1.3, -0.7, 0.4, 1), seed=2), _START)
    assert error(fit.placement, drift(1.3, -0.7, 0.4, 1)) < 0.06


def test_brow_raise_into_the_forehead_does_not_disturb() -> None:
    picture = scene()
    y, x = np.mgrid[:_SIDE, :_SIDE].astype(np.float32)
    raised = 3 * np.exp(-((x - 200) ** 2 / (2 * 60**2) + (y - 120) ** 2 / (2 * 22**2))).astype(np.float32)
    moving = cv2.remap(picture, x, y + raised, cv2.INTER_CUBIC)
    fit = fitted(picture)(recorded(moving, drift(1.3, -0.7, 0.4, 1), seed=2), _START)
    assert error(fit.placement, drift(1.3, -0.7, 0.4, 1)) < 0.15


def test_flicker_does_not_disturb() -> None:
    picture = scene()
    fit = fitted(picture)(recorded(128 + (picture - 128) * 0.8 + 12, drift(0.5, 0.5, 0, 1), seed=2), _START)
    assert error(fit.placement, drift(0.5, 0.5, 0, 1)) < 0.06


def test_head_that_moved_far_is_found_by_search_alone() -> None:
    picture = scene()
    stabiliser = fitted(picture)
    far = recorded(picture, drift(52, -31, 2, 1), seed=2)
    assert stabiliser(far, _START).agreement < 0.8
    fit = stabiliser.search(far, _START)
    assert fit.agreement > 0.95
    assert error(fit.placement, drift(52, -31, 2, 1)) < 0.1


def test_other_and_flat_pictures_do_not_agree() -> None:
    stabiliser = fitted(scene())
    assert stabiliser(recorded(scene(9)), _START).agreement < 0.7
    assert stabiliser(np.full((_SIDE, _SIDE), 90, np.uint8), _START).agreement == 0
    flat = Stabiliser(np.full((256, 256), 90, np.uint8))
    assert flat(recorded(scene()), _START).agreement == 0


@pytest.mark.parametrize(("turn_right", "turn_down"), [(0.02, 0), (0, 0.03), (-0.015, 0.015)])
def test_turning_head_is_not_taken_for_a_shift(turn_right: float, turn_down: float) -> None:
    picture = scene()
    y, x = np.mgrid[:_SIDE, :_SIDE]
    nearer = depth((x - 72 + 0.5) / 256, (y - 72 + 0.5) / 256)
    x, y = x - turn_right * nearer, y - turn_down * nearer
    turned = cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
    fit = fitted(picture)(recorded(turned, seed=2), _START)
    brow = np.array([0.38 * 256, 0.28 * 256, 1])
    assert np.linalg.norm((fit.placement - _START) @ brow) < 0.25


def test_the_quick_median_is_that_of_numpy():
    rng = np.random.default_rng(0)
    for length in (1, 2, 3, 8, 101, 130):
        values = rng.exponential(size=length)
        assert _median(values) == np.median(values)

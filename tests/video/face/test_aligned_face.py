from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest

from mevqa.facs import ActionUnit
from mevqa.synthetic.faces.fields import displacement
from mevqa.synthetic.faces.portraits import portraits
from mevqa.video.face.align import cut_out
from mevqa.video.face.aligned_face import FaceAligner
from mevqa.video.motion.flow import dense_flow
from mevqa.video.reading.reader import open_video

_ENLARGED = 1.5


def portrait(name: str) -> np.ndarray:
    """The portrait enlarged, so that moving it interpolates a smooth picture, float [H, W, 3]."""
    return cv2.resize(portraits()[name].picture[..., :3], None, fx=_ENLARGED, fy=_ENLARGED)


def recorded(picture: np.ndarray, noise: float = 2, seed: int = 1) -> np.ndarray:
    noisy = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


@functools.cache
def fitted(name: str) -> FaceAligner:
    """The aligner of the recorded portrait, shared by the tests that do not provoke warnings."""
    return FaceAligner.fit(recorded(portrait(name)))


def drift(picture: np.ndarray, right: float, down: float, degrees: float, scale: float) -> np.ndarray:
    """Movement of the head about the middle of the frame, [3, 3]."""
    height, width = picture.shape[:2]
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale), [0, 0, 1]])
    turn[:2, 2] += (right, down)
    return turn


def moved(
    picture: np.ndarray, placement: np.ndarray, expression: np.ndarray | None, movement: np.ndarray
) -> np.ndarray:
    """The portrait after an expression (px of the canonical face) and a movement of the head (px of the frame)."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    frame = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    to_frame = np.vstack([placement, [0, 0, 1]])
    face = (np.linalg.inv(movement @ to_frame) @ frame)[:2].astype(np.float32).reshape(2, height, width)
    if expression is not None:
        back = np.zeros_like(face)
        for _ in range(8):
            # Black outside: nothing moves beyond the canonical face.
            back = cv2.remap(expression, face[0] - back[0], face[1] - back[1], cv2.INTER_LINEAR).transpose(2, 0, 1)
        face = face - back
    source = (placement @ np.stack([face[0].ravel(), face[1].ravel(), np.ones(x.size)])).astype(np.float32)
    source = source.reshape(2, height, width)
    return cv2.remap(picture, source[0], source[1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)


def inner_face() -> np.ndarray:
    inside = np.zeros((256, 256), bool)
    inside[30:240, 40:216] = True
    return inside


@pytest.mark.parametrize(
    ("name", "units", "amplitude"),
    [
        ("collins", (4,), 0.01),
        ("collins", (6, 12), 0.01),
        ("collins", (1, 2), 0.03),
        ("hopper", (12,), 0.01),
        ("hopper", (1, 2), 0.01),
        ("hopper", (6, 12), 0.03),
    ],
)
def test_motion_is_expression_and_not_head_movement(name: str, units: tuple[int, ...], amplitude: float) -> None:
    picture = portrait(name)
    reference = recorded(picture)
    aligner = fitted(name)
    true = displacement([ActionUnit(unit) for unit in units], amplitude=amplitude)
    movement = drift(picture, 5, -3, 0.8, 1.006)
    apex = recorded(moved(picture, aligner.placement, true, movement), seed=2)
    flow = dense_flow(aligner(reference), aligner(apex))
    unaligned = dense_flow(aligner(reference), cut_out(apex, aligner.placement))
    size = np.linalg.norm(true, axis=2)
    still = inner_face() & (size < 0.05 * size.max())
    most = inner_face() & (size > 0.5 * size.max())
    rest = np.linalg.norm(np.median(flow[still], axis=0))
    assert np.linalg.norm(unaligned[still], axis=1).mean() > 3
    assert rest < 0.1 * size.max()
    assert np.linalg.norm(flow[still], axis=1).mean() < 0.12 * size.max()
    assert np.linalg.norm((flow - true)[most], axis=1).mean() < 0.25 * size[most].mean()


def test_result_does_not_depend_on_the_order_of_frames() -> None:
    picture = portrait("collins")
    frames = [
        recorded(moved(picture, np.eye(3)[:2], None, drift(picture, shift, -shift, 0, 1)), seed=shift)
        for shift in (2, 9, 5)
    ]
    aligner = fitted("collins")
    forward = [aligner(frame) for frame in frames]
    backward = [aligner(frame) for frame in reversed(frames)]
    assert all(np.array_equal(first, second) for first, second in zip(forward, reversed(backward), strict=True))


def test_turned_head_is_aligned_upright() -> None:
    picture = portrait("collins")
    turned = recorded(moved(picture, np.eye(3)[:2], None, drift(picture, 0, 0, 12, 1)))
    upright = fitted("collins")(recorded(picture))
    again = FaceAligner.fit(turned)(turned)
    likeness = np.corrcoef(upright[30:220, 30:226].ravel(), again[30:220, 30:226].ravel())[0, 1]
    assert likeness > 0.9


def test_no_face_warns_and_shows_the_middle() -> None:
    frame = np.full((240, 400, 3), 90, np.uint8)
    frame[:, 80:320] = np.random.default_rng(0).integers(0, 256, (240, 240, 3), dtype=np.uint8)
    aligner = FaceAligner.fit(frame)
    assert not aligner.has_face
    assert "no face" in aligner.warnings[0]
    face = aligner(frame)
    assert face.shape == (256, 256, 3)
    assert (face.std(axis=(0, 2)) > 10).all()


def test_several_faces_use_the_largest_and_say_so() -> None:
    small, large = (recorded(portrait(name), noise=0) for name in ("collins", "hopper"))
    frame = np.full((large.shape[0], small.shape[1] + large.shape[1], 3), 120, np.uint8)
    frame[: small.shape[0], : small.shape[1]] = small
    frame[:, small.shape[1] :] = large
    aligner = FaceAligner.fit(frame)
    assert aligner.warnings[0] == "2 faces were found: the largest is used"
    assert (aligner.placement @ (127, 127, 1))[0] > small.shape[1]


def test_face_crop_is_recognised_and_only_resized() -> None:
    frame = recorded(portrait("hopper"), noise=0)
    crop = fitted("hopper")(frame)[8:248, 24:232]
    aligner = FaceAligner.fit(crop)
    assert aligner.mode == "none"
    assert aligner.has_face
    assert np.abs(aligner(crop).astype(int) - cv2.resize(crop, (256, 256), interpolation=cv2.INTER_CUBIC)).mean() < 2
    assert fitted("hopper").mode == "haar"


def test_crops_are_held_still_too() -> None:
    picture = portrait("hopper")
    frame = recorded(picture)
    placement = fitted("hopper").placement
    later = recorded(moved(picture, placement, None, drift(picture, 3, 2, 0.5, 1)), seed=2)
    first, second = cut_out(frame, placement), cut_out(later, placement)
    aligner = FaceAligner.fit(first, "none")
    assert aligner.warnings == ()
    before = np.abs(np.median(dense_flow(first, second)[inner_face()], axis=0)).max()
    after = np.abs(np.median(dense_flow(aligner(first), aligner(second))[inner_face()], axis=0)).max()
    assert before > 1
    assert after < 0.08


def test_frame_without_the_face_gives_a_warning() -> None:
    picture = portrait("collins")
    aligner = FaceAligner.fit(recorded(picture))
    assert aligner.warnings == ()
    nothing = np.full_like(recorded(picture), 128)
    assert aligner(nothing).shape == (256, 256, 3)
    assert aligner.locate(nothing).agreement == 0
    assert len(aligner.warnings) == 1
    assert "not found in some frames" in aligner.warnings[0]


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, haar, mediapipe or none"):
        FaceAligner.fit(np.zeros((100, 100, 3), np.uint8), "dlib")  # type: ignore[arg-type]


@pytest.mark.data
@pytest.mark.parametrize("name", ["talking_face.mp4", "face_then_no_face.mov"])
def test_real_face_is_held_still(name: str, shared_data: Path) -> None:
    with open_video(shared_data / "video" / name) as video:
        first, later = video.frames([0, 16])
    aligner = FaceAligner.fit(first)
    assert aligner.mode == "haar"
    assert aligner.locate(later).agreement > 0.95
    before = dense_flow(aligner(first), cut_out(later, aligner.placement))
    after = dense_flow(aligner(first), aligner(later))
    brows = (slice(45, 80), slice(70, 186))
    shift = [np.linalg.norm(np.median(flow[brows], axis=(0, 1))) for flow in (before, after)]
    assert shift[0] > 1
    assert shift[1] < 0.5 * shift[0]


@pytest.mark.data
def test_real_video_without_a_face(shared_data: Path) -> None:
    with open_video(shared_data / "video" / "no_face.mp4") as video:
        assert not FaceAligner.fit(video[0]).has_face


@pytest.mark.data
def test_face_that_leaves_gives_a_warning(shared_data: Path) -> None:
    with open_video(shared_data / "video" / "face_then_no_face.mov") as video:
        first, last = video.frames([0, len(video) - 1])
    aligner = FaceAligner.fit(first)
    aligner(last)
    assert any("not found in some frames" in warning for warning in aligner.warnings)

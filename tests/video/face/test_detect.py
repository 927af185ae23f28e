from __future__ import annotations

import numpy as np
import pytest

from mevqa.synthetic.faces.portraits import Portrait, landmark_names, portraits
from mevqa.video.face.detect import BOX_EYES, find_faces


def frame_of(portrait: Portrait) -> np.ndarray:
    return portrait.picture[..., :3].astype(np.uint8)


def true_eyes(portrait: Portrait) -> np.ndarray:
    """Eye centres, left of the picture (the subject's right) first."""
    names = landmark_names()
    return portrait.landmarks[[names.index("right_eye"), names.index("left_eye")]]


@pytest.mark.parametrize("name", sorted(portraits()))
def test_eyes_of_portraits_are_found(name: str) -> None:
    faces = find_faces(frame_of(portraits()[name]))
    eyes = true_eyes(portraits()[name])
    distance = np.linalg.norm(eyes[1] - eyes[0])
    assert len(faces) == 1
    assert faces[0].eyes_seen
    assert np.linalg.norm(faces[0].eyes - eyes, axis=1).max() < 0.06 * distance


def test_largest_face_comes_first() -> None:
    small = frame_of(portraits()["collins"])
    large = frame_of(portraits()["hopper"])
    frame = np.full((max(small.shape[0], large.shape[0]), small.shape[1] + large.shape[1], 3), 120, np.uint8)
    frame[: small.shape[0], : small.shape[1]] = small
    frame[: large.shape[0], small.shape[1] :] = large
    faces = find_faces(frame)
    assert len(faces) == 2
    assert faces[0].box[2] > faces[1].box[2]
    assert faces[0].eyes[0][0] > small.shape[1]


def test_hidden_eyes_are_put_at_their_usual_places() -> None:
    portrait = portraits()["hopper"]
    frame = frame_of(portrait)
    (left, top), (right, bottom) = true_eyes(portrait).astype(int)
    distance = right - left
    # Dark glasses without any contrast inside.
    frame[top - distance // 4 : bottom + distance // 4, left - distance // 3 : right + distance // 3] = 25
    faces = find_faces(frame)
    assert faces and not faces[0].eyes_seen
    x, y, width, _ = faces[0].box
    assert faces[0].eyes[0] == pytest.approx((x + BOX_EYES[0][0] * width, y + BOX_EYES[0][1] * width))
    assert np.linalg.norm(faces[0].eyes - true_eyes(portrait), axis=1).max() < 0.2 * distance


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_texture_has_no_face(seed: int) -> None:
    assert find_faces(np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8)) == []


@pytest.mark.parametrize("shape", [(2, 8192, 3), (8192, 2, 3), (1, 1, 3)])
def test_there_is_no_face_in_a_strip(shape):
    assert find_faces(np.zeros(shape, np.uint8)) == []

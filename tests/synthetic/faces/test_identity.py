from __future__ import annotations

import numpy as np

from mevqa.synthetic.faces.identity import draw_identity, mirrored_landmarks
from mevqa.synthetic.faces.neutral_face import PLATE_BOX, paint
from mevqa.synthetic.faces.portraits import landmark_names, mean_shape, mirror_order, portraits
from mevqa.synthetic.recording import person


def test_every_portrait_has_every_landmark_inside_its_picture_and_on_the_person():
    for portrait in portraits().values():
        height, width = portrait.picture.shape[:2]
        assert portrait.landmarks.shape == mean_shape().shape
        columns, rows = np.rint(portrait.landmarks).astype(int).T
        assert np.all((columns >= 0) & (columns < width) & (rows >= 0) & (rows < height))
        assert portrait.picture[rows, columns, 3].min() > 127


def test_the_subjects_left_is_on_the_right_of_the_picture():
    names = landmark_names()
    for points in (mean_shape(), *(portrait.landmarks for portrait in portraits().values())):
        for name in names:
            if name.startswith("left_"):
                assert points[names.index(name), 0] > points[names.index(name.replace("left", "right")), 0]


def test_mirroring_swaps_the_sides_and_twice_is_nothing():
    assert np.array_equal(mirror_order()[mirror_order()], np.arange(len(landmark_names())))
    landmarks = portraits()["hopper"].landmarks
    mirrored = mirrored_landmarks(landmarks, 500)
    assert np.allclose(mirrored_landmarks(mirrored, 500), landmarks)
    names = landmark_names()
    assert mirrored[names.index("left_eye"), 0] > mirrored[names.index("right_eye"), 0]


def test_a_seed_is_one_person_and_other_seeds_are_others():
    first, again, other = (draw_identity(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.shape, again.shape) and first.skin == again.skin
    assert not np.allclose(first.shape, other.shape)
    shapes = [person(seed, subject).shape for seed in (1, 2) for subject in range(5)]
    assert len({shape.tobytes() for shape in shapes}) == 10


def test_a_painted_face_is_opaque_on_the_face_and_transparent_in_the_corners_above():
    plate = paint(person(1, 0), 60.0)
    left, top, right, bottom = PLATE_BOX
    assert plate.picture.shape == (round((bottom - top) * 60), round((right - left) * 60), 4)
    for name in ("nose_tip", "left_eye", "right_mouth_corner", "chin"):
        column, row = np.rint(plate.landmark(name)).astype(int)
        assert plate.picture[row, column, 3] == 1.0
    assert plate.picture[0, 0, 3] == plate.picture[0, -1, 3] == 0.0
    assert plate.picture[..., :3].max() <= 255.0 and plate.picture[..., 3].max() <= 1.0


def test_painting_is_deterministic():
    identity = person(2, 1)
    assert np.array_equal(paint(identity, 50.0).picture, paint(identity, 50.0).picture)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mevqa.facs import ActionUnit
from mevqa.synthetic.faces.eyelids import Eyelids
from mevqa.synthetic.faces.fields import draw_motion
from mevqa.synthetic.faces.neutral_face import paint
from mevqa.synthetic.faces.warps import upsample
from mevqa.synthetic.recording import person, render_pair
from mevqa.synthetic.renderer import Renderer
from mevqa.synthetic.scene import Pose, draw_scene

SIZE = 200


@pytest.fixture(scope="module")
def plate():
    return paint(person(1, 0), 70.0)


@pytest.fixture(scope="module")
def scene():
    return replace(draw_scene(np.random.default_rng(0), SIZE, SIZE, grey=False), noise=0.0)


def rng():
    return np.random.default_rng(0)


def drawn(plate, scene, units, amplitude):
    return Renderer(plate, scene, [([draw_motion(units)], amplitude)])


@pytest.mark.parametrize("amplitude", [0.005, 0.03, 0.1])
@pytest.mark.parametrize("units", [[ActionUnit(12)], [ActionUnit(1), ActionUnit(2)], [ActionUnit(4, "left")]])
def test_the_largest_displacement_is_the_amplitude(plate, scene, units, amplitude):
    (field,) = drawn(plate, scene, units, amplitude).fields
    peak = np.linalg.norm(field[..., :2], axis=-1).max() / scene.eye_distance
    assert peak == pytest.approx(amplitude, rel=0.05)


def test_without_strength_the_frame_is_the_neutral_one_and_with_it_it_moves(plate, scene):
    renderer = drawn(plate, scene, [ActionUnit(12)], 0.03)
    neutral = Renderer(plate, scene, []).frame(Pose(), [], rng())
    assert np.array_equal(renderer.frame(Pose(), [0.0], rng()), neutral)
    changes = [
        np.abs(renderer.frame(Pose(), [strength], rng()).astype(int) - neutral).mean() for strength in (0.3, 0.6, 1.0)
    ]
    assert 0 < changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize(("side", "right_of_picture"), [("left", True), ("right", False)])
def test_a_one_sided_unit_moves_the_subjects_own_side(plate, scene, side, right_of_picture):
    renderer = drawn(plate, replace(scene, roll=0.0), [ActionUnit(12, side)], 0.03)
    moved = np.linalg.norm(upsample(renderer.fields[0], SIZE, SIZE, renderer.step)[..., :2], axis=-1)
    middle = int(scene.centre[0])
    on_left, on_right = moved[:, :middle].sum(), moved[:, middle:].sum()
    assert (on_right > 5 * on_left) if right_of_picture else (on_left > 5 * on_right)


def test_a_lip_corner_puller_lifts_the_corner_in_the_picture(plate, scene):
    """Block matching at the mouth corner finds the motion that the field says."""
    renderer = drawn(plate, replace(scene, roll=0.0), [ActionUnit(12, "left")], 0.10)
    before, after = (renderer.frame(Pose(), [strength], rng()).mean(axis=2) for strength in (0.0, 1.0))
    face = (plate.landmark("left_mouth_corner") - plate.to_pixels(np.zeros(2))) / plate.eye_distance
    column, row = np.rint(np.array(scene.centre) + face * scene.eye_distance).astype(int)
    block = before[row - 6 : row + 7, column - 6 : column + 7]

    def cost(right, down):
        moved = after[row - 6 + down : row + 7 + down, column - 6 + right : column + 7 + right]
        return np.square(moved - block).mean()

    right, down = min(((x, y) for x in range(-7, 8) for y in range(-7, 8)), key=lambda shift: cost(*shift))
    assert down <= -2 and right >= 1


def test_the_eyes_are_where_the_pose_puts_them(plate, scene):
    renderer = Renderer(plate, scene, [])
    still, moved = renderer.eyes(Pose()), renderer.eyes(Pose(shift=(3.0, -2.0), scale=1.1))
    assert np.linalg.norm(still[1] - still[0]) == pytest.approx(scene.eye_distance)
    assert still[0, 0] < still[1, 0]
    assert np.linalg.norm(moved[1] - moved[0]) == pytest.approx(1.1 * scene.eye_distance)
    assert moved.mean(axis=0) - still.mean(axis=0) == pytest.approx([3.0, -2.0])


def test_a_whole_pixel_shift_of_the_head_shifts_the_picture_of_the_face(plate, scene):
    flat = replace(scene, background=np.zeros_like(scene.background), light=np.ones_like(scene.light))
    renderer = Renderer(plate, flat, [])
    still, moved = renderer.frame(Pose(), [], rng()), renderer.frame(Pose(shift=(4.0, 3.0)), [], rng())
    inside = np.s_[60:150, 60:140]
    shifted = moved[63:153, 64:144]
    assert np.abs(shifted.astype(int) - still[inside]).max() <= 2


def test_closed_lids_hide_the_eyes_and_nothing_else(plate):
    lids = Eyelids(plate)
    assert lids.closed(plate.picture, 0.0) is plate.picture
    shut = lids.closed(plate.picture, 1.0)
    changed = np.abs(shut - plate.picture).max(axis=2) > 1.0
    for side in ("left", "right"):
        column, row = np.rint(plate.landmark(f"{side}_eye")).astype(int)
        assert changed[row, column]
    for name in ("nose_tip", "left_brow_middle", "right_mouth_corner"):
        column, row = np.rint(plate.landmark(name)).astype(int)
        assert not changed[row, column]
    assert changed.mean() < 0.02


def test_grey_footage_has_equal_channels(plate):
    grey = draw_scene(np.random.default_rng(1), SIZE, SIZE, grey=True)
    frame = Renderer(plate, grey, []).frame(Pose(), [], rng())
    assert frame.shape == (SIZE, SIZE, 3) and frame.dtype == np.uint8
    assert np.array_equal(frame[..., 0], frame[..., 1]) and np.array_equal(frame[..., 0], frame[..., 2])


def test_a_pair_is_decided_by_its_generator():
    pairs = [
        render_pair(person(1, 0), [ActionUnit(4)], 0.02, np.random.default_rng(seed), size=160) for seed in (5, 5, 6)
    ]
    assert np.array_equal(pairs[0].apex, pairs[1].apex) and np.array_equal(pairs[0].onset, pairs[1].onset)
    assert not np.array_equal(pairs[0].apex, pairs[2].apex)
    assert pairs[0].onset.shape == (160, 160, 3) and pairs[0].onset_eyes.shape == (2, 2)


def test_lids_of_a_pair_close_at_the_frame_that_is_named():
    open_eyes, closed = (
        render_pair(person(1, 0), [ActionUnit(12)], 0.02, np.random.default_rng(5), size=160, closures=closures)
        for closures in ((0.0, 0.0), (0.0, 1.0))
    )
    assert np.array_equal(open_eyes.onset, closed.onset)
    changed = np.abs(open_eyes.apex.astype(int) - closed.apex).max(-1) > 20
    rows, columns = np.nonzero(changed)
    places = np.stack([columns, rows], -1)[:, None]
    distances = np.linalg.norm(places - closed.apex_eyes[None], axis=-1).min(1)
    assert len(rows) > 20
    assert np.percentile(distances, 90) < 0.4 * np.linalg.norm(closed.apex_eyes[1] - closed.apex_eyes[0])

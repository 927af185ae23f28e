"""Versions of a clip: moments, brightness and contrast, shift and scale, together with the mirror."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_views import PHOTOGRAPHS, levels, picture, question, rng_of, view
from PIL import Image

from mevqa.events import Event
from mevqa.training.examples.augment import augment, brighten, jitter, shift_scale
from mevqa.training.examples.mirror import mirror_views
from mevqa.training.recipes.recipe import Augmentation
from mevqa.types import View

OFF = Augmentation()
ALL = Augmentation(mirror=0.5, brightness=0.3, contrast=0.3, shift=0.1, scale=0.1)


# Jittered moments.

moments = st.lists(st.integers(0, 60), min_size=3, max_size=3).map(sorted)


@given(moments, st.integers(1, 20), st.integers(1, 30), st.integers(0, 2**20), st.booleans())
def test_jittered_moments_keep_their_order_and_stay_in_the_clip(frames, most, more, seed, known):
    given_ = Event(*frames, fine="disgust")
    length = frames[2] + more if known else None
    moved = jitter(given_, rng_of(seed), Augmentation(jitter=most), length)
    onset, apex, offset = frames
    assert 0 <= moved.onset <= moved.apex <= moved.offset
    assert not known or moved.offset < length
    assert max(abs(moved.onset - onset), abs(moved.apex - apex), abs(moved.offset - offset)) <= most
    assert abs(moved.apex - apex) <= min(apex - onset, offset - apex) / 3
    assert moved.apex - moved.onset >= (apex - onset) / 3, "the motion stays in the pictures"
    assert replace(moved, onset=onset, apex=apex, offset=offset) == given_
    assert jitter(given_, rng_of(seed), Augmentation(jitter=most), length) == moved


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.integers(0, 2**20))
def test_unknown_moments_stay_unknown_and_change_no_draw_of_the_others(known, seed):
    frames = [frame if there else None for frame, there in zip((40, 70, 100), known, strict=True)]
    rng = rng_of(seed)
    moved = jitter(Event(*frames), rng, Augmentation(jitter=5), 200)
    full = jitter(Event(40, 70, 100), rng_of(seed), Augmentation(jitter=5), 200)
    for role, there in zip(("onset", "apex", "offset"), known, strict=True):
        assert getattr(moved, role) == (getattr(full, role) if there else None)
    other = rng_of(seed)
    other.random(3)
    assert rng.random() == other.random()


def test_every_shift_within_the_amount_comes_and_each_moment_moves_by_itself():
    rng = rng_of()
    drawn = [jitter(Event(40, 70, 100), rng, Augmentation(jitter=2), 200) for _ in range(300)]
    assert {a.onset - 40 for a in drawn} == {a.apex - 70 for a in drawn} == {a.offset - 100 for a in drawn}
    assert {a.onset - 40 for a in drawn} == {-2, -1, 0, 1, 2}
    assert len({(a.onset, a.apex, a.offset) for a in drawn}) > 80, "of 125"


def test_jitter_stops_at_both_ends_of_the_clip():
    rng = rng_of()
    drawn = [jitter(Event(1, 20, 38), rng, Augmentation(jitter=5), 40) for _ in range(100)]
    assert (min(a.onset for a in drawn), max(a.offset for a in drawn)) == (0, 39)


def test_jitter_that_is_off_returns_the_very_annotation_and_draws_nothing():
    annotation, rng = Event(1, 2, 3), rng_of()
    assert jitter(annotation, rng, OFF) is annotation
    assert rng.random() == rng_of().random()


@pytest.mark.parametrize("frames", [(5, 3, 9), (0, 5, 20), (-1, 3, 5)])
def test_an_annotation_that_does_not_fit_is_left_to_be_refused(frames):
    annotation = Event(*frames)
    assert jitter(annotation, rng_of(), Augmentation(jitter=3), length=20) == annotation


# Brightness and contrast.


@given(st.integers(0, 2**20))
def test_photographs_of_a_clip_are_changed_alike(seed):
    views = [view(name, picture(at)) for at, name in enumerate(PHOTOGRAPHS)]
    changed = brighten(views, rng_of(seed), Augmentation(brightness=0.4, contrast=0.4))
    became: dict[int, int] = {}
    for before, after in zip(views, changed, strict=True):
        for old, new in zip(levels(before).ravel(), levels(after).ravel(), strict=True):
            assert became.setdefault(int(old), int(new)) == new
    ordered = [became[level] for level in sorted(became)]
    assert ordered == sorted(ordered)


def test_measurements_are_never_brightened():
    views = [view(name) for name in ("apex", "difference", "motion", "motion-centred")]
    changed = brighten(views, rng_of(), Augmentation(brightness=0.4, contrast=0.4))
    assert changed[0].image != views[0].image
    assert all(after is before for before, after in zip(views[1:], changed[1:], strict=True))
    maps = [view("motion")]
    assert brighten(maps, rng_of(), Augmentation(brightness=0.4)) is maps


def test_brightness_scales_the_mean_and_contrast_keeps_it():
    grey = Image.fromarray(rng_of().integers(90, 140, (16, 16, 3), dtype=np.uint8))
    before = np.asarray(grey, float)
    for seed in range(20):
        (bright,) = brighten([view("apex", grey)], rng_of(seed), Augmentation(brightness=0.25))
        factor = levels(bright).mean() / before.mean()
        assert 1 / 1.26 <= factor <= 1.26
        assert levels(bright).std() / before.std() == pytest.approx(factor, abs=0.02)
        (sharp,) = brighten([view("apex", grey)], rng_of(seed), Augmentation(contrast=0.25))
        assert levels(sharp).mean() == pytest.approx(before.mean(), abs=0.5)
        assert 1 / 1.27 <= levels(sharp).std() / before.std() <= 1.27


def test_brightness_goes_both_ways():
    rng = rng_of()
    means = [
        levels(brighten([view("apex")], rng, Augmentation(brightness=0.3))[0]).mean() - levels(view("apex")).mean()
        for _ in range(20)
    ]
    assert min(means) < -5
    assert max(means) > 5


# Shift and scale.


def blob(size: int, x: float, y: float) -> Image.Image:
    """Return a bright spot at a place given as fractions of the side."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 0.01)
    return Image.fromarray(np.rint(255 * np.dstack([spot] * 3)).astype(np.uint8))


def centre_of(shown: View) -> tuple[float, float]:
    weight = levels(shown)[..., 0].astype(float)
    size = len(weight)
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    return (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()


@pytest.mark.parametrize("seed", range(5))
def test_all_views_of_a_clip_are_moved_alike_whatever_their_size(seed):
    views = [view("onset", blob(64, 0.6, 0.4)), view("motion", blob(28, 0.6, 0.4))]
    moved = shift_scale(views, rng_of(seed), Augmentation(shift=0.1, scale=0.1))
    assert [shown.image.size for shown in moved] == [(64, 64), (28, 28)]
    assert centre_of(moved[0]) == pytest.approx(centre_of(moved[1]), abs=0.01)
    assert centre_of(moved[0]) != pytest.approx((0.6, 0.4), abs=0.01)


def test_the_transform_is_what_the_draws_say():
    for seed in range(5):
        rng = rng_of(seed)
        scale = 1.2 ** rng.uniform(-1, 1)
        right, down = 0.1 * rng.uniform(-1, 1, 2)
        (moved,) = shift_scale([view("apex", blob(64, 0.6, 0.4))], rng_of(seed), Augmentation(shift=0.1, scale=0.2))
        expected = (0.5 + 0.1 * scale + right, 0.5 - 0.1 * scale + down)
        assert centre_of(moved) == pytest.approx(expected, abs=0.01)


def test_the_border_is_repeated():
    columns = np.repeat(np.arange(10, 130, 10, dtype=np.uint8)[None], 12, 0)
    (moved,) = shift_scale(
        [view("apex", Image.fromarray(np.dstack([columns] * 3)))], rng_of(0), Augmentation(shift=0.3)
    )
    shown = levels(moved)
    assert shown.min() >= 10
    assert shown.max() <= 120
    flat = view("apex", Image.new("RGB", (12, 12), (7, 80, 200)))
    (moved,) = shift_scale([flat], rng_of(1), Augmentation(shift=0.5, scale=0.5))
    assert (levels(moved) == levels(flat)).all()


@given(st.integers(0, 2**20))
def test_a_shift_of_nothing_changes_nothing(seed):
    views = [view("apex", picture(seed, 13))]
    (moved,) = shift_scale(views, rng_of(seed), Augmentation(shift=1e-12))
    assert (levels(moved) == levels(views[0])).all()


# Everything together.

QUESTIONS = (question("Is the action unit dimpler located on the left or right face?", "left"),)


def test_when_all_is_off_the_very_objects_come_back_and_nothing_is_drawn():
    views, rng = [view("apex"), view("thermal")], rng_of()
    assert all(a is b for a, b in zip(augment(views, QUESTIONS, rng, OFF), (views, QUESTIONS), strict=True))
    assert all(
        a is b for a, b in zip(augment(views, QUESTIONS, rng, Augmentation(jitter=3)), (views, QUESTIONS), strict=True)
    )
    assert rng.random() == rng_of().random()


def test_pictures_and_answers_are_mirrored_together_or_not_at_all():
    views = [view("apex"), view("motion")]
    flipped = mirror_views(views)
    seen = set()
    for seed in range(30):
        shown, questions = augment(views, QUESTIONS, rng_of(seed), Augmentation(mirror=0.5))
        side = questions[0].reference
        expected = flipped if side == "right" else views
        assert all((levels(a) == levels(b)).all() for a, b in zip(shown, expected, strict=True))
        seen.add(side)
    assert seen == {"left", "right"}
    assert augment(views, QUESTIONS, rng_of(), Augmentation(mirror=1.0))[1][0].reference == "right"


def test_a_clip_with_a_question_that_cannot_be_mirrored_is_not_mirrored():
    views = [view("apex")]
    questions = (*QUESTIONS, question("Is the action unit tilt right shown on the face?", "no"))
    shown, asked_questions = augment(views, questions, rng_of(), Augmentation(mirror=1.0))
    assert asked_questions is questions
    assert shown is views


@pytest.mark.parametrize("settings", [ALL, Augmentation(mirror=1.0), Augmentation(shift=0.1)])
@pytest.mark.parametrize("name", ["apex", "motion"])
def test_six_numbers_are_drawn_whatever_is_on(settings, name):
    rng, expected = rng_of(), rng_of()
    augment([view(name)], QUESTIONS, rng, settings)
    expected.random(6)
    assert rng.random() == expected.random()


def test_kinds_are_drawn_in_a_fixed_order():
    views = [view("apex", blob(32, 0.6, 0.4))]
    rng = rng_of(3)
    mirrored = rng.random() < ALL.mirror
    steps = mirror_views(views) if mirrored else views
    steps = brighten(steps, rng, ALL)
    steps = shift_scale(steps, rng, ALL)
    shown, _ = augment(views, QUESTIONS, rng_of(3), ALL)
    assert (levels(shown[0]) == levels(steps[0])).all()
    alone, _ = augment(views, QUESTIONS, rng_of(3), Augmentation(shift=ALL.shift, scale=ALL.scale))
    assert centre_of(alone[0])[1] == pytest.approx(centre_of(shown[0])[1], abs=0.01), "the same shift with others off"


def test_nothing_here_needs_torch():
    names = "splits", "examples.balance", "examples.mirror", "examples.augment"
    code = f"import sys, {', '.join(f'mevqa.training.{name}' for name in names)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

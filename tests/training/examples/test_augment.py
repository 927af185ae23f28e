from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mevqa import facs
from mevqa.events import Event
from mevqa.questions.question_types import parse_question, question_types
from mevqa.questions.wordings import official_wordings
from mevqa.training.examples.augment import augment, brighten, jitter, shift_scale
from mevqa.training.examples.mirror import can_mirror, check_kinds, mirror_question, mirror_views
from mevqa.training.recipe import Augmentation
from mevqa.types import Question, View
from mevqa.video.motion.flow import centre_channels, motion_map
from mevqa.video.views.registry import CAPTIONS, is_of_words, view_names

NAMES = [kind.name for kind in question_types()]

PHOTOGRAPHS = ("frames", "onset", "apex", "offset", "magnified")
OFF = Augmentation()
ALL = Augmentation(mirror=0.5, brightness=0.3, contrast=0.3, shift=0.1, scale=0.1)


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(seed: int = 0, size: int = 12) -> Image.Image:
    return Image.fromarray(rng_of(seed).integers(0, 256, (size, size, 3), dtype=np.uint8))


def view(name: str, image: Image.Image | None = None) -> View:
    return View(name, image or picture(), CAPTIONS.get(name, "The aligned face at 0 ms (onset)."), (1, 2))


def levels(shown: View) -> np.ndarray:
    return np.asarray(shown.image).astype(int)


def question(text: str, reference: str | None = "yes", **slots: object) -> Question:
    parsed = parse_question(text)
    given = {"type": parsed.type, "action_unit": parsed.action_unit, "ordinal": parsed.ordinal} | slots
    return Question("q", "c", text, reference=reference, **given)  # type: ignore[arg-type]


def smooth_flow(seed: int, size: int = 64) -> np.ndarray:
    noise = rng_of(seed).normal(0, 1, (size, size, 2)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 4)


def mirrored_flow(flow: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(flow[:, ::-1] * np.float32([-1, 1]))


# Mirrored pictures.


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("size", [None, 28])
def test_a_mirrored_motion_map_is_the_map_of_the_mirrored_motion(seed, size):
    flow = smooth_flow(seed)
    drawn, expected = motion_map(flow, size), motion_map(mirrored_flow(flow), size)
    (mirrored,) = mirror_views([view("motion", drawn)])
    assert np.abs(levels(mirrored) - np.asarray(expected)).max() <= 1
    centred = Image.fromarray(centre_channels(np.asarray(drawn)))
    (mirrored,) = mirror_views([view("motion-centred", centred)])
    assert np.abs(levels(mirrored) - centre_channels(np.asarray(expected))).max() <= 1


@pytest.mark.parametrize("seed", range(12))
def test_centring_a_mirrored_map_is_mirroring_the_centred_map(seed):
    drawn = picture(seed, size=9) if seed % 2 else motion_map(smooth_flow(seed), 28)
    (first,) = mirror_views([view("motion", drawn)])
    (second,) = mirror_views([view("motion-centred", Image.fromarray(centre_channels(np.asarray(drawn))))])
    assert (centre_channels(np.asarray(first.image)) == np.asarray(second.image)).all()


def test_a_map_without_horizontal_motion_stays_without():
    flow = smooth_flow(0)
    flow[..., 0] = 0
    drawn, expected = motion_map(flow), motion_map(mirrored_flow(flow))
    (mirrored,) = mirror_views([view("motion", drawn)])
    assert np.abs(levels(mirrored) - np.asarray(expected)).max() <= 1
    (centred,) = mirror_views([view("motion-centred", Image.fromarray(centre_channels(np.asarray(drawn))))])
    assert (levels(centred)[..., 0] == 128).all()


@pytest.mark.parametrize("name", [name for name in view_names() if not is_of_words(name)])
def test_every_view_can_be_mirrored_and_mirrored_twice_is_itself(name):
    image = Image.fromarray(centre_channels(np.asarray(picture()))) if name == "motion-centred" else picture()
    given = view(name, image)
    (once,) = mirror_views([given])
    (twice,) = mirror_views([once])
    assert (levels(once) != levels(given)).any()
    assert (levels(twice) == levels(given)).all()
    assert (once.name, once.caption, once.frames) == (given.name, given.caption, given.frames)


@pytest.mark.parametrize("name", [*PHOTOGRAPHS, "difference"])
def test_photographs_and_differences_are_mirrored_plainly(name):
    given = view(name)
    (mirrored,) = mirror_views([given])
    assert (levels(mirrored) == levels(given)[:, ::-1]).all()


@pytest.mark.parametrize("name", ["motion", "motion-centred"])
def test_only_the_horizontal_motion_changes_its_sign(name):
    given = view(name)
    (mirrored,) = mirror_views([given])
    assert (levels(mirrored)[..., 1:] == levels(given)[:, ::-1, 1:]).all()
    assert (levels(mirrored)[..., 0] != levels(given)[:, ::-1, 0]).any()


def test_only_captions_of_views_whose_motion_is_negated_speak_of_left_and_right():
    sided = {name for name, caption in CAPTIONS.items() if re.search(r"\b(left|right)", caption, re.IGNORECASE)}
    assert sided == {"motion", "motion-centred"}
    for name in sided:
        assert re.findall(r"[^(]*\b(?:left|right)\b[^)]*", CAPTIONS[name]) == ["brighter: to the right of the picture"]


def test_a_view_of_unknown_kind_is_refused_by_name():
    for refuse in (
        lambda: mirror_views([view("apex"), view("thermal")]),
        lambda: check_kinds(["thermal"]),
        lambda: brighten([view("thermal")], rng_of(), Augmentation(brightness=0.1)),
        lambda: augment([view("thermal")], [], rng_of(), Augmentation(mirror=1e-9)),
    ):
        with pytest.raises(ValueError, match="view 'thermal'"):
            refuse()


# Mirrored questions.


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("left", "right"),
        ("Left", "Right"),
        ("RIGHT", "LEFT"),
        ("on the left", "on the right"),
        ("the left-hand side", "the right-hand side"),
        ("Right-sided, moving leftwards", "Left-sided, moving rightwards"),
        ("the leftmost corner", "the rightmost corner"),
        ("left brow lowerer, right dimpler", "right brow lowerer, left dimpler"),
        ("a bright fright in the cleft", "a bright fright in the cleft"),
        ("left or right", "left or right"),
        ("on the Left or on the right", "on the Left or on the right"),
        ("left/right", "left/right"),
        ("the left and the right brow", "the left and the right brow"),
        ("the left brow and the right lip", "the right brow and the left lip"),
        ("the left and left lower lip", "the right and right lower lip"),
        ("turn left", "turn right"),
        ("head tilt-left", None),
        ("brow lowerer", "brow lowerer"),
    ],
)
def test_sides_change_places_as_whole_words_with_their_case(text, mirrored):
    asked = question("What do you see?", text, type="open")
    assert can_mirror([asked]) == (mirrored is not None)
    if mirrored is not None:
        assert mirror_question(asked) == replace(asked, reference=mirrored)


OFFICIAL = [
    (kind, plural, text)
    for kind in NAMES
    for plural in (False, True)
    for text in official_wordings(kind, plural=plural, action_unit="dimpler", ordinal=2)
]


@pytest.mark.parametrize(("kind", "plural", "text"), OFFICIAL)
def test_the_official_wording_stays_and_only_the_side_answer_changes(kind, plural, text):
    reference = "left" if kind == "au_side" else "brow lowerer, dimpler"
    asked = question(text, reference, plural=plural)
    assert asked.type == kind
    mirrored = mirror_question(asked)
    assert mirrored == replace(asked, reference="right" if kind == "au_side" else reference)


def test_a_side_in_the_text_changes_with_the_answer_kept():
    mirrored = mirror_question(question("Is the dimpler shown on the left side of the face?", "yes"))
    assert (mirrored.text, mirrored.reference) == ("Is the dimpler shown on the right side of the face?", "yes")
    assert mirrored.action_unit == "dimpler"


def test_units_of_the_head_are_swapped_for_their_mirror_image_in_text_and_slot():
    mirrored = mirror_question(question("Is the action unit turn left shown on the face?", "no"))
    assert mirrored.text == "Is the action unit turn right shown on the face?"
    assert mirrored.action_unit == "turn right"
    assert parse_question(mirrored.text).action_unit == "turn right"


@pytest.mark.parametrize("name", ["tilt right", "eyes left", "tilt left", "eyes right"])
def test_units_whose_mirror_image_is_not_in_the_official_vocabulary_are_not_mirrored(name):
    presence = question(f"Is the action unit {name} shown on the face?", "no")
    listed = question("What are the action units?", f"brow lowerer, {name}")
    assert presence.action_unit == name
    for asked in (presence, listed):
        assert not can_mirror([question("What is the coarse expression class?", "positive"), asked])
        with pytest.raises(ValueError, match="cannot be mirrored"):
            mirror_question(asked)


def test_the_vocabulary_names_no_side_but_in_words_that_are_swapped():
    sided = set()
    for number in range(1, 100):
        try:
            name = facs.unit_name(number)
        except facs.UnknownActionUnit:
            continue
        if re.search("left|right", name):
            sided.add(name)
    assert sided == {"turn left", "turn right", "tilt left", "tilt right", "eyes left", "eyes right"}
    assert sided & set(facs.UNIT_NAMES) == {"tilt right", "eyes left"}


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("What is the action unit?", "L12"),
        ("What is the action unit?", "AU 4 + R12A"),
        ("What is the action unit?", "12L"),
        ("Is AU56 shown on the face?", "no"),
        ("Is AU 51 shown on the face?", "no"),
        ("Which way does the head roll?", "clockwise"),
        ("Which way does the head roll?", "counter-clockwise"),
        ("Where is the brow?", "(120, 34, 160, 50)"),
        ("Where is the brow?", "[0.2, 0.3]"),
        ("Wo hebt sich die Augenbraue?", "rechts über dem Auge"),
        ("哪一侧?", "左"),
        ("What do the left and right brow do?", "they rise and fall, respectively"),
        ("Is the action unit dimpler located on the left or right face?", "the former"),
        ("Is the action unit dimpler located on the left or right face?", "both"),
        ("Which side of the dimpler moves?", "1"),
        ("Does the brow rise on the left or the right?", "the first"),
        ("Is the dimpler left-or-right?", "1"),
        ("Is it L or R?", "L"),
        ("What is shown?", "left or left or right"),
        ("When does the brow rise?", "right after the onset"),
        ("When does the brow rise?", "leFt of the nose"),
        ("What is shown?", "a righteous look"),
        ("Is the action unit eyes left or right shown on the face?", "yes"),
    ],
)
def test_what_a_swap_of_words_cannot_mirror_is_not_mirrored(text, reference):
    asked = question(text, reference)
    assert not can_mirror([asked])
    with pytest.raises(ValueError, match="cannot be mirrored"):
        mirror_question(asked)


SIDES = ["left", "right", "Left", "RIGHT", "leftward", "right-hand"]
OTHERS = ["or", "and", "/", "the", "on", "brow", "dimpler", "tilt", "turn", "eyes", "both", ",", "AU5"]
WORDS = st.sampled_from([*SIDES, *OTHERS])


@given(
    st.lists(WORDS, min_size=1, max_size=9).map(" ".join),
    st.none() | st.lists(WORDS, min_size=1, max_size=9).map(" ".join),
    st.sampled_from(NAMES),
    st.sampled_from([None, *facs.UNIT_NAMES, "turn left", "tilt left"]),
)
def test_mirrored_twice_is_the_original(text, reference, kind, unit):
    asked = Question("q", "c", text, kind, action_unit=unit, reference=reference)
    if can_mirror([asked]):
        assert mirror_question(mirror_question(asked)) == asked
    else:
        with pytest.raises(ValueError, match="cannot be mirrored"):
            mirror_question(asked)


def test_the_real_questions_can_be_mirrored_but_those_of_sided_units(shared_data):
    from mevqa.data.official import read_questions

    for name in ("me_vqa_casme2_train.jsonl", "me_vqa_smic_coarse.jsonl", "me_vqa_casme3_test_pred.jsonl"):
        for asked in read_questions(shared_data / "megc" / name).questions:
            sided = re.search("tilt right|eyes left", f"{asked.text} {asked.reference}") is not None
            assert can_mirror([asked]) != sided, asked
            if not sided:
                mirrored = mirror_question(asked)
                assert mirrored.text == asked.text
                assert (mirrored.reference != asked.reference) == (asked.type == "au_side")


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
        shown, asked = augment(views, QUESTIONS, rng_of(seed), Augmentation(mirror=0.5))
        side = asked[0].reference
        expected = flipped if side == "right" else views
        assert all((levels(a) == levels(b)).all() for a, b in zip(shown, expected, strict=True))
        seen.add(side)
    assert seen == {"left", "right"}
    assert augment(views, QUESTIONS, rng_of(), Augmentation(mirror=1.0))[1][0].reference == "right"


def test_a_clip_with_a_question_that_cannot_be_mirrored_is_not_mirrored():
    views = [view("apex")]
    questions = (*QUESTIONS, question("Is the action unit tilt right shown on the face?", "no"))
    shown, asked = augment(views, questions, rng_of(), Augmentation(mirror=1.0))
    assert asked is questions
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

"""Clips and their questions seen in a mirror: pictures, motion, words, sides."""

from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_views import PHOTOGRAPHS, levels, picture, question, rng_of, view
from PIL import Image

from mevqa import facs
from mevqa.questions.question_types import parse_question, question_types
from mevqa.questions.wordings import official_wordings
from mevqa.training.examples.augment import augment, brighten
from mevqa.training.examples.mirror import can_mirror, check_kinds, mirror_question, mirror_views
from mevqa.training.recipes.recipe import Augmentation
from mevqa.types import Question
from mevqa.video.motion.flow import centre_channels, motion_map
from mevqa.video.views.registry import CAPTIONS, is_of_words, view_names

NAMES = [kind.name for kind in question_types()]


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

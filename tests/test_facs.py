"""Action units and emotion classes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa import facs
from mevqa.datasets import taxonomy
from mevqa.facs import (
    UNIT_NAMES,
    ActionUnit,
    UnknownActionUnit,
    UnknownEmotion,
    canonical_coarse,
    canonical_fine,
    coarse_of,
    find_units,
    parse_units,
    prototype_units,
    unit_name,
    unit_number,
)

NUMBERS = sorted(facs._NAMES)
units = st.builds(ActionUnit, st.sampled_from(NUMBERS), st.sampled_from([None, "left", "right"]))


def test_official_names_are_in_number_order_and_in_the_spelling_of_the_files():
    numbers = [unit_number(name) for name in UNIT_NAMES]
    assert numbers == sorted(numbers)
    official = [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 21, 23, 24, 25, 26, 27, 31, 38, 39, 43, 45, 56, 61]
    assert numbers == official
    assert {"nostril dilater", "nostril compress", "tilt right", "eyes left"} <= set(UNIT_NAMES)


def test_no_spelling_belongs_to_two_units():
    spellings = [(facs._stems(name), unit.number) for unit in facs._UNITS for name in (unit.name, *unit.variants)]
    assert len(dict(spellings)) == len(set(spellings))
    assert len({unit.number for unit in facs._UNITS}) == len(facs._UNITS)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("lip corner puller", 12),
        ("Lip-Corner Puller", 12),
        ("lip corners pulled", 12),
        ("nostril dilator", 38),
        ("nostril dilater", 38),
        ("nostril compressor", 39),
        ("nostril compress", 39),
        ("inner eyebrow raiser", 1),
        ("eyelid tightener", 7),
        ("lid tightener", 7),
        ("lip tightener", 23),
        ("lips part", 25),
        ("lip presser", 24),
        ("dimple", 14),
        ("mouth stretch", 27),
        ("lip stretcher", 20),
        ("AU4", 4),
        ("au 04", 4),
        ("action unit 12", 12),
        ("the action unit brow lowerer", 4),
        ("head tilt right", 56),
        ("tilt left", 55),
        ("6", 6),
    ],
)
def test_unit_number_knows_the_spellings(text, number):
    assert unit_number(text) == number


@pytest.mark.parametrize("text", ["", "AU", "AU99", "99", "confused", "blepharospasm", "brow", "3"])
def test_unit_number_refuses_what_is_no_unit(text):
    with pytest.raises(UnknownActionUnit):
        unit_number(text)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownActionUnit, match="did you mean 'brow lowerer'"):
        unit_number("brow lowrer")


@given(st.sampled_from(NUMBERS), st.sampled_from([str.upper, str.title, lambda s: s.replace(" ", "  "), str.lower]))
def test_names_and_numbers_invert_each_other(number, style):
    assert unit_number(style(unit_name(number))) == number
    assert unit_number(f"AU{number}") == number
    assert find_units(f"The {style(unit_name(number))} is there.") == (number,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L4+R12", [(4, "left"), (12, "right")]),
        ("4, 7", [(4, None), (7, None)]),
        ("4 7", [(4, None), (7, None)]),
        ("AU4, AU7", [(4, None), (7, None)]),
        ("AU4+AUL7", [(4, None), (7, "left")]),
        ("AU 12", [(12, None)]),
        ("L14", [(14, "left")]),
        ("l14", [(14, "left")]),
        ("B28", [(28, None)]),
        ("T28+D64", [(28, None), (64, None)]),
        ("R14A", [(14, "right")]),
        ("A1B+A2C", [(1, None), (2, None)]),
        ("R12 + R15", [(12, "right"), (15, "right")]),
        ("4+L10", [(4, None), (10, "left")]),
        ("LR2", [(2, None)]),
        ("AU4(k)+AU7", [(4, None), (7, None)]),
        ("12?", [(12, None)]),
        ("4+4", [(4, None)]),
        ("L4+R4", [(4, "left"), (4, "right")]),
        ("brow lowerer, lid tightener", [(4, None), (7, None)]),
        ("left brow lowerer", [(4, "left")]),
        ("1, 2 and 5", [(1, None), (2, None), (5, None)]),
        ("", []),
        ("/", []),
        ("none", []),
        ("0", []),
    ],
)
def test_parse_units_reads_coder_notation(text, expected):
    assert [(unit.number, unit.side) for unit in parse_units(text)] == expected


@pytest.mark.parametrize("text", ["4+99", "R14A or 17A", "12 or 15", "hello", "L", "4+eyebrow"])
def test_parse_units_refuses_what_it_cannot_know(text):
    with pytest.raises(UnknownActionUnit):
        parse_units(text)


@given(st.lists(units, unique=True, max_size=6), st.sampled_from(["+", ", ", " + ", ";"]))
def test_units_survive_writing_and_parsing(coded, separator):
    assert parse_units(separator.join(map(str, coded))) == tuple(coded)


@given(st.lists(units, min_size=2, max_size=6))
def test_units_are_ordered_by_number_then_side(coded):
    ordered = sorted(coded)
    assert [unit.number for unit in ordered] == sorted(unit.number for unit in coded)
    assert ActionUnit(4) < ActionUnit(4, "left") < ActionUnit(4, "right") < ActionUnit(5)


def test_action_unit_refuses_numbers_and_sides_that_do_not_exist():
    with pytest.raises(UnknownActionUnit):
        ActionUnit(3)
    with pytest.raises(ValueError, match="side"):
        ActionUnit(4, "top")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The action units present are: brow lowerer, lid tightener. Therefore, ...", (4, 7)),
        ("AU4+7 and the nostril dilator", (4, 7, 38)),
        ("AUs 4, 7 and 12", (4, 7, 12)),
        ("lip corner puller, then lip corner depressor, then lip corner puller", (12, 15)),
        ("upper lip raiser", (10,)),
        ("the upper lid raiser", (5,)),
        ("the nose, wrinkler", ()),
        ("frame 4 of 12", ()),
        ("negative, disgust", ()),
        ("", ()),
    ],
)
def test_find_units_in_free_text(text, expected):
    assert find_units(text) == expected


@given(st.text(max_size=80))
def test_any_text_is_searched_without_an_error(text):
    assert set(find_units(text)) <= set(NUMBERS)


def test_coarse_merge():
    names = ("Happy", "repression", "surprise", "others", "hungry")
    assert [coarse_of(name) for name in names] == ["positive", "negative", "surprise", None, None]


def test_spellings_of_classes():
    assert [canonical_fine(name) for name in ("Happy", " SAD ", "Others", "surprise.", "anger")] == [
        "happiness",
        "sadness",
        "others",
        "surprise",
        "anger",
    ]
    with pytest.raises(UnknownEmotion, match="known classes"):
        canonical_fine("confused")
    assert canonical_coarse(" Positive ") == "positive"
    with pytest.raises(UnknownEmotion):
        canonical_coarse("happiness")


def test_prototypes_are_units_and_differ():
    prototypes = {fine: prototype_units(fine) for fine in taxonomy("unknown").fine}
    assert all(prototypes.values()) and len(set(prototypes.values())) == len(prototypes)
    assert all(number in NUMBERS for numbers in prototypes.values() for number in numbers)
    assert prototype_units("Happy") == (6, 12)
    assert prototype_units("others") == ()


def test_importing_the_tables_loads_no_heavy_package():
    heavy = ["torch", "cv2", "numpy", "transformers"]
    code = f"import sys, mevqa.facs, mevqa.questions.question_types; print([m for m in {heavy} if m in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_a_number_of_thousands_of_digits_is_no_unit():
    digits = "9" * 5000
    with pytest.raises(UnknownActionUnit, match="is not an action unit"):
        unit_number(f"AU{digits}")
    assert find_units(f"AU {digits}, AU 4") == (4,)

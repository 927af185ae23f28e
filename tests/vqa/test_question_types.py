"""Question types from texts."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.facs import UNIT_NAMES
from mevqa.records import QuestionType as T
from mevqa.vqa.question_types import parse_question

MEGC = Path(__file__).parents[3] / "shared" / "data" / "megc"

OFFICIAL = [
    ("What is the coarse expression class?", T.COARSE, False),
    ("What is the fine-grained expression class?", T.FINE, False),
    ("What is the action unit?", T.AU_LIST, False),
    ("What are the action units?", T.AU_LIST, True),
    (
        "What is the action unit present, and based on it, what is the fine-grained expression and the coarse "
        "expression class?",
        T.COMBINED,
        False,
    ),
    (
        "What are the action units present, and based on them, what is the fine-grained expression and the coarse "
        "expression class?",
        T.COMBINED,
        True,
    ),
    ("Please analyse the micro-expression shown in this video in detail.", T.ANALYSIS, False),
    ("Provide a detailed analysis of the micro-expression observed in this clip.", T.ANALYSIS, False),
    ("Provide a comprehensive analysis of the facial micro-expression shown in this clip.", T.ANALYSIS, False),
    ("How many expression events appear in this video?", T.COUNT_ALL, False),
    ("How many micro-expression events appear in this video?", T.COUNT_MICRO, False),
    ("How many macro-expression events appear in this video?", T.COUNT_MACRO, False),
    ("What distinct action units appear in this video?", T.AU_INVENTORY, True),
]


def _noisy(text: str, seed: list[bool]) -> str:
    """Change case, spaces and hyphens here and there; the final sign may go."""
    words = []
    for word, shout in zip(text.split(" "), seed * len(text), strict=False):
        words.append(word.upper() if shout else word)
    text = ("  " if seed[0] else " ").join(words)
    return text.replace("-", " ") if seed[1] else " " + text.rstrip("?.")


seeds = st.lists(st.booleans(), min_size=3, max_size=9)


@pytest.mark.parametrize(("text", "kind", "plural"), OFFICIAL)
@given(seed=seeds)
def test_official_questions_in_any_case_and_spacing(text, kind, plural, seed):
    for version in (text, _noisy(text, seed)):
        parsed = parse_question(version)
        assert (parsed.type, parsed.plural, parsed.action_unit, parsed.ordinal) == (kind, plural, None, None)


@given(st.sampled_from(UNIT_NAMES), seeds)
def test_questions_about_one_unit(name, seed):
    presence = parse_question(_noisy(f"Is the action unit {name} shown on the face?", seed))
    assert (presence.type, presence.action_unit, presence.plural) == (T.AU_PRESENCE, name, False)
    side = parse_question(_noisy(f"Is the action unit {name} located on the left or right face?", seed))
    assert (side.type, side.action_unit) == (T.AU_SIDE, name)


@given(st.integers(1, 99), st.sampled_from(["{n}-th", "{n}th", "{n} th", "{n}-TH"]))
def test_ordinals(n, form):
    parsed = parse_question(f"What is the expression type of the {form.format(n=n)} expression event in this video?")
    assert (parsed.type, parsed.ordinal) == (T.NTH_TYPE, n)


@pytest.mark.parametrize(
    ("word", "n"),
    [("1st", 1), ("2nd", 2), ("3rd", 3), ("3-th", 3), ("21st", 21), ("first", 1), ("Third", 3), ("twelfth", 12)],
)
def test_ordinal_words(word, n):
    assert parse_question(f"What is the expression type of the {word} expression event in this video?").ordinal == n


@pytest.mark.parametrize(
    ("text", "kind", "unit"),
    [
        ("Is AU4 shown on the face?", T.AU_PRESENCE, "brow lowerer"),
        ("Is AU 12 present?", T.AU_PRESENCE, "lip corner puller"),
        ("Does the brow lowerer appear on the face?", T.AU_PRESENCE, "brow lowerer"),
        ("Is the nostril dilator visible", T.AU_PRESENCE, "nostril dilater"),
        ("Is the action unit eyelid tightener shown on the face?", T.AU_PRESENCE, "lid tightener"),
        ("Is the action unit wobbler shown on the face?", T.AU_PRESENCE, None),
        ("Is AU12 on the left or on the right face?", T.AU_SIDE, "lip corner puller"),
        ("On which side is the dimpler located?", T.AU_SIDE, "dimpler"),
        ("Which action units are shown?", T.AU_LIST, None),
        ("Which AUs are active?", T.AU_LIST, None),
        ("What AU is shown?", T.AU_LIST, None),
        ("List the action units.", T.AU_LIST, None),
        ("Which different action units occur in the video?", T.AU_INVENTORY, None),
        ("What is the coarse-grained emotion class?", T.COARSE, None),
        ("Is the expression positive, negative or surprise?", T.COARSE, None),
        ("What is the finegrained emotion?", T.FINE, None),
        ("What emotion is shown?", T.FINE, None),
        ("Which emotion does the face express?", T.FINE, None),
        ("How many microexpressions are there?", T.COUNT_MICRO, None),
        ("What is the number of macro-expressions in the video?", T.COUNT_MACRO, None),
        ("Count the expression events.", T.COUNT_ALL, None),
        ("How many micro- and macro-expression events appear?", T.COUNT_ALL, None),
        ("Is the 2nd expression event a micro-expression or a macro-expression?", T.NTH_TYPE, None),
        ("What kind of expression is event 3?", T.NTH_TYPE, None),
        ("Analyze this micro-expression.", T.ANALYSIS, None),
        ("Describe the micro-expression in this clip.", T.ANALYSIS, None),
    ],
)
def test_paraphrases(text, kind, unit):
    parsed = parse_question(text)
    assert (parsed.type, parsed.action_unit) == (kind, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "Why does she frown?",
        "Who is this?",
        "How many action units are there?",
        "How many people are in the video?",
        "Are AU4 and AU7 both shown?",
        "How strong is the brow lowerer?",
        "Where is the apex of the micro-expression?",
        "Describe the 3rd expression event.",
        "What are the fine-grained and the coarse class?",
        "What is the expression class?",
        "Which frames hold the 2nd expression event?",
        "Is the light switched on?",
    ],
)
def test_other_questions_are_open(text):
    assert parse_question(text).type is T.OPEN


@given(st.text(max_size=120))
def test_any_text_is_parsed(text):
    parsed = parse_question(text)
    assert parsed.ordinal is None or parsed.ordinal > 0
    assert (parsed.action_unit is None) or parsed.type in (T.AU_PRESENCE, T.AU_SIDE)


@pytest.mark.data
@pytest.mark.skipif(not MEGC.is_dir(), reason="the official files are not here")
def test_every_question_of_the_official_files():
    counts: Counter[T] = Counter()
    for path in sorted(MEGC.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["question"]
            parsed = parse_question(text)
            counts[parsed.type] += 1
            named = re.search(r"action unit (.+?) (?:shown|located)", text)
            assert parsed.action_unit == (named[1] if named else None)
            if parsed.type in (T.AU_LIST, T.COMBINED):
                assert parsed.plural is ("units" in text)
            if parsed.type is T.NTH_TYPE:
                assert f"{parsed.ordinal}-th" in text
    assert counts == {
        T.COARSE: 350,
        T.FINE: 186,
        T.AU_LIST: 186,
        T.AU_PRESENCE: 331,
        T.AU_SIDE: 41,
        T.COMBINED: 179,
        T.ANALYSIS: 7,
        T.COUNT_ALL: 10,
        T.COUNT_MICRO: 10,
        T.COUNT_MACRO: 10,
        T.AU_INVENTORY: 10,
        T.NTH_TYPE: 20,
    }

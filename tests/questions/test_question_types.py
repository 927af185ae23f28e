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
from mevqa.questions.question_types import parse_question
from mevqa.questions.wordings import official_wordings
from mevqa.types import EXTENSION_TYPES
from mevqa.types import QuestionType as T

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
    ("Is a facial expression shown in this clip?", T.EXPRESSION_SHOWN, False),
    ("Is a micro-expression shown in this clip?", T.EXPRESSION_SHOWN, False),
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
        "How long is the longest event?",
        "How many expression events appear in the first 10 seconds?",
        "How many expression events lie between frame 20 and frame 80?",
        "Is there an expression event between second 2 and second 5?",
        "Are there both micro- and macro-expressions?",
        "What are the fine-grained and the coarse class?",
        "What is the expression class?",
        "Which frames hold the 2nd expression event?",
        "Is the light switched on?",
    ],
)
def test_other_questions_are_open(text):
    assert parse_question(text).type is T.OPEN


#: Paraphrases of what no official file asks, with the kind of event and the times.
BEYOND = [
    ("Localise every expression event in this video.", T.LOCALISE, None, None),
    ("Localize all micro-expressions.", T.LOCALISE, "micro", None),
    ("Where are the macro-expressions?", T.LOCALISE, "macro", None),
    ("When do the micro-expressions occur?", T.LOCALISE, "micro", None),
    ("List the frames of every expression event.", T.LOCALISE, None, None),
    ("Give the onset and offset frames of each expression event", T.LOCALISE, None, None),
    ("In which frames do micro-expressions occur?", T.LOCALISE, "micro", None),
    ("Find all micro- and macro-expressions", T.LOCALISE, None, None),
    ("Describe the 3rd expression event.", T.DESCRIBE_NTH, None, None),
    ("Describe the third micro-expression event", T.DESCRIBE_NTH, "micro", None),
    ("Tell me about event 3.", T.DESCRIBE_NTH, None, None),
    ("Please give a description of the 3-th expression event with its action units.", T.DESCRIBE_NTH, None, None),
    ("Is there a micro-expression event in this video?", T.EVENT_PRESENCE, "micro", None),
    ("Are there any macro-expressions?", T.EVENT_PRESENCE, "macro", None),
    ("Does this video contain an expression event?", T.EVENT_PRESENCE, None, None),
    ("Which comes first, a micro-expression or a macro-expression?", T.ORDER, None, None),
    ("What occurs first: macro or micro?", T.ORDER, None, None),
    ("Does a micro-expression or a macro-expression appear earlier?", T.ORDER, None, None),
    ("What is the longest event?", T.LONGEST, None, None),
    ("Which micro-expression lasts longest?", T.LONGEST, "micro", None),
    ("How many events are there between 2 s and 8.5 s?", T.COUNT_BETWEEN, None, (2.0, 8.5)),
    ("How many micro-expressions are there from 1:05 to 2:10?", T.COUNT_BETWEEN, "micro", (65.0, 130.0)),
    ("Count the macro-expressions in seconds 3-9.", T.COUNT_BETWEEN, "macro", (3.0, 9.0)),
    ("How many expression events appear between second 9 and second 3?", T.COUNT_BETWEEN, None, (3.0, 9.0)),
    ("Give a summary of all expressions in this video.", T.SUMMARY, None, None),
    ("Summarize this video.", T.SUMMARY, None, None),
    ("Describe all expression events and explain your reasoning", T.SUMMARY, None, None),
    ("Reason over the whole video.", T.SUMMARY, None, None),
]


@pytest.mark.parametrize(("text", "kind", "events", "between"), BEYOND)
@given(seed=seeds)
def test_paraphrases_of_what_no_official_file_asks(text, kind, events, between, seed):
    for version in (text, text.upper(), *(() if between else (_noisy(text, seed),))):
        parsed = parse_question(version)
        assert (parsed.type, parsed.kind, parsed.between_s) == (kind, events, between)
        assert parsed.ordinal == (3 if kind is T.DESCRIBE_NTH else None)


_KINDS = st.sampled_from([None, "micro", "macro"])
_SECONDS = st.floats(0, 5000).map(lambda seconds: round(seconds, 3))


@given(
    st.sampled_from(sorted(set(T) - {T.OPEN})),
    st.booleans(),
    st.sampled_from(UNIT_NAMES),
    st.integers(1, 99),
    _KINDS,
    st.tuples(_SECONDS, _SECONDS).map(sorted),
    seeds,
)
def test_every_usual_wording_is_recognised_with_its_slots(kind, plural, unit, n, events, between, seed):
    slots = {"events": events, "between_s": tuple(between)}
    for text in official_wordings(kind, plural=plural, action_unit=unit, ordinal=n, **slots):
        for version in (text, text.upper(), text.rstrip(".?"), text.replace(" ", "  ")):
            parsed = parse_question(version)
            assert parsed.type is kind
            assert parsed.action_unit == (unit if unit in text else None)
            assert parsed.ordinal == (n if f"{n}-th" in text else None)
            assert parsed.between_s == (tuple(between) if kind is T.COUNT_BETWEEN else None)
            asked = "events" if kind in EXTENSION_TYPES - {T.ORDER, T.SUMMARY} else None
            assert parsed.kind == (events if asked else None)


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

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
from mevqa.questions.question_types import parse_question, question_types
from mevqa.questions.wordings import official_wordings

NAMES = [kind.name for kind in question_types()]
EXTENSION_TYPES = {kind.name for kind in question_types() if kind.long_video and not kind.official}

MEGC = Path(__file__).parents[3] / "shared" / "data" / "megc"

OFFICIAL = [
    ("What is the coarse expression class?", "coarse", False),
    ("What is the fine-grained expression class?", "fine", False),
    ("What is the action unit?", "au_list", False),
    ("What are the action units?", "au_list", True),
    (
        "What is the action unit present, and based on it, what is the fine-grained expression and the coarse "
        "expression class?",
        "combined",
        False,
    ),
    (
        "What are the action units present, and based on them, what is the fine-grained expression and the coarse "
        "expression class?",
        "combined",
        True,
    ),
    ("Please analyse the micro-expression shown in this video in detail.", "analysis", False),
    ("Provide a detailed analysis of the micro-expression observed in this clip.", "analysis", False),
    ("Provide a comprehensive analysis of the facial micro-expression shown in this clip.", "analysis", False),
    ("Is a facial expression shown in this clip?", "expression_shown", False),
    ("Is a micro-expression shown in this clip?", "expression_shown", False),
    ("How many expression events appear in this video?", "count_all", False),
    ("How many micro-expression events appear in this video?", "count_micro", False),
    ("How many macro-expression events appear in this video?", "count_macro", False),
    ("What distinct action units appear in this video?", "au_inventory", True),
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
    assert (presence.type, presence.action_unit, presence.plural) == ("au_presence", name, False)
    side = parse_question(_noisy(f"Is the action unit {name} located on the left or right face?", seed))
    assert (side.type, side.action_unit) == ("au_side", name)


@given(st.integers(1, 99), st.sampled_from(["{n}-th", "{n}th", "{n} th", "{n}-TH"]))
def test_ordinals(n, form):
    parsed = parse_question(f"What is the expression type of the {form.format(n=n)} expression event in this video?")
    assert (parsed.type, parsed.ordinal) == ("nth_type", n)


@pytest.mark.parametrize(
    ("word", "n"),
    [("1st", 1), ("2nd", 2), ("3rd", 3), ("3-th", 3), ("21st", 21), ("first", 1), ("Third", 3), ("twelfth", 12)],
)
def test_ordinal_words(word, n):
    assert parse_question(f"What is the expression type of the {word} expression event in this video?").ordinal == n


@pytest.mark.parametrize(
    ("text", "kind", "unit"),
    [
        ("Is AU4 shown on the face?", "au_presence", "brow lowerer"),
        ("Is AU 12 present?", "au_presence", "lip corner puller"),
        ("Does the brow lowerer appear on the face?", "au_presence", "brow lowerer"),
        ("Is the nostril dilator visible", "au_presence", "nostril dilater"),
        ("Is the action unit eyelid tightener shown on the face?", "au_presence", "lid tightener"),
        ("Is the action unit wobbler shown on the face?", "au_presence", None),
        ("Is AU12 on the left or on the right face?", "au_side", "lip corner puller"),
        ("On which side is the dimpler located?", "au_side", "dimpler"),
        ("Which action units are shown?", "au_list", None),
        ("Which AUs are active?", "au_list", None),
        ("What AU is shown?", "au_list", None),
        ("List the action units.", "au_list", None),
        ("Which different action units occur in the video?", "au_inventory", None),
        ("What is the coarse-grained emotion class?", "coarse", None),
        ("Is the expression positive, negative or surprise?", "coarse", None),
        ("What is the finegrained emotion?", "fine", None),
        ("What emotion is shown?", "fine", None),
        ("Which emotion does the face express?", "fine", None),
        ("How many microexpressions are there?", "count_micro", None),
        ("What is the number of macro-expressions in the video?", "count_macro", None),
        ("Count the expression events.", "count_all", None),
        ("How many micro- and macro-expression events appear?", "count_all", None),
        ("Is the 2nd expression event a micro-expression or a macro-expression?", "nth_type", None),
        ("What kind of expression is event 3?", "nth_type", None),
        ("Analyze this micro-expression.", "analysis", None),
        ("Describe the micro-expression in this clip.", "analysis", None),
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
    assert parse_question(text).type == "open"


#: Paraphrases of what no official file asks, with the kind of event and the times.
BEYOND = [
    ("Localise every expression event in this video.", "localise", None, None),
    ("Localize all micro-expressions.", "localise", "micro", None),
    ("Where are the macro-expressions?", "localise", "macro", None),
    ("When do the micro-expressions occur?", "localise", "micro", None),
    ("List the frames of every expression event.", "localise", None, None),
    ("Give the onset and offset frames of each expression event", "localise", None, None),
    ("In which frames do micro-expressions occur?", "localise", "micro", None),
    ("Find all micro- and macro-expressions", "localise", None, None),
    ("Describe the 3rd expression event.", "describe_nth", None, None),
    ("Describe the third micro-expression event", "describe_nth", "micro", None),
    ("Tell me about event 3.", "describe_nth", None, None),
    ("Please give a description of the 3-th expression event with its action units.", "describe_nth", None, None),
    ("Is there a micro-expression event in this video?", "event_presence", "micro", None),
    ("Are there any macro-expressions?", "event_presence", "macro", None),
    ("Does this video contain an expression event?", "event_presence", None, None),
    ("Which comes first, a micro-expression or a macro-expression?", "order", None, None),
    ("What occurs first: macro or micro?", "order", None, None),
    ("Does a micro-expression or a macro-expression appear earlier?", "order", None, None),
    ("What is the longest event?", "longest", None, None),
    ("Which micro-expression lasts longest?", "longest", "micro", None),
    ("How many events are there between 2 s and 8.5 s?", "count_between", None, (2.0, 8.5)),
    ("How many micro-expressions are there from 1:05 to 2:10?", "count_between", "micro", (65.0, 130.0)),
    ("Count the macro-expressions in seconds 3-9.", "count_between", "macro", (3.0, 9.0)),
    ("How many expression events appear between second 9 and second 3?", "count_between", None, (3.0, 9.0)),
    ("Give a summary of all expressions in this video.", "summary", None, None),
    ("Summarize this video.", "summary", None, None),
    ("Describe all expression events and explain your reasoning", "summary", None, None),
    ("Reason over the whole video.", "summary", None, None),
]


@pytest.mark.parametrize(("text", "kind", "events", "between"), BEYOND)
@given(seed=seeds)
def test_paraphrases_of_what_no_official_file_asks(text, kind, events, between, seed):
    for version in (text, text.upper(), *(() if between else (_noisy(text, seed),))):
        parsed = parse_question(version)
        assert (parsed.type, parsed.kind, parsed.between_s) == (kind, events, between)
        assert parsed.ordinal == (3 if kind == "describe_nth" else None)


_KINDS = st.sampled_from([None, "micro", "macro"])
_SECONDS = st.floats(0, 5000).map(lambda seconds: round(seconds, 3))


@given(
    st.sampled_from(sorted(set(NAMES) - {"open"})),
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
            assert parsed.type == kind
            assert parsed.action_unit == (unit if unit in text else None)
            assert parsed.ordinal == (n if f"{n}-th" in text else None)
            assert parsed.between_s == (tuple(between) if kind == "count_between" else None)
            noun = "events" if kind in EXTENSION_TYPES - {"order", "summary"} else None
            assert parsed.kind == (events if noun else None)


@given(st.text(max_size=120))
def test_any_text_is_parsed(text):
    parsed = parse_question(text)
    assert parsed.ordinal is None or parsed.ordinal > 0
    assert (parsed.action_unit is None) or parsed.type in ("au_presence", "au_side")


@pytest.mark.data
@pytest.mark.skipif(not MEGC.is_dir(), reason="the official files are not here")
def test_every_question_of_the_official_files():
    counts: Counter[str] = Counter()
    for path in sorted(MEGC.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["question"]
            parsed = parse_question(text)
            counts[parsed.type] += 1
            named = re.search(r"action unit (.+?) (?:shown|located)", text)
            assert parsed.action_unit == (named[1] if named else None)
            if parsed.type in ("au_list", "combined"):
                assert parsed.plural is ("units" in text)
            if parsed.type == "nth_type":
                assert f"{parsed.ordinal}-th" in text
    assert counts == {
        "coarse": 350,
        "fine": 186,
        "au_list": 186,
        "au_presence": 331,
        "au_side": 41,
        "combined": 179,
        "analysis": 7,
        "count_all": 10,
        "count_micro": 10,
        "count_macro": 10,
        "au_inventory": 10,
        "nth_type": 20,
    }

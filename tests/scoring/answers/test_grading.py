import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.facs import UNIT_NAMES, unit_number
from mevqa.questions.question_types import as_question
from mevqa.scoring.answers.grading import answer_cases, read_value

CASES = answer_cases()
ROWS = [(kind, case.text, case.read) for kind, part in CASES.items() for case in part.cases]


@pytest.mark.parametrize("kind, text, expected", ROWS)
def test_an_answer_in_the_wild_is_read_as_the_table_says(kind, text, expected):
    read = read_value(CASES[kind].asked(), text)
    assert read == (frozenset(expected) if isinstance(expected, tuple) else expected)
    assert not isinstance(read, bool)


def test_the_table_has_usable_and_unusable_answers_of_every_kind():
    for part in CASES.values():
        usable = {case.read is not None for case in part.cases}
        assert usable == {True, False}


@given(st.sets(st.sampled_from(UNIT_NAMES), min_size=1), st.randoms(use_true_random=False))
def test_official_lists_are_read_whole_in_any_order_and_case(names, random):
    shuffled = sorted(names)
    random.shuffle(shuffled)
    expected = frozenset(unit_number(name) for name in names)
    for text in (
        ", ".join(shuffled),
        ", ".join(shuffled).upper() + ".",
        "The action units are: " + ", ".join(shuffled),
    ):
        assert read_value(as_question("What are the action units?", "q", "c"), text) == expected


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text):
    for part in CASES.values():
        read_value(part.asked(), text)

"""Grades of drawn answers, by hand, and pass@k against the definition."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from mevqa.questions.question_types import as_question
from mevqa.training.stages.grading import grade, graded, pass_at, pass_rates
from mevqa.types import Reply

SENTENCE = "The micro-expression shows the action unit {}. Therefore, the fine-grained expression class is {}, and {}"
DISGUST = SENTENCE.format("brow lowerer", "disgust", "the coarse expression class is negative.")
ANALYSE = "Please analyse the micro-expression shown in this video in detail."


def asked(text, reference):
    return replace(as_question(text, "clip", "casme2"), reference=reference)


@pytest.mark.parametrize(
    "text, reference, answer, right",
    [
        ("What is the coarse expression class?", "positive", "positive", 1.0),
        ("What is the coarse expression class?", "positive", "The class is positive.", 1.0),
        ("What is the coarse expression class?", "positive", "negative", 0.0),
        ("What is the coarse expression class?", "positive", "positive or negative", 0.0),
        ("What are the action units?", "brow lowerer, lid tightener", "lid tightener, brow lowerer", 1.0),
        ("What are the action units?", "brow lowerer, lid tightener", "brow lowerer", 2 / 3),
        ("What are the action units?", "brow lowerer, lid tightener", "no idea", 0.0),
        ("Is the action unit brow lowerer shown on the face?", "yes", "no", 0.0),
        (ANALYSE, DISGUST, "Lowered brows (brow lowerer): disgust, a negative expression.", 1.0),
        (ANALYSE, DISGUST, "Brow lowerer. The fine-grained class is happiness, the coarse class is positive.", 0.0),
    ],
)
def test_an_answer_is_graded_by_what_the_official_scorer_compares(text, reference, answer, right):
    grades = grade(asked(text, reference), Reply(answer))
    assert grades.right == pytest.approx(right)
    assert grades.passes(0.6) == (right >= 0.6) and grades.passes(0.0) == (right > 0)


def test_what_was_cut_off_or_failed_is_not_right():
    question = asked("What is the coarse expression class?", "positive")
    assert grade(question, Reply("positive", truncated=True)).text is None
    assert not grade(question, Reply("", error="out of memory")).passes(0.0)
    assert graded(question) and not graded(asked("What do you see on the wall?", "a clock"))


def test_pass_at_k_is_the_share_of_choices_that_hold_a_right_answer():
    for drawn, right, k in ((5, 2, 1), (5, 2, 3), (4, 0, 2), (4, 4, 2), (6, 1, 6)):
        marks = [True] * right + [False] * (drawn - right)
        choices = list(combinations(marks, k))
        assert pass_at(k, drawn, right) == pytest.approx(sum(map(any, choices)) / len(choices))
    rates = pass_rates([(True, False), (False, False)], 2)
    assert (rates.at_1, rates.at_k, rates.gap) == (0.25, 0.5, 0.25)
    for wrong in ((3, 2, 1), (0, 2, 1), (1, 2, 3)):
        with pytest.raises(ValueError, match="pass@"):
            pass_at(*wrong)
    with pytest.raises(ValueError, match="no question"):
        pass_rates([], 2)

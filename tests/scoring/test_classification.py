import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.scoring.classification import NO_ANSWER, score_classes
from mevqa.scoring.unit_sets import set_f1

LABELS = st.sampled_from(["negative", "positive", "surprise"])
PAIRS = st.lists(st.tuples(LABELS, st.sampled_from(["negative", "positive", "surprise", NO_ANSWER])), min_size=1)


def by_hand(references, answers):
    f1, recall = [], []
    for name in sorted(set(references)):
        hits = sum(r == a == name for r, a in zip(references, answers, strict=True))
        predicted, true = answers.count(name), references.count(name)
        f1.append(2 * hits / (predicted + true))
        recall.append(hits / true)
    return sum(f1) / len(f1), sum(recall) / len(recall)


@given(PAIRS)
def test_scores_equal_the_definition(pairs):
    references, answers = (list(column) for column in zip(*pairs, strict=True))
    scores = score_classes(references, answers)
    uf1, uar = by_hand(references, answers)
    assert math.isclose(scores.uf1, uf1) and math.isclose(scores.uar, uar)
    assert scores.unanswered == answers.count(NO_ANSWER)


def test_an_answer_outside_the_reference_classes_is_nobodys_false_positive():
    scores = score_classes(["negative", "positive"], ["negative", "confused"])
    assert scores.uf1 == pytest.approx(0.5)
    assert scores.accuracy == 0.5


def test_a_missing_answer_is_wrong_and_counted():
    scores = score_classes(["yes", "yes"], ["yes", NO_ANSWER])
    assert (scores.accuracy, scores.unanswered, scores.majority) == (0.5, 1, 1.0)


@pytest.mark.parametrize("references, answers", [([], []), (["yes"], [])])
def test_unequal_or_empty_lists_are_refused(references, answers):
    with pytest.raises(ValueError, match="same positive length"):
        score_classes(references, answers)


def test_set_f1_by_hand():
    assert set_f1([{1, 2}, {4}], [{1, 4}, set()]) == pytest.approx((2 * 1 / 4 + 0) / 2)
    assert set_f1([{12}], [{12}]) == 1.0

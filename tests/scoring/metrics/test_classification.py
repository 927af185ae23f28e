import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.scoring.metrics.classification import NO_ANSWER, class_set, class_tally, score_classes
from mevqa.scoring.metrics.unit_sets import set_f1

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


@given(PAIRS, st.sampled_from(["reference", "vocabulary", "union"]))
def test_the_tally_of_all_units_gives_what_scikit_learn_gives(pairs, classes):
    references, answers = (list(column) for column in zip(*pairs, strict=True))
    units = [place % 3 for place in range(len(pairs))]
    vocabulary = ["negative", "positive", "surprise", "others"]
    tally = class_tally("x", units, references, answers, classes=classes, vocabulary=vocabulary, unit_count=3)
    measured = tally.measure(np.asarray(tally.sums.sum(axis=0))[0])
    for key, value in measured.items():
        assert math.isclose(float(value), tally.metrics[key], abs_tol=1e-12), key


def test_class_sets_by_hand():
    references, answers = ["negative", "positive"], ["negative", "surprise"]
    assert score_classes(references, answers).uf1 == pytest.approx(1 / 2)
    assert score_classes(references, answers, "union").uf1 == pytest.approx(1 / 3)
    assert score_classes(references, answers, "vocabulary", ["a", "b"]).uf1 == pytest.approx(1 / 4)


def test_counts_are_pooled_over_all_samples_and_never_averaged_per_fold():
    # Two folds: in each the class "positive" is right once of once, in the other it is answered wrongly once.
    references = ["positive", "negative", "negative", "positive", "negative", "negative"]
    answers = ["positive", "positive", "negative", "positive", "negative", "negative"]
    pooled = score_classes(references, answers)
    assert pooled.uf1 == pytest.approx((2 * 2 / (2 + 3) + 2 * 3 / (4 + 3)) / 2)
    halves = [score_classes(references[part], answers[part]).uf1 for part in (slice(0, 3), slice(3, 6))]
    assert pooled.uf1 != pytest.approx(sum(halves) / 2)


@given(PAIRS)
def test_renaming_the_labels_changes_no_score(pairs):
    names = {"negative": "c", "positive": "a", "surprise": "b", NO_ANSWER: NO_ANSWER}
    references, answers = (list(column) for column in zip(*pairs, strict=True))
    renamed = score_classes([names[r] for r in references], [names[a] for a in answers])
    scores = score_classes(references, answers)
    assert (scores.accuracy, scores.majority, scores.chance) == (renamed.accuracy, renamed.majority, renamed.chance)
    assert math.isclose(scores.uf1, renamed.uf1) and math.isclose(scores.uar, renamed.uar)


def test_scores_are_those_of_scikit_learn_to_the_last_bit():
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    generator = np.random.default_rng(0)
    for number in (1, 3, 40, 300):
        references = [f"c{label}" for label in generator.integers(12, size=number)]
        answers = [
            *references[: number // 2],
            *(f"c{label}" for label in generator.integers(15, size=number - number // 2)),
        ]
        labels = class_set(references, answers, "reference")
        scores = score_classes(references, answers)
        wanted = {"labels": labels, "average": "macro", "zero_division": 0}
        assert scores.accuracy == accuracy_score(references, answers)
        assert scores.uf1 == f1_score(references, answers, **wanted)
        assert scores.uar == recall_score(references, answers, **wanted)

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_examples import WEIGHTS, event, made_examples

from mevqa.events import Event
from mevqa.spotting.hits import Counts, count_hits
from mevqa.spotting.motion import fitting
from mevqa.spotting.motion.fitting import NothingToFit, best_threshold, fit_calibrator, leave_one_subject_out


def as_coded(candidate):
    return Event(candidate.onset, None, candidate.offset, kind=candidate.kind)


def test_what_decides_in_the_made_up_truth_decides_in_the_calibrator():
    calibrator = fit_calibrator(made_examples(subjects=10, candidates=150), "a.csv", "0" * 64, None)
    weights = {feature.name: feature.weight for feature in calibrator.features}
    for name, weight in weights.items():
        assert weight == pytest.approx(WEIGHTS.get(name, 0.0), abs=0.4)
    on = calibrator.fitted_on
    assert (on.videos, on.subjects, on.candidates) == (20, 10, 3000)
    assert on.marked == on.events


def test_no_fold_sees_the_person_that_it_judges(monkeypatch):
    folds, fits = [], []
    real_fit, real_threshold = fitting._fit, fitting._threshold

    def fit(table):
        fits[-1].append(set(table.subject))
        return real_fit(table)

    def threshold(table):
        fits.append([])
        folds.append(set(table.coded) | set(table.subject))
        return real_threshold(table)

    monkeypatch.setattr(fitting, "_fit", fit)
    monkeypatch.setattr(fitting, "_threshold", threshold)
    fits.append([])
    held_out = leave_one_subject_out(made_examples())
    people = {"s0", "s1", "s2", "s3"}
    assert folds == [people - {person} for person in sorted(people)]
    # The model of a fold is fitted before its threshold is chosen, those of the threshold after that.
    models = [own[-1] for own in fits[:-1]]
    assert models == folds
    for fold, own in zip(folds, fits[1:], strict=True):
        inner = own if fold == folds[-1] else own[:-1]
        assert inner and all(subjects <= fold for subjects in inner)
    assert set(held_out.thresholds) == people


def test_what_a_person_was_marked_with_does_not_change_how_that_person_is_judged():
    examples = made_examples()
    others = [replace(example, coded=()) if example.subject == "s2" else example for example in examples]
    assert leave_one_subject_out(others).thresholds["s2"] == leave_one_subject_out(examples).thresholds["s2"]
    assert leave_one_subject_out(others).thresholds["s1"] != leave_one_subject_out(examples).thresholds["s1"]


def test_held_out_probabilities_say_more_than_the_share():
    held_out = leave_one_subject_out(made_examples(candidates=100))
    assert held_out.log_loss < 0.8 * held_out.base_log_loss and held_out.brier < 0.8 * held_out.base_brier
    assert held_out.calibrated["overall"].f1 > held_out.plain["overall"].f1
    assert held_out.plain["overall"].references == held_out.calibrated["overall"].references


def test_probabilities_of_labels_without_sense_are_no_better_than_the_share():
    rng = np.random.default_rng(0)
    examples = [
        replace(example, coded=tuple(as_coded(e) for e in example.candidates if rng.uniform() < 0.5))
        for example in made_examples(candidates=60)
    ]
    held_out = leave_one_subject_out(examples)
    assert held_out.log_loss > 0.98 * held_out.base_log_loss


def test_the_order_of_the_videos_does_not_matter():
    examples = made_examples()
    forwards, backwards = leave_one_subject_out(examples), leave_one_subject_out(examples[::-1])
    assert forwards.calibrated == backwards.calibrated and forwards.log_loss == pytest.approx(backwards.log_loss)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (made_examples(subjects=1), "two subjects"),
        ([replace(example, coded=()) for example in made_examples()], "none of 240 candidates overlaps"),
        ([replace(example, candidates=()) for example in made_examples()], "none of 0 candidates"),
        (
            [replace(example, coded=() if example.subject != "s1" else example.coded) for example in made_examples()],
            "without subject s1",
        ),
        (
            [replace(example, coded=tuple(map(as_coded, example.candidates))) for example in made_examples()],
            "nothing to tell apart",
        ),
    ],
)
def test_candidates_that_nothing_can_be_fitted_to_are_refused(examples, message):
    with pytest.raises(NothingToFit, match=message):
        leave_one_subject_out(examples)


PROBABILITIES = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0]), st.booleans()), min_size=1)


@given(rows=PROBABILITIES, missed=st.integers(0, 5))
def test_no_threshold_is_better_by_more_than_a_hit(rows, missed):
    probabilities, hit = (np.array(column) for column in zip(*rows, strict=True))
    references = int(hit.sum()) + missed

    def counts(threshold):
        kept = probabilities >= threshold
        return int((hit & kept).sum()), references + int(kept.sum())

    chosen = best_threshold(probabilities, hit, references)
    assert 0 <= chosen <= 1
    hits, both = counts(chosen)
    for other in np.unique(probabilities):
        more, all_of_them = counts(other)
        if more > 1:
            assert 2 * hits / max(both, 1) >= 2 * (more - 1) / all_of_them - 1e-9


def test_the_threshold_lies_between_hits_and_the_rest_as_near_to_one_half_as_it_can():
    hit = np.array([True] * 20 + [False] * 20)
    assert best_threshold(np.repeat([0.9, 0.1], 20), hit, 20) == 0.5
    assert 0.2 < best_threshold(np.repeat([0.3, 0.1], 20), hit, 20) <= 0.3
    assert best_threshold(np.repeat([0.95, 0.8], 20), hit, 20) == pytest.approx(0.875)


def test_hits_are_counted_one_to_one_and_of_one_kind():
    coded = [Event(0, None, 20, kind="micro"), Event(100, None, 140, kind="macro")]
    scored = [(event(0, 19), 0.9), (event(2, 22), 0.4), (event(101, 140, "micro"), 0.8), (event(300, 320), 0.7)]
    counts = count_hits([(coded, scored)])
    assert counts == {"micro": Counts(1, 4, 1), "macro": Counts(1, 0, 0), "overall": Counts(2, 4, 1)}
    assert counts["overall"].f1 == pytest.approx(1 / 3) and counts["macro"].precision == 0.0

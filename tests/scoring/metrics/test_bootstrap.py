import numpy as np
import pytest

from mevqa.scoring.metrics.bootstrap import intervals, resample, two_sided_p
from mevqa.scoring.metrics.classification import NO_ANSWER, class_tally, score_classes
from mevqa.scoring.metrics.sufficient_statistics import mean_tally


def test_draws_are_what_scoring_the_drawn_answers_again_gives():
    generator = np.random.default_rng(3)
    labels = ["negative", "positive", "surprise"]
    references = [str(name) for name in generator.choice(labels, 60)]
    answers = [str(name) for name in generator.choice([*labels, NO_ANSWER], 60)]
    units = [int(unit) for unit in generator.integers(7, size=60)]
    tally = class_tally("x", units, references, answers, classes="reference", vocabulary=labels, unit_count=7)
    drawn = resample([tally], 20, seed=5)
    chosen = np.random.default_rng(5).integers(7, size=(20, 7))
    for draw, subjects in enumerate(chosen):
        rows = [place for subject in subjects for place in range(60) if units[place] == subject]
        again = score_classes([references[row] for row in rows], [answers[row] for row in rows])
        assert drawn["x.uf1"][draw] == pytest.approx(again.uf1)
        assert drawn["x.uar"][draw] == pytest.approx(again.uar)
        assert drawn["x.accuracy"][draw] == pytest.approx(again.accuracy)


def test_the_interval_of_a_mean_has_the_width_that_theory_says():
    values = list(np.random.default_rng(0).normal(size=400))
    tally = mean_tally(list(range(400)), {"m": values}, 400)
    low, high = intervals(resample([tally], 4000, seed=1), {"m"})["m"]
    assert low < np.mean(values) < high
    assert high - low == pytest.approx(2 * 1.96 * np.std(values) / 20, rel=0.08)


def test_answers_of_one_subject_are_drawn_together():
    # Ten subjects with ten equal answers each: the interval is that of ten values, not of a hundred.
    values = [float(subject % 2) for subject in range(10) for _ in range(10)]
    units = [subject for subject in range(10) for _ in range(10)]
    by_subject = intervals(resample([mean_tally(units, {"m": values}, 10)], 2000, seed=0), {"m"})["m"]
    by_answer = intervals(resample([mean_tally(list(range(100)), {"m": values}, 100)], 2000, seed=0), {"m"})["m"]
    assert by_subject[1] - by_subject[0] > 2 * (by_answer[1] - by_answer[0])


def test_the_seed_decides_and_the_size_of_the_batches_does_not(monkeypatch):
    tally = mean_tally(list(range(30)), {"m": list(np.arange(30.0))}, 30)
    whole = resample([tally], 50, seed=2)["m"]
    monkeypatch.setattr("mevqa.scoring.metrics.bootstrap._CELLS", 100)
    assert np.array_equal(resample([tally], 50, seed=2)["m"], whole)
    assert not np.array_equal(resample([tally], 50, seed=3)["m"], whole)


def test_a_metric_that_few_draws_define_has_no_interval():
    values = np.full(100, np.nan)
    values[:49] = 0.5
    assert intervals({"m": values}, {"m"}) == {}
    values[49] = 0.5
    assert intervals({"m": values}, {"m"}) == {"m": (0.5, 0.5)}
    assert intervals({"m": values}, ()) == {}


def test_p_is_one_without_and_small_with_a_difference():
    assert two_sided_p(np.zeros(999)) == 1.0
    assert two_sided_p(np.ones(999)) == pytest.approx(0.002)

import pytest

from mevqa.scoring.metrics.calibration import calibration_tally, reliability


def scores(references, options):
    return calibration_tally("c", [0] * len(references), references, options, 1).metrics


def test_ece_and_brier_by_hand():
    # Two questions in the bin (0.7, 0.8], one right: |0.75 - 0.5|; one at 1.0, right: 0.
    references = ["yes", "no", "no"]
    options = [{"yes": 0.75, "no": 0.25}, {"yes": 0.75, "no": 0.25}, {"no": 1.0, "yes": 0.0}]
    metrics = scores(references, options)
    assert metrics["c.ece"] == pytest.approx(2 / 3 * 0.25)
    assert metrics["c.brier"] == pytest.approx((2 * 0.25**2 + 2 * 0.75**2 + 0) / 3)


def test_a_reference_that_was_no_option_has_probability_zero():
    assert scores(["fear"], [{"anger": 1.0}])["c.brier"] == pytest.approx(2.0)


def test_perfect_certainty_and_the_worst():
    assert scores(["a"], [{"a": 1.0, "b": 0.0}]) == {"c.ece": 0.0, "c.brier": 0.0}
    assert scores(["a"], [{"a": 0.0, "b": 1.0}]) == {"c.ece": 1.0, "c.brier": 2.0}


def test_a_confidence_on_a_bound_belongs_to_the_bin_below():
    bins = reliability(["a"], [{"a": 0.3, "b": 0.25, "c": 0.25, "d": 0.2}])
    assert [(entry["low"], entry["high"], entry["count"]) for entry in bins] == [(0.2, 0.3, 1)]

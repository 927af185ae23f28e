import numpy as np
import pytest

from mevqa.scoring.answers.event_counts import count_tally


def metrics(references, answers, zero=False):
    return count_tally("n", [0] * len(references), references, answers, zero=zero, unit_count=1).metrics


def test_errors_by_hand():
    values = metrics([5, 10, 0], [7, 10, 4])
    assert values["n.mae"] == pytest.approx(2.0)
    assert values["n.rmse"] == pytest.approx(((4 + 0 + 16) / 3) ** 0.5)
    assert values["n.accuracy"] == pytest.approx(1 / 3)
    assert values["n.median_mae"] == pytest.approx((0 + 5 + 5) / 3)


def test_an_answer_without_a_number_is_no_zero_unless_asked_for():
    assert metrics([5, 10], [5, None])["n.mae"] == 0.0
    assert metrics([5, 10], [5, None])["n.accuracy"] == 0.5
    assert metrics([5, 10], [5, None], zero=True)["n.mae"] == 5.0


def test_an_unusable_answer_to_a_true_zero_is_not_right():
    assert metrics([0], [None], zero=True)["n.accuracy"] == 0.0


def test_without_any_number_there_is_no_error():
    assert set(metrics([5], [None])) == {"n.accuracy", "n.median_mae"}


def test_sums_over_units_give_the_same_numbers():
    tally = count_tally("n", [0, 1, 1], [5, 10, 0], [7, None, 4], zero=False, unit_count=2)
    measured = tally.measure(np.asarray(tally.sums.sum(axis=0))[0])
    assert {key: pytest.approx(float(value)) for key, value in measured.items()} == {
        key: tally.metrics[key] for key in measured
    }

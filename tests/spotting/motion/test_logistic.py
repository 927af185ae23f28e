import numpy as np
import pytest

from mevqa.spotting.motion.calibration import sigmoid
from mevqa.spotting.motion.fitting import fit_logistic

WEIGHTS = np.array([1.5, -2.0, 0.0])


def drawn(rows, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, 3)) * [1.0, 3.0, 0.2] + [0.0, 5.0, -1.0]
    log_odds = 0.5 + (x - [0.0, 5.0, -1.0]) / [1.0, 3.0, 0.2] @ WEIGHTS
    return x, rng.uniform(size=rows) < sigmoid(log_odds)


def test_known_weights_are_recovered():
    model = fit_logistic(*drawn(20_000), penalty=1.0)
    assert np.allclose(model.weights, WEIGHTS, atol=0.1)
    assert model.intercept == pytest.approx(0.5, abs=0.1)


def test_no_other_weights_have_a_smaller_loss():
    x, y = drawn(300)
    model = fit_logistic(x, y, penalty=2.0)

    def loss(change):
        changed = model._replace(weights=model.weights + change[1:], intercept=model.intercept + change[0])
        right = np.where(y, changed.probabilities(x), 1 - changed.probabilities(x))
        return -np.log(right).sum() + (changed.weights**2).sum()

    least = loss(np.zeros(4))
    for change in np.vstack([np.eye(4), -np.eye(4)]):
        assert loss(0.01 * change) > least


def test_units_of_a_feature_do_not_matter():
    x, y = drawn(300)
    other = x * [1000.0, 0.01, 1.0] + [5.0, 0.0, 0.0]
    same = fit_logistic(x, y, 1.0).probabilities(x)
    assert np.allclose(fit_logistic(other, y, 1.0).probabilities(other), same, atol=1e-8)


def test_what_can_be_told_apart_without_error_has_finite_weights():
    x = np.array([[-1.0, 7.0], [-0.9, 7.0], [0.9, 7.0], [1.0, 7.0]])
    model = fit_logistic(x, np.array([False, False, True, True]), 1.0)
    assert 0 < model.weights[0] < 10 and model.weights[1] == pytest.approx(0.0)


@pytest.mark.parametrize("y", [[], [True, True], [False, False]])
def test_both_classes_are_needed(y):
    with pytest.raises(ValueError, match="both classes"):
        fit_logistic(np.zeros((len(y), 1)), np.array(y, dtype=bool), 1.0)

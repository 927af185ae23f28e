"""Logistic regression with a penalty on large weights, small enough to be read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Newton's method stops when no weight changes by more than this, or after so many steps.
_SETTLED = 1e-9
_STEPS = 100

#: A step that does not lessen the loss is halved so often at most.
_HALVINGS = 40


class Logistic(NamedTuple):
    """A fitted model: log-odds = intercept + weights . (x - means) / scales.

    Attributes:
        means: [features] of what it was fitted on.
        scales: [features] standard deviations there; 1 where a feature did not vary.
        weights: [features] of the standardised features.
        intercept: Log-odds where every feature is at its mean.
    """

    means: Array
    scales: Array
    weights: Array
    intercept: float

    def probabilities(self, x: Array) -> Array:
        """Return the probability of each row of ``x`` [rows, features]."""
        return sigmoid(self.intercept + (x - self.means) / self.scales @ self.weights)


def sigmoid(log_odds: Array) -> Array:
    """Return probabilities from log-odds, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))


def fit_logistic(x: Array, y: NDArray[np.bool_], penalty: float) -> Logistic:
    """Fit by Newton's method (iteratively reweighted least squares).

    The minimum of sum(log loss) + penalty / 2 * |weights|^2 over standardised features; the intercept is free.

    Args:
        x: [rows, features].
        y: [rows] what came true.
        penalty: Above 0, so that there is one minimum even where the rows can be told apart without error.

    Raises:
        ValueError: No rows, or all of one class.
    """
    if not len(y) or y.all() or not y.any():
        raise ValueError("both classes are needed")
    means, deviations = x.mean(axis=0), x.std(axis=0)
    scales = np.where(deviations > 1e-12, deviations, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - means) / scales])
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 0.0
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(y.mean() / (1 - y.mean()))
    loss = _loss(design, y, weights, ridge)
    for _ in range(_STEPS):
        expected = sigmoid(design @ weights)
        gradient = design.T @ (expected - y) + ridge * weights
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        for _ in range(_HALVINGS):
            tried = _loss(design, y, weights - step, ridge)
            if tried <= loss:
                break
            step = step / 2
        weights, loss = weights - step, min(tried, loss)
        if np.abs(step).max() < _SETTLED:
            break
    return Logistic(means, scales, weights[1:], float(weights[0]))


def _loss(design: Array, y: NDArray[np.bool_], weights: Array, ridge: Array) -> float:
    log_odds = design @ weights
    return float(np.logaddexp(0.0, np.where(y, -log_odds, log_odds)).sum() + 0.5 * (ridge * weights**2).sum())

"""Logistic regression on features some of which are missing.

Columns are standardised by the training events; a missing value is then 0, the mean, and a group of which
nothing was measured gets an indicator. A column, a group or an indicator without variance among the training events is
left out, so that signals that nobody has give the same result as signals that there never were. Classes count alike,
however many events they have. The strength of the penalty is chosen on training subjects, in folds of whole subjects.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mevqa.physiology.extra import import_extra
from mevqa.physiology.fusion.types import Array, Places

#: Inverse strengths of the penalty that are tried, and folds of subjects in which they are (our choice).
_STRENGTHS = (0.03, 0.3, 3.0)
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class LinearClassifier:
    """A fitted logistic regression; probabilities are those under a uniform prior over the classes.

    Attributes:
        mean: [columns] of the training events.
        scale: [columns] standard deviation; 0 for a column that is left out.
        groups: Group of each column.
        indicators: Groups whose absence is an input of its own.
        weights: [classes, columns and indicators].
        intercept: [classes].
    """

    mean: Array
    scale: Array
    groups: tuple[str, ...]
    indicators: tuple[str, ...]
    weights: Array
    intercept: Array

    def log_probabilities(self, values: Array) -> Array:
        """Return the logarithm of each class's probability, [events, classes].

        Args:
            values: [events, columns], NaN where they are missing.
        """
        logits = _inputs(values, self.mean, self.scale, self.groups, self.indicators) @ self.weights.T + self.intercept
        shifted = logits - logits.max(axis=1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "groups": list(self.groups),
            "indicators": list(self.indicators),
            "weights": self.weights.tolist(),
            "intercept": self.intercept.tolist(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LinearClassifier:
        """Return the classifier of a record that ``as_record`` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something is no number, or has another shape.
        """
        mean, scale, weights, intercept = (
            np.array(record[name], dtype=np.float64) for name in ("mean", "scale", "weights", "intercept")
        )
        groups, indicators = tuple(map(str, record["groups"])), tuple(map(str, record["indicators"]))
        inputs = len(groups) + len(indicators)
        if not (len(mean) == len(scale) == len(groups) and weights.shape == (len(intercept), inputs)):
            raise ValueError("weights of another shape than their columns")
        return cls(mean, scale, groups, indicators, weights, intercept)


def fit_linear(
    values: Array, groups: Sequence[str], truth: Places, subjects: Sequence[str], classes: int
) -> LinearClassifier:
    """Fit a classifier on training events.

    Args:
        values: [events, columns], NaN where they are missing.
        groups: Group of each column.
        truth: [events] index of the right class.
        subjects: Subject of each event: whole subjects are the folds in which the penalty is chosen.
        classes: Number of classes.
    """
    strength = _choose(values, groups, truth, subjects, classes)
    return _fit(values, groups, truth, classes, strength)


def _choose(values: Array, groups: Sequence[str], truth: Places, subjects: Sequence[str], classes: int) -> float:
    """Return the strength of the least log loss in folds of training subjects; the strongest penalty without any."""
    people = sorted(set(subjects))
    if len(people) < 2:
        return _STRENGTHS[0]
    fold = {person: place % min(_FOLDS, len(people)) for place, person in enumerate(people)}
    folds = np.array([fold[subject] for subject in subjects])
    losses = []
    for strength in _STRENGTHS:
        loss = 0.0
        for held_out in np.unique(folds):
            fitted = _fit(values[folds != held_out], groups, truth[folds != held_out], classes, strength)
            chances = fitted.log_probabilities(values[folds == held_out])
            loss -= float(chances[np.arange(len(chances)), truth[folds == held_out]].sum())
        losses.append(loss)
    return _STRENGTHS[int(np.argmin(losses))]


def _fit(values: Array, groups: Sequence[str], truth: Places, classes: int, strength: float) -> LinearClassifier:
    linear_model = import_extra("sklearn.linear_model", "fusion")
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / np.maximum(counts, 1)
    spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / np.maximum(counts, 1))
    scale = np.where((counts >= 2) & (spread > 1e-12), spread, 0.0)
    indicators = tuple(
        group for group in dict.fromkeys(groups) if 0 < _is_absent(values, groups, group).sum() < len(values)
    )
    inputs = _inputs(values, mean, scale, groups, indicators)
    weights, intercept = np.zeros((classes, inputs.shape[1])), np.zeros(classes)
    present = np.unique(truth)
    if len(present) > 1 and np.any(inputs):
        model = linear_model.LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(inputs, truth)
        if len(present) == 2:
            # Of two classes the model has the log-odds of the second alone.
            weights[present] = np.vstack([-model.coef_ / 2, model.coef_ / 2])
            intercept[present] = np.concatenate([-model.intercept_ / 2, model.intercept_ / 2])
        else:
            weights[present], intercept[present] = model.coef_, model.intercept_
    return LinearClassifier(mean, scale, tuple(groups), indicators, weights, intercept)


def _is_absent(values: Array, groups: Sequence[str], group: str) -> np.ndarray:
    columns = [place for place, name in enumerate(groups) if name == group]
    return np.asarray(~np.isfinite(values[:, columns]).any(axis=1))


def _inputs(values: Array, mean: Array, scale: Array, groups: Sequence[str], indicators: Sequence[str]) -> Array:
    """Return standardised columns, 0 where they are missing or left out, and the indicators behind them."""
    used = np.isfinite(values) & (scale > 0)
    standard = np.where(used, values - mean, 0.0) / np.where(scale > 0, scale, 1.0)
    absent = [_is_absent(values, groups, group).astype(np.float64) for group in indicators]
    return np.column_stack([standard, *absent]) if absent else standard

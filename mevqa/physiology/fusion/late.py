"""Late fusion: the probabilities of the video with those of one classifier for each group of signals.

A logarithmic opinion pool (Genest and Zidek, Statistical Science 1, 114-135, 1986): the log-probabilities of a class
add up, weighted, and are brought to a sum of one. The video's weight is 1, so that an event without signals keeps
the probabilities of the video; the classifiers of the signals start from a uniform prior, so that one without evidence
adds nothing. Their weights are those of the least log loss on predictions for training subjects that their classifiers
had not seen, never negative, with a small penalty towards 0 (our choices).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mevqa.physiology.fusion.linear import LinearClassifier, fit_linear
from mevqa.physiology.fusion.types import Array, Examples, log_probabilities, softmax

_PENALTY = 0.01
_MOST = 5.0
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class LateFusion:
    """A fitted late fusion.

    Attributes:
        classifiers: One for each group of signals.
        weights: Weight of the log-probabilities of each group.
        log_prior: [classes] logarithm of the frequency of each among the training events, used in place of the video
            where the signals decide alone; None: the video counts.
    """

    classifiers: Mapping[str, LinearClassifier]
    weights: Mapping[str, float]
    log_prior: Array | None = None

    @classmethod
    def fit(cls, examples: Examples, *, signals_only: bool = False) -> LateFusion:
        """Fit a late fusion on training subjects, all of whose events have a right class."""
        counts = np.bincount(examples.truth, minlength=len(examples.classes)) + 1.0
        prior = np.log(counts / counts.sum()) if signals_only else None
        groups = [group for group in dict.fromkeys(examples.groups) if _measured(examples, group).any()]
        classifiers = {group: _classifier(examples, group) for group in groups}
        held_out = np.stack([_held_out(examples, group) for group in groups]) if groups else np.zeros((0, 0, 0))
        weights = _weights(_begin(examples, prior), examples, held_out)
        return cls(classifiers, dict(zip(groups, weights, strict=True)), prior)

    def probabilities(self, examples: Examples) -> Array:
        """Return the probabilities of the classes, [events, classes]."""
        total = _begin(examples, self.log_prior)
        for group, classifier in self.classifiers.items():
            if self.weights[group] > 0:
                total = total + self.weights[group] * _evidence(classifier, examples, group)
        return softmax(total)

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "weights": dict(self.weights),
            "classifiers": {group: classifier.as_record() for group, classifier in self.classifiers.items()},
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LateFusion:
        """Return the fusion of a record that ``as_record`` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something is no number, or has another shape.
        """
        classifiers = {str(name): LinearClassifier.from_record(saved) for name, saved in record["classifiers"].items()}
        weights = {name: float(record["weights"][name]) for name in classifiers}
        return cls(classifiers, weights)


def _begin(examples: Examples, log_prior: Array | None) -> Array:
    """Return the log-probabilities before the signals: of the video, or the prior, [events, classes]."""
    if log_prior is None:
        return log_probabilities(examples.video)
    return np.tile(log_prior, (len(examples), 1))


def _measured(examples: Examples, group: str) -> np.ndarray:
    return np.asarray(np.isfinite(examples.of_group(group)).any(axis=1))


def _classifier(examples: Examples, group: str) -> LinearClassifier:
    """Fit the classifier of one group on the events at which something of it was measured."""
    measured = examples.at(np.flatnonzero(_measured(examples, group)))
    values = measured.of_group(group)
    return fit_linear(values, [group] * values.shape[1], measured.truth, measured.subjects, len(examples.classes))


def _evidence(classifier: LinearClassifier, examples: Examples, group: str) -> Array:
    """Return the log-probabilities by a group of signals, [events, classes]; 0 where nothing was measured."""
    return np.where(_measured(examples, group)[:, None], classifier.log_probabilities(examples.of_group(group)), 0.0)


def _held_out(examples: Examples, group: str) -> Array:
    """Return the evidence of a group at each event by a classifier that has not seen the event's subject."""
    people = sorted(set(examples.subjects))
    fold = {person: place % min(_FOLDS, len(people)) for place, person in enumerate(people)}
    folds = np.array([fold[person] for person in examples.subjects])
    evidence = np.zeros((len(examples), len(examples.classes)))
    for held_out in np.unique(folds) if len(people) > 1 else ():
        training = examples.at(np.flatnonzero(folds != held_out))
        if _measured(training, group).any():
            held_rows = np.flatnonzero(folds == held_out)
            evidence[held_rows] = _evidence(_classifier(training, group), examples.at(held_rows), group)
    return evidence


def _weights(begin: Array, examples: Examples, evidence: Array) -> list[float]:
    """Return the weights of the groups that give the least log loss.

    Args:
        begin: [events, classes] log-probabilities without the signals.
        examples: Training events.
        evidence: [groups, events, classes] by classifiers that have not seen the event's subject.
    """
    if not len(evidence):
        return []
    from scipy.optimize import minimize

    rows = np.arange(len(examples))

    def loss(weights: Array) -> tuple[float, Array]:
        chances = softmax(begin + np.tensordot(weights, evidence, axes=1))
        residuals = chances.copy()
        residuals[rows, examples.truth] -= 1
        slope = np.einsum("gec,ec->g", evidence, residuals) / len(rows) + 2 * _PENALTY * weights
        right = np.log(np.maximum(chances[rows, examples.truth], 1e-12))
        return float(-right.mean() + _PENALTY * (weights**2).sum()), slope

    start = np.full(len(evidence), 0.1)
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, _MOST)] * len(evidence))
    return [float(weight) for weight in result.x]

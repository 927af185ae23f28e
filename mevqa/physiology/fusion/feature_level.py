"""Feature-level fusion: one logistic regression on the features of video and signals together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mevqa.physiology.fusion.linear import LinearClassifier, fit_linear
from mevqa.physiology.fusion.types import Array, Examples, log_probabilities

_VIDEO = "video"


@dataclass(frozen=True, slots=True, eq=False)
class FeatureFusion:
    """A fitted feature-level fusion.

    Attributes:
        classifier: On the log-probabilities and the features of the video, and the physiological features.
        log_prior: [classes] logarithm of the frequency of each among the training events.
    """

    classifier: LinearClassifier
    log_prior: Array

    @classmethod
    def fit(cls, examples: Examples) -> FeatureFusion:
        """Fit a feature-level fusion on training subjects, all of whose events have a right class."""
        values, groups = _columns(examples)
        classifier = fit_linear(values, groups, examples.truth, examples.subjects, len(examples.classes))
        counts = np.bincount(examples.truth, minlength=len(examples.classes)) + 1.0
        return cls(classifier, np.log(counts / counts.sum()))

    def probabilities(self, examples: Examples) -> Array:
        """Return the probabilities of the classes, [events, classes]."""
        values, _ = _columns(examples)
        logits = self.classifier.log_probabilities(values) + self.log_prior
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"classifier": self.classifier.as_record(), "log_prior": self.log_prior.tolist()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> FeatureFusion:
        """Return the fusion of a record that ``as_record`` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something is no number, or has another shape.
        """
        prior = np.array(record["log_prior"], dtype=np.float64)
        return cls(LinearClassifier.from_record(record["classifier"]), prior)


def _columns(examples: Examples) -> tuple[Array, list[str]]:
    video = np.column_stack([log_probabilities(examples.video), examples.video_features])
    return np.column_stack([video, examples.features]), [*[_VIDEO] * video.shape[1], *examples.groups]

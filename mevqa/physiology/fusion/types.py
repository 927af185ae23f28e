"""Examples for fusion: probabilities by the video, physiological features and coded classes of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

#: Probabilities are kept this far from 0 and 1: a spotter that is sure is not infinitely sure (our choice).
LEAST_PROBABILITY = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Events as arrays that fusion is fitted on.

    Attributes:
        subjects: Subject of each event, in one spelling.
        classes: Names of the classes: of the expressions, or ``none`` and ``event`` of detections.
        video: [events, classes] probabilities by the spotter or recogniser.
        video_features: [events, features] other features of the video, NaN where they are missing.
        features: [events, features] physiological features, NaN where they are missing.
        groups: Group of each physiological feature.
        truth: [events] index of the right class; -1 where none is coded.
    """

    subjects: tuple[str, ...]
    classes: tuple[str, ...]
    video: Array
    video_features: Array
    features: Array
    groups: tuple[str, ...]
    truth: Places

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.subjects)

    def at(self, places: Sequence[int] | Places) -> Examples:
        """Return the events at some indices."""
        chosen = np.asarray(places, dtype=np.int64)
        return replace(
            self,
            subjects=tuple(self.subjects[place] for place in chosen),
            video=self.video[chosen],
            video_features=self.video_features[chosen],
            features=self.features[chosen],
            truth=self.truth[chosen],
        )

    def of_group(self, group: str) -> Array:
        """Return the features of one group of signals, [events, features]."""
        return self.features[:, [place for place, name in enumerate(self.groups) if name == group]]


def log_probabilities(probabilities: Array) -> Array:
    """Return the logarithms of probabilities that are kept away from 0 and 1 and renormalised."""
    clipped = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.log(clipped / clipped.sum(axis=1, keepdims=True))


def softmax(logits: Array) -> Array:
    """Return probabilities of logits, [events, classes]."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))

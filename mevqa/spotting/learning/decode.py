"""From a network's outputs for every sample to expressions with times, kinds and class probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mevqa.events import KINDS, Kind, Rule, kind_of
from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import ANY, Arrays, LearnedSystem

#: The neutral class among the class probabilities of an expression.
NEUTRAL = "neutral"


class Proposal(NamedTuple):
    """An expression in samples of a series.

    Attributes:
        onset: First sample.
        apex: Sample of the largest score.
        offset: Last sample.
        kind: ``micro`` or ``macro``.
        score: Larger is surer.
        label: Emotion class; None where none is learned, or where it is neutral.
        probabilities: Of the classes.
    """

    onset: int
    apex: int
    offset: int
    kind: Kind
    score: float
    label: str | None
    probabilities: Mapping[str, float]


def propose(
    system: type[LearnedSystem],
    config: SystemConfig,
    priors: Priors,
    series: FeatureSeries,
    outputs: Arrays,
    *,
    rule: Rule,
    threshold: float | None = None,
) -> list[Proposal]:
    """Return the expressions of a video, in the order of time.

    Args:
        system: The system.
        config: Its settings.
        priors: Lengths, thresholds and classes.
        series: The video.
        outputs: What the network says of it.
        rule: How kinds are told apart where the system scores both together.
        threshold: In the place of those of the priors.
    """
    decoder = system.decoder(config)
    classes = system.classes(outputs)
    proposals = []
    for name, scores in system.curves(outputs, config).items():
        if name not in priors.half_lengths:
            continue
        limit = priors.thresholds[name] if threshold is None else threshold
        for detection in decoder.decode(scores, priors.half_lengths[name], limit):
            inside = slice(detection.onset, detection.offset + 1)
            measured = series.measured[inside]
            # An expression that nobody could see is none.
            if not measured.mean() > 0.5:
                continue
            onset_ms, apex_ms, offset_ms = (
                float(series.times_ms[at]) for at in (detection.onset, detection.apex, detection.offset)
            )
            kind = kind_of(onset_ms, apex_ms, offset_ms, rule)
            proposal_kind: Kind = kind if name == ANY or name not in KINDS else name
            classified = _classify(classes, inside, measured, priors.classes, config)
            if classified is not None:
                proposals.append(
                    Proposal(
                        detection.onset,
                        detection.apex,
                        detection.offset,
                        proposal_kind,
                        min(max(detection.score, 0.0), 1.0),
                        *classified,
                    )
                )
    return sorted(proposals)


def _classify(
    classes: NDArray[np.float64] | None,
    inside: slice,
    measured: NDArray[np.bool_],
    names: Sequence[str],
    config: SystemConfig,
) -> tuple[str | None, dict[str, float]] | None:
    """Return the class of an expression with probabilities; None for one that synergy drops.

    The class is that of most samples (ME-TST); of equally many the likelier one.
    """
    if classes is None or not names:
        return None, {}
    shares = classes[inside][measured]
    if config.decoder.synergy == "spotting":
        shares = shares[:, 1:] / np.maximum(shares[:, 1:].sum(axis=1, keepdims=True), 1e-12)
        class_names: tuple[str, ...] = tuple(names)
    else:
        class_names = (NEUTRAL, *names)
    mean = shares.mean(axis=0)
    votes = np.bincount(shares.argmax(axis=1), minlength=len(class_names))
    winner = class_names[int(np.argmax(votes + mean / 2))]
    if winner == NEUTRAL and config.decoder.synergy == "recognition":
        return None
    probabilities = {name: float(share) for name, share in zip(class_names, mean, strict=True)}
    return (None if winner == NEUTRAL else winner), probabilities

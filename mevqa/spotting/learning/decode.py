"""From what a network says of every sample to expressions with times, kinds and class probabilities."""

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
    found = []
    for name, scores in system.curves(outputs, config).items():
        if name not in priors.half_lengths:
            continue
        limit = priors.thresholds[name] if threshold is None else threshold
        for one in decoder.decode(scores, priors.half_lengths[name], limit):
            inside = slice(one.onset, one.offset + 1)
            measured = series.measured[inside]
            # An expression that nobody could see is none.
            if not measured.mean() > 0.5:
                continue
            onset_ms, apex_ms, offset_ms = (float(series.times_ms[at]) for at in (one.onset, one.apex, one.offset))
            kind = kind_of(onset_ms, apex_ms, offset_ms, rule)
            own: Kind = kind if name == ANY or name not in KINDS else name
            named = _name(classes, inside, measured, priors.classes, config)
            if named is not None:
                found.append(Proposal(one.onset, one.apex, one.offset, own, min(max(one.score, 0.0), 1.0), *named))
    return sorted(found)


def _name(
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
    own = classes[inside][measured]
    if config.decoder.synergy == "spotting":
        own = own[:, 1:] / np.maximum(own[:, 1:].sum(axis=1, keepdims=True), 1e-12)
        kept: tuple[str, ...] = tuple(names)
    else:
        kept = (NEUTRAL, *names)
    mean = own.mean(axis=0)
    votes = np.bincount(own.argmax(axis=1), minlength=len(kept))
    winner = kept[int(np.argmax(votes + mean / 2))]
    if winner == NEUTRAL and config.decoder.synergy == "recognition":
        return None
    probabilities = {name: float(share) for name, share in zip(kept, mean, strict=True)}
    return (None if winner == NEUTRAL else winner), probabilities

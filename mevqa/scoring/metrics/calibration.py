"""Calibration of option probabilities: reliability, expected calibration error, Brier score.

The confidence of a question is the probability of its likeliest option, and it is right when that option is; the joint
decision over a clip's answers may answer another one. ECE: Guo et al., ICML 2017, equation 3, ten bins of equal width.
Brier score: Brier 1950, the sum over options of squared differences, 0 to 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mevqa.scoring.metrics.sufficient_statistics import Array, Tally, divide, sums_by_unit

BINS = 10


def calibration_tally(
    prefix: str,
    units: Sequence[int],
    references: Sequence[str],
    options: Sequence[Mapping[str, float]],
    unit_count: int,
) -> Tally:
    """Return ECE and Brier score.

    Args:
        prefix: What the metric keys begin with.
        units: Subject or clip of each question.
        references: True labels.
        options: Probability of each label.
        unit_count: Number of subjects or clips.
    """
    confidence, right, brier = _columns(references, options)
    bins = _bins(confidence)
    counts = np.ones(len(bins))
    columns = [
        (bins, counts),
        (BINS + bins, confidence),
        (2 * BINS + bins, right),
        (np.full(len(bins), 3 * BINS), brier),
    ]

    def measure(sums: Array) -> dict[str, Array]:
        count, confident, hit = (sums[..., start * BINS : (start + 1) * BINS] for start in range(3))
        total = count.sum(-1)
        return {
            f"{prefix}.ece": divide(np.abs(confident - hit).sum(-1), total),
            f"{prefix}.brier": divide(sums[..., -1], total),
        }

    sums = sums_by_unit(units, columns, (unit_count, 3 * BINS + 1))  # type: ignore[arg-type]
    pooled = measure(np.asarray(sums.sum(axis=0))[0])
    return Tally({key: float(value) for key, value in pooled.items()}, sums, measure)


def reliability(references: Sequence[str], options: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """Return the bins of the reliability diagram that hold a question: bounds, count, mean confidence, accuracy."""
    confidence, right, _ = _columns(references, options)
    bins = _bins(confidence)
    return [
        {
            "low": index / BINS,
            "high": (index + 1) / BINS,
            "count": int((bins == index).sum()),
            "confidence": float(confidence[bins == index].mean()),
            "accuracy": float(right[bins == index].mean()),
        }
        for index in range(BINS)
        if (bins == index).any()
    ]


def _columns(references: Sequence[str], options: Sequence[Mapping[str, float]]) -> tuple[Array, Array, Array]:
    """Return confidence, correctness and Brier score of each question."""
    confidence, right, brier = [], [], []
    for reference, shares in zip(references, options, strict=True):
        best = max(shares, key=lambda label: shares[label])
        confidence.append(shares[best])
        right.append(float(best == reference))
        # A reference that was no option had probability 0.
        squares = sum(p * p for label, p in shares.items() if label != reference)
        brier.append(squares + (1 - shares.get(reference, 0.0)) ** 2)
    return np.array(confidence), np.array(right), np.array(brier)


def _bins(confidence: Array) -> Array:
    """Return the bin of each confidence: (low, high], the first closed on both sides."""
    # Ten times 0.3 is 3.0000000000000004 in floats: a bound belongs to the bin below it.
    return np.clip(np.ceil(np.round(confidence * BINS, 9)).astype(int) - 1, 0, BINS - 1)

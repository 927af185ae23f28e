"""Percentile bootstrap over subjects: units are drawn with replacement, sums are added up, nothing is scored again.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TypeAlias

import numpy as np
from scipy.sparse import hstack

from mevqa.scoring.metrics.sufficient_statistics import Array, Tally

DRAWS = 1000
#: Share of the draws between the bounds of an interval.
LEVEL = 0.95
#: Weights that are held at once: 8 bytes each.
_CELLS = 4_000_000
#: An interval is given when at least this share of the draws defines the metric.
_DEFINED = 0.5


#: Metrics of every draw by key, [draws]; NaN where a draw does not define the metric.
Draws: TypeAlias = dict[str, Array]


def intervals(drawn: Draws, keys: Container[str]) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile interval of some metrics; those that too few draws define have none.

    Args:
        drawn: Metrics of every draw.
        keys: The metrics that are wanted.
    """
    bounds = {}
    tail = 100 * (1 - LEVEL) / 2
    for key, values in drawn.items():
        defined = values[~np.isnan(values)]
        if key in keys and len(defined) and len(defined) >= _DEFINED * len(values):
            low, high = np.percentile(defined, [tail, 100 - tail])
            bounds[key] = (float(low), float(high))
    return bounds


def resample(tallies: Sequence[Tally], draws: int, seed: int) -> Draws:
    """Measure every tally on the same draws of units.

    Args:
        tallies: All over the same units, at least one.
        draws: Number of draws.
        seed: Of the generator; the same seed draws the same units for the same number of units.
    """
    sums = hstack([tally.sums for tally in tallies], format="csr")
    units = sums.shape[0]
    edges = np.cumsum([0, *(tally.sums.shape[1] for tally in tallies)])
    features = sums.T.tocsr()
    generator = np.random.default_rng(seed)
    parts: dict[str, list[Array]] = {}
    size = max(1, _CELLS // units)
    for start in range(0, draws, size):
        weights = _weights(generator, units, min(size, draws - start))
        totals = (features @ weights).T
        for tally, first, last in zip(tallies, edges[:-1], edges[1:], strict=True):
            for key, values in tally.measure(totals[:, first:last]).items():
                parts.setdefault(key, []).append(values)
    return {key: np.concatenate(values) for key, values in parts.items()}


def _weights(generator: np.random.Generator, units: int, draws: int) -> Array:
    """Return how often each unit is drawn, [units, draws]."""
    chosen = generator.integers(units, size=(draws, units))
    flat = (chosen + units * np.arange(draws)[:, None]).ravel()
    return np.bincount(flat, minlength=units * draws).reshape(draws, units).T.astype(np.float64)


def two_sided_p(differences: Array) -> float:
    """Return the share of draws on the other side of zero, doubled (a bootstrap test of "no difference").

    One is added above and below, as an exact test would (Davison and Hinkley 1997, equation 4.11), so that it is
    never zero.
    """
    defined = differences[~np.isnan(differences)]
    below, above = int((defined <= 0).sum()), int((defined >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(defined) + 1))

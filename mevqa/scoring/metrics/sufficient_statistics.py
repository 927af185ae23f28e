"""Sufficient statistics of scores for resampling: sums by subject, and how sums become metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_matrix

Array: TypeAlias = np.ndarray

#: From sums [..., features] to metrics by key, each [...]; NaN where a metric is not defined.
Measure: TypeAlias = Callable[[Array], Mapping[str, Array]]


@dataclass(frozen=True, slots=True)
class Tally:
    """One part of a score that can be resampled without looking at the answers again.

    Attributes:
        metrics: The numbers of all answers together, by the libraries that define them.
        sums: [units, features], a unit being a subject or a clip: all features are sums over answers.
        measure: From sums over units to the same numbers; for the sums of all units it gives ``metrics``.
    """

    metrics: Mapping[str, float]
    sums: csr_matrix
    measure: Measure


def sums_by_unit(
    units: Sequence[int], columns: Iterable[tuple[Sequence[int], Sequence[float]]], shape: tuple[int, int]
) -> csr_matrix:
    """Add up values by unit and feature.

    Args:
        units: Unit of each answer.
        columns: For each set of values: the feature of each answer, and its value there.
        shape: Number of units and of features.
    """
    pairs = list(columns)
    features = np.concatenate([np.asarray(feature, dtype=np.int64) for feature, _ in pairs])
    values = np.concatenate([np.asarray(value, dtype=np.float64) for _, value in pairs])
    return csr_matrix((values, (np.tile(np.asarray(units, dtype=np.int64), len(pairs)), features)), shape=shape)


def mean_tally(units: Sequence[int], values: Mapping[str, Sequence[float]], unit_count: int) -> Tally:
    """Return the tally of plain means over answers.

    Args:
        units: Unit of each answer, at least one.
        values: By metric key, the value of each answer.
        unit_count: Number of units.
    """
    keys = list(values)
    count = len(units)
    columns = [([column] * count, values[key]) for column, key in enumerate(keys)]
    columns.append(([len(keys)] * count, [1.0] * count))

    def measure(sums: Array) -> dict[str, Array]:
        return {key: divide(sums[..., column], sums[..., -1]) for column, key in enumerate(keys)}

    metrics = {key: float(np.mean(values[key])) for key in keys}
    return Tally(metrics, sums_by_unit(units, columns, (unit_count, len(keys) + 1)), measure)


def divide(above: Array, below: Array) -> Array:
    """Divide, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=np.asarray(below) != 0)

"""Mean absolute and root mean squared error of counted events."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from mevqa.scoring.metrics.sufficient_statistics import Array, Tally, divide, sums_by_unit


def count_tally(
    prefix: str,
    units: Sequence[int],
    references: Sequence[int],
    answers: Sequence[int | None],
    *,
    zero: bool,
    unit_count: int,
) -> Tally:
    """Return the errors of one kind of count.

    Args:
        prefix: What the metric keys begin with.
        units: Subject or video of each question.
        references: True numbers of events.
        answers: Answered ones, None where there is no usable answer.
        zero: Score an answer without a number as 0; else it is left out of the errors, and of the errors only: in the
            accuracy it is always wrong.
        unit_count: Number of subjects or videos.
    """
    scored = np.array([zero or answer is not None for answer in answers], dtype=float)
    pairs = list(zip(references, answers, strict=True))
    errors = np.array([float((a or 0) - r) if zero or a is not None else 0.0 for r, a in pairs])
    right = np.array([float(a == r) for r, a in pairs])
    values = (scored, np.abs(errors), errors**2, right, np.ones(len(pairs)))
    columns = [([column] * len(pairs), value) for column, value in enumerate(values)]

    def measure(sums: Array) -> dict[str, Array]:
        return {
            f"{prefix}.mae": divide(sums[..., 1], sums[..., 0]),
            f"{prefix}.rmse": np.sqrt(divide(sums[..., 2], sums[..., 0])),
            f"{prefix}.accuracy": divide(sums[..., 3], sums[..., 4]),
        }

    pooled = measure(np.array([value.sum() for value in values]))
    order = (f"{prefix}.accuracy", f"{prefix}.mae", f"{prefix}.rmse")
    metrics = {key: float(pooled[key]) for key in order if not np.isnan(pooled[key])}
    middle = statistics.median(references)
    metrics[f"{prefix}.median_mae"] = float(np.mean([abs(middle - r) for r in references]))
    return Tally(metrics, sums_by_unit(units, columns, (unit_count, len(values))), measure)

"""The difference of two scores that were measured on the same draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mevqa.scoring.metrics.bootstrap import Draws, intervals, two_sided_p
from mevqa.scoring.result import ScoreResult


def paired_difference(
    paths: tuple[Path | str, Path | str],
    results: tuple[ScoreResult, ScoreResult],
    metrics: tuple[Mapping[str, float], Mapping[str, float]],
    keys: Sequence[str],
    drawn: tuple[Draws, Draws] | None,
    protocol: Mapping[str, Any],
) -> ScoreResult:
    """Return second less first, with intervals and p-values.

    Args:
        paths: Where the two come from.
        results: Their scores.
        metrics: Their numbers where both were measured.
        keys: The metrics that are compared.
        drawn: Their numbers in every draw, the same draws for both; None for no intervals.
        protocol: What is added to the protocol of the first.
    """
    first, second = drawn or ({}, {})
    differences = {key: second[key] - first[key] for key in keys if key in first and key in second}
    bounds = intervals(differences, differences)
    return ScoreResult(
        metrics={key: metrics[1][key] - metrics[0][key] for key in keys},
        intervals=bounds,
        protocol={**results[0].protocol, "paired": True, **protocol},
        counts=results[0].counts,
        notes=[f"{path}: {note}" for path, result in zip(paths, results, strict=True) for note in result.notes],
        warnings=_warnings(paths, results),
        groups={"answers": {"first": results[0], "second": results[1]}},
        details={} if drawn is None else {"p": {key: two_sided_p(differences[key]) for key in bounds}},
    )


def _warnings(paths: Sequence[Path | str], results: Sequence[ScoreResult]) -> list[str]:
    """Return the warnings of all; one that does not concern each names which it does."""
    every = [set(result.warnings) for result in results]
    warnings = [
        warning if all(warning in result_warnings for result_warnings in every) else f"{path}: {warning}"
        for path, result in zip(paths, results, strict=True)
        for warning in result.warnings
    ]
    return list(dict.fromkeys(warnings))

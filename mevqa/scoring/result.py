"""Result of scoring: flat named numbers, their intervals, and every switch that decided them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mevqa.safe_text import PathShortener


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The scores of one set of answers or detections.

    Attributes:
        metrics: By flat key (``coarse.uf1``, ``spotting.micro.f1``); every number is finite. What is not defined for
            the input (a type without questions, an error without a usable count) has no key.
        intervals: 95 % bootstrap intervals, lower and upper bound, for keys of ``metrics``.
        protocol: Every switch that decided the numbers, plain values: preset, class set, matching, seed, draws, ...
        counts: How many of what: questions, unusable answers, subjects, videos, events, matches.
        notes: What a reader must know to trust the numbers, one sentence each.
        warnings: What makes the numbers worthless, one sentence each; said before them.
        groups: The same for parts of the input: ``groups["dataset"]["samm"]``.
        details: What has no place in a flat list of numbers (confusion matrices, reliability bins, unusable answers,
            matched events): plain JSON values.
    """

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    groups: Mapping[str, Mapping[str, ScoreResult]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse numbers that no JSON can hold and intervals of nothing.

        Raises:
            ValueError: A metric or a bound is not finite, or an interval has no metric.
        """
        not_finite = [key for key, value in self.metrics.items() if not math.isfinite(value)]
        not_finite += [key for key, bounds in self.intervals.items() if not all(map(math.isfinite, bounds))]
        if not_finite:
            raise ValueError(f"not finite: {', '.join(not_finite)}")
        strays = self.intervals.keys() - self.metrics.keys()
        if strays:
            raise ValueError(f"intervals without a metric: {', '.join(sorted(strays))}")

    def differs(self, key: str) -> bool | None:
        """Whether the interval of ``key``, a difference of two sets, leaves zero out; None without an interval."""
        if key not in self.intervals:
            return None
        low, high = self.intervals[key]
        return low > 0 or high < 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values under ``metrics``, ``intervals``, ``protocol``, ``counts``, ``notes`` and so on."""
        content: dict[str, Any] = {
            "metrics": dict(self.metrics),
            "intervals": {key: list(bounds) for key, bounds in self.intervals.items()},
            "protocol": dict(self.protocol),
            "counts": dict(self.counts),
            "notes": list(self.notes),
        }
        if self.warnings:
            content = {"warnings": list(self.warnings), **content}
        if self.groups:
            content["groups"] = {
                by: {name: result.as_dict() for name, result in parts.items()} for by, parts in self.groups.items()
            }
        if self.details:
            content["details"] = dict(self.details)
        # Scores are passed on: notes and errors name files without the folders of this machine.
        return PathShortener().inside(content, ("notes", "warnings", "error"))

    def to_json(self) -> str:
        """Return ``as_dict`` as JSON text, with a final line feed."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

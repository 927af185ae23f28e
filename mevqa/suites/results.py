"""What came of a suite: one table over all models, with published numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.scoring.catalogue import main_numbers
from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import number, plain_number
from mevqa.suites.published import published
from mevqa.table_writer import Table


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one model.

    Attributes:
        name: Name of the model, and of the part where parts are scored each by itself.
        path: Its run folder, or its detections.
        answered: Questions with an answer; None for events.
        asked: Questions; None for events.
        result: Its scores; None without references or after a failure.
        error: Why it failed.
    """

    name: str
    path: Path
    answered: int | None = None
    asked: int | None = None
    result: ScoreResult | None = None
    error: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.error is None and self.answered == self.asked

    @property
    def status(self) -> str:
        """One word, or how many questions were answered."""
        if self.error is not None:
            return "failed"
        return "done" if self.answered is None else f"{self.answered}/{self.asked}"


def comparison_table(
    title: str, outcomes: Sequence[Outcome], groups: Sequence[str], *, intervals: bool = True
) -> Table:
    """Return one row a model and, below, one row a published system.

    Args:
        title: Title of the table.
        outcomes: What came of the models.
        groups: Groups of published numbers.
        intervals: Whether numbers have their intervals, which makes the table wide.
    """
    shown = number if intervals else plain_number
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    main = main_numbers("suites")
    keys = [key for key in main if any(key in result.metrics for result in results)]
    rows = [
        (
            outcome.name,
            outcome.status,
            *(shown(outcome.result, key) if outcome.result is not None else "" for key in keys),
        )
        for outcome in outcomes
    ]
    for name in groups:
        rows += [
            (
                f"{row.system} [{name}]",
                "published",
                *(f"{row.metrics[key]:.3f}" if key in row.metrics else "" for key in keys),
            )
            for row in published()[name].rows
            if any(key in row.metrics for key in keys)
        ]
    return Table(title, ("model", "answers", *(main[key].name for key in keys)), tuple(rows))


def published_notes(groups: Sequence[str]) -> list[str]:
    """Say of each group on which clips it was measured, and where it stands."""
    known = published()
    return [f"{name}: {known[name].title}; {known[name].clips}. Source: {known[name].source}." for name in groups]

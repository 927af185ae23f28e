"""Output of ``mevqa ensemble``: scores of the runs, the ensemble and an oracle; learned weights and temperatures."""

from __future__ import annotations

from pathlib import Path

from mevqa.api.evaluation.ensemble import Ensemble
from mevqa.scoring.catalogue import main_numbers, metric
from mevqa.scoring.tables import interval_line, number, plain_number
from mevqa.table_writer import Table, as_text


def print_ensemble(result: Ensemble, out: Path) -> None:
    """Print an ensemble.

    Args:
        result: The ensemble.
        out: Its run folder, as it was named.
    """
    for table in [*([_scores(result)] if result.scores is not None else []), *_learned(result)]:
        print(as_text(table) + "\n")
    if result.scores is not None:
        drawn = f"{interval_line(result.scores)} of the differences; " if result.scores.intervals else ""
        print(f"{drawn}oracle: of all answers to a question the best one")
    answered = sum(answer.error is None for answer in result.run.answers.values())
    print(f"{answered} of {len(result.run.questions)} questions answered by {_members(result)} runs -> {out}")


def _members(result: Ensemble) -> int:
    return len(result.run.manifest["decides"]["ensemble"]["members"])


def _scores(result: Ensemble) -> Table:
    """Return one row a number: that of each run, the ensemble, what it gains over the best run, and the oracle."""
    assert result.scores is not None and result.difference is not None and result.oracle is not None
    main = main_numbers("suites")
    sides = [*result.members.values(), result.scores]
    rows = [
        (main[key].name, *(plain_number(side, key) for side in sides), number(result.difference, key),
         plain_number(result.oracle, key))
        for key in main if key in result.scores.metrics
    ]  # fmt: skip
    columns = ("", *result.members, "ensemble", f"less {result.best} (the best run)", "oracle")
    return Table("scores", columns, tuple(rows))


def _learned(result: Ensemble) -> list[Table]:
    """Return the weights and temperatures by question type, where any were learned."""
    if not result.temperatures and all(len(set(weights.values())) == 1 for weights in result.weights.values()):
        return []
    names = list(next(iter(result.weights.values())))
    rows = []
    for kind, weights in result.weights.items():
        temperature = result.temperatures.get(kind)
        errors = result.calibration_errors.get(kind)
        rows.append((
            kind,
            *(f"{weights[name]:.2f}" for name in names),
            "" if temperature is None else f"{temperature:.2f}",
            *("" if errors is None else f"{error:.3f}" for error in errors or (0, 0)),
        ))  # fmt: skip
    heading = metric("coarse.ece").heading
    return [Table("learned", ("question", *names, "temperature", f"{heading} before", "after"), tuple(rows))]

"""Output of ``mevqa loso``: the folds, each fold's score and the pooled scores."""

from __future__ import annotations

from mevqa.api.training.spotters import SpotterLosoResult
from mevqa.api.training.train import LosoResult
from mevqa.cli.printing.scores import print_scores
from mevqa.scoring.tables import interval_line, score_tables
from mevqa.table_writer import as_text
from mevqa.training.loso import fold_table


def print_folds(result: LosoResult | SpotterLosoResult) -> None:
    """Print the size of each fold and, once folds were begun, how far each is."""
    states = {state.fold.name: state for state in result.states}
    for fold in result.folds:
        size = f"{fold.name:24} test {len(fold.test):4} clips, train {len(fold.train):4}"
        state = states.get(fold.name)
        progress = "" if state is None else f"  {state.state}{f', {state.place}' if state.place else ''}"
        print(size + progress)
    if states:
        print(f"{len(result.folds) - len(result.missing)} of {len(result.folds)} folds are finished")


def print_result(result: LosoResult | SpotterLosoResult) -> None:
    """Print each fold's score and the pooled scores with intervals, or which folds are missing."""
    folds = result.folds
    if result.missing:
        finished = len(folds) - len(result.missing)
        print(f"{finished} of {len(folds)} folds are finished; missing: {', '.join(result.missing)}")
        return
    if isinstance(result, SpotterLosoResult):
        _print_spotted(result)
        return
    assert result.run is not None
    print(f"{len(folds)} folds by {result.recipe.folds.by}, {sum(len(fold.test) for fold in folds)} held-out clips")
    print("\n" + as_text(fold_table(result.work, folds, result.runs)))
    scores = result.run.score()
    print(f"\npooled over all folds: {interval_line(scores)}")
    for table in score_tables(scores):
        print("\n" + as_text(table))
    path = result.run.path
    print(f"\nthe pooled answers are a run like any other: mevqa score {path}, mevqa report {path}")


def _print_spotted(result: SpotterLosoResult) -> None:
    """Print the score of the events of all folds."""
    held_out = sum(len(fold.test) for fold in result.folds)
    print(f"{len(result.folds)} folds by {result.recipe.folds.by}, {held_out} held-out videos -> {result.events}\n")
    if result.score is not None:
        print_scores(result.score, "text")

"""What came of each fold, in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mevqa.inference.evaluation import Plan
from mevqa.inference.runs import RunRecord
from mevqa.scoring.answers.score import score_run
from mevqa.scoring.tables import Table, plain_number
from mevqa.training.examples.clips import of_clips
from mevqa.training.splits import Fold

_COLUMNS = {
    "coarse": "coarse.accuracy",
    "fine": "fine.accuracy",
    "presence": "presence.accuracy",
    "side": "side.accuracy",
    "units F1": "au.f1",
}


def fold_table(work: Plan, folds: Sequence[Fold], runs: Mapping[str, RunRecord]) -> Table:
    """Return a table with a row a fold.

    One subject shows few classes, so that UF1 and UAR of one fold say nothing; they are computed on all folds' answers
    together.

    Args:
        work: All clips.
        folds: The folds.
        runs: Their answers.
    """
    rows = []
    for fold in folds:
        asked = of_clips(work, fold.test).all_questions
        result = score_run(asked, runs[fold.name].answers, log=runs[fold.name].path)
        cells = [plain_number(result, key) if result is not None else "" for key in _COLUMNS.values()]
        rows.append((fold.name, str(len(fold.test)), *cells))
    return Table("accuracy of each fold", ("held out", "clips", *_COLUMNS), tuple(rows))

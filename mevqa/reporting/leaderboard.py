"""The leaderboard of a report: main numbers of runs, baselines and published systems, and whether runs differ."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.errors import InputError
from mevqa.reporting.charts.chart import Chart
from mevqa.reporting.charts.score_charts import Mark, forest_chart
from mevqa.reporting.reading import ReadRun
from mevqa.scoring.catalogue import lower_is_better, main_numbers
from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import interval_line
from mevqa.suites.published import PublishedGroup, published


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table.

    Attributes:
        value: As it is printed; empty where there is none.
        interval: As it is printed.
        best: Whether no run that was asked the same has a better one; never where no other run was asked the same.
    """

    value: str = ""
    interval: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """One run, baseline or published system.

    Attributes:
        name: What it is: of a run, the model.
        cells: One a column.
        note: What a reader must know: of a run, its folder and, where runs were asked differently, its question set.
    """

    name: str
    cells: tuple[Cell, ...]
    note: str = ""

    @property
    def free(self) -> int:
        """Number of empty cells at the end."""
        filled = [column for column, cell in enumerate(self.cells, 1) if cell.value]
        return len(self.cells) - max(filled, default=0)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The table of main numbers.

    Attributes:
        heads: (heading, how many columns it spans).
        columns: Headings of the columns, with their keys.
        rows: The runs.
        baselines: Baselines that need no model.
        published: Published numbers that were measured alike, with at least one of the columns.
        how: How the intervals were made.
        compared: Which runs have answered the same questions, where not all have; empty where all have.
        marked: Whether a number is marked as the best.
    """

    heads: tuple[tuple[str, int], ...]
    columns: tuple[tuple[str, str], ...]
    rows: tuple[LeaderboardRow, ...]
    baselines: tuple[LeaderboardRow, ...]
    published: tuple[tuple[PublishedGroup, tuple[LeaderboardRow, ...]], ...]
    how: str
    compared: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """A run compared with the first one.

    Attributes:
        first: Name of the first run.
        second: Name of the other one.
        rows: Texts by metric: key, both numbers, difference, interval, p and verdict.
        chart: The differences of the main numbers; None where there is no comparison.
        problem: Why there is no comparison.
    """

    first: str
    second: str
    rows: tuple[Mapping[str, str], ...] = ()
    chart: Chart | None = None
    problem: str = ""


def leaderboard(runs: Sequence[ReadRun]) -> Leaderboard | None:
    """Return the table of main numbers; None when nothing is scored."""
    scored = [(run, run.result) for run in runs if run.result is not None]
    if not scored:
        return None
    main, first = main_numbers("leaderboard"), scored[0][1]
    keys = [key for key in main if any(key in result.metrics for _, result in scored)]
    heads = [(name, len(list(members))) for name, members in itertools.groupby(main[key].group for key in keys)]
    sets = question_sets([run for run, _ in scored])
    several = len(sets) > 1
    rows = []
    for run, result in scored:
        letter, comparable = next((letter, set_runs) for letter, set_runs in sets.items() if run in set_runs)
        rivals = [other.result for other in comparable if other.result is not None] if len(comparable) > 1 else []
        best = {key: _best(key, rivals) for key in keys if any(key in rival.metrics for rival in rivals)}
        note = f"{run.folder} · question set {letter}" if several else run.folder
        rows.append(LeaderboardRow(run.model, tuple(_cell(result, key, best.get(key)) for key in keys), note))
    return Leaderboard(
        tuple(heads),
        tuple((main[key].column, key) for key in keys),
        tuple(rows),
        _baselines(first, keys, "question set A" if several else ""),
        _published_rows([run for run, _ in scored], keys),
        _how(first),
        _compared_sets(sets) if several else "",
        any(cell.best for row in rows for cell in row.cells),
    )


def question_sets(runs: Sequence[ReadRun]) -> dict[str, list[ReadRun]]:
    """Return the runs by the set of questions that they are scored on: numbers can only be compared within one set.

    The sets have letters, A for that of the first run, then B and so on.
    """
    sets: dict[frozenset[tuple[str, str, str]], list[ReadRun]] = {}
    for run in runs:
        questions = (item.question for item in run.items.values())
        sets.setdefault(frozenset((q.clip_id, q.text, q.reference or "") for q in questions), []).append(run)
    return {
        chr(ord("A") + index) if index < 26 else f"{index + 1}": set_runs
        for index, set_runs in enumerate(sets.values())
    }


def _compared_sets(sets: Mapping[str, Sequence[ReadRun]]) -> str:
    """Return the sentence that says which runs can be compared."""
    descriptions = []
    for letter, runs in sets.items():
        questions = max(len(run.items) for run in runs)
        clips = len({item.question.clip_id for item in runs[0].items.values()})
        names = ", ".join(run.name for run in runs)
        descriptions.append(f"{letter}: {questions} questions about {clips} clip{'s' if clips != 1 else ''} ({names})")
    listed = "; ".join(descriptions)
    return f"Not all runs answered the same questions; compare numbers within a question set only. {listed}."


def comparisons(runs: Sequence[ReadRun], compare: Callable[..., Any]) -> list[Compared]:
    """Compare every further run with the first one.

    Args:
        runs: The runs.
        compare: From two run folders to the paired comparison.
    """
    compared = []
    for run in runs[1:]:
        if run.result is None or runs[0].result is None:
            continue
        try:
            compared.append(_compared(compare(runs[0].run.path, run.run.path), runs[0].name, run.name))
        except InputError as error:
            compared.append(Compared(runs[0].name, run.name, problem=str(error.problems[0])))
    return compared


def _compared(result: ScoreResult, first: str, second: str) -> Compared:
    first_metrics, second_metrics = (result.groups["answers"][side].metrics for side in ("first", "second"))
    rows, marks = [], []
    for key in (key for key in main_numbers("leaderboard") if key in result.metrics):
        value, bounds, p = result.metrics[key], result.intervals.get(key), result.details.get("p", {}).get(key)
        sure, better = result.differs(key), (value < 0) if lower_is_better(key) else (value > 0)
        verdict = ("better" if better else "worse") if sure else "not sure" if bounds is not None else ""
        rows.append(
            {
                "key": key,
                "first": f"{first_metrics[key]:.3f}",
                "second": f"{second_metrics[key]:.3f}",
                "difference": f"{value:+.3f}",
                "interval": "" if bounds is None else f"[{bounds[0]:+.3f}, {bounds[1]:+.3f}]",
                "p": "" if p is None else f"{p:.3f}",
                "verdict": verdict,
            }
        )
        if not lower_is_better(key):
            colour = "muted" if not sure else "green" if better else "red"
            marks.append(Mark(key, value, bounds, f"{value:+.3f}", colour))
    label = f"Difference {second} less {first}, with 95 % intervals"
    return Compared(first, second, tuple(rows), forest_chart(marks, label, reach=(-0.1, 0.1), line_at=0.0))


def _best(key: str, results: Sequence[ScoreResult]) -> float:
    values = [result.metrics[key] for result in results if key in result.metrics]
    return min(values) if lower_is_better(key) else max(values)


def _cell(result: ScoreResult, key: str, best: float | None) -> Cell:
    if key not in result.metrics:
        return Cell()
    bounds = result.intervals.get(key)
    interval = "" if bounds is None else f"{_short(bounds[0])} – {_short(bounds[1])}"
    return Cell(_short(result.metrics[key], 3), interval, best is not None and result.metrics[key] == best)


def _baselines(result: ScoreResult, keys: Sequence[str], question_set: str) -> tuple[LeaderboardRow, ...]:
    """Return the baselines that need no model; ``question_set`` names theirs where there are several."""
    values = [_baseline(result, key) for key in keys]
    if all(value is None for value in values):
        return ()
    cells = tuple(Cell() if value is None else Cell(_short(value, 3)) for value in values)
    of = f"the references of {question_set}" if question_set else "these references"
    return (LeaderboardRow("always the commonest answer", cells, f"of {of}; for counts their median"),)


def _baseline(result: ScoreResult, key: str) -> float | None:
    """Return the score of always answering the commonest class or value.

    With K classes of which the commonest has the share p, its F1 is 2p / (p + 1) and its recall 1, both 0 elsewhere.
    """
    prefix, _, metric = key.partition(".")
    share, chance = result.metrics.get(f"{prefix}.majority"), result.metrics.get(f"{prefix}.chance")
    if metric == "uf1" and share is not None and chance is not None:
        return 2 * share / (share + 1) * chance
    return chance if metric == "uar" else result.metrics.get(main_numbers("leaderboard")[key].baseline)


def _published_rows(
    runs: Sequence[ReadRun], keys: Sequence[str]
) -> tuple[tuple[PublishedGroup, tuple[LeaderboardRow, ...]], ...]:
    """Return the published groups of the runs' task that have one of the columns, with their systems."""
    group_names = [name for run in runs for name in run.run.manifest.get("published", ())]
    groups = []
    for name, group in published().items():
        if (group_names and name not in group_names) or group.task != runs[0].task:
            continue
        rows = tuple(
            LeaderboardRow(
                row.system,
                tuple(Cell(_short(row.metrics[key], 3)) if key in row.metrics else Cell() for key in keys),
                "; ".join(text for text in (row.note, row.source) if text),
            )
            for row in group.rows
            if any(key in row.metrics for key in keys)
        )
        if rows:
            groups.append((group, rows))
    return tuple(groups)


def _how(result: ScoreResult) -> str:
    if not result.intervals:
        return "No intervals: one subject or clip only, or no draws."
    text = interval_line(result).strip("[]")
    return f"Small numbers: {text}."


def _short(value: float, digits: int = 2) -> str:
    """Return a number without the zero before the point."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.{digits}f}")

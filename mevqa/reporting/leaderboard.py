"""How runs stand: their main numbers beside each other and beside published ones, and whether they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.reporting.charts.chart import Chart
from mevqa.reporting.charts.score_charts import Mark, forest_chart
from mevqa.reporting.reading import ReadRun
from mevqa.scoring.catalogue import catalogue, lower_is_better, main_numbers
from mevqa.scoring.result import ScoreResult
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
        """How many cells at the end are empty."""
        filled = [place for place, cell in enumerate(self.cells, 1) if cell.value]
        return len(self.cells) - max(filled, default=0)


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Published numbers that were measured alike."""

    group: PublishedGroup
    rows: tuple[LeaderboardRow, ...]


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The table of main numbers.

    Attributes:
        heads: (heading, how many columns it spans).
        columns: Headings of the columns, with their keys.
        rows: The runs.
        baselines: What needs no model.
        published: Published numbers with at least one of the columns.
        how: How the intervals were made.
        compared: Which runs have answered the same questions, where not all have; empty where all have.
        marked: Whether a number is marked as the best.
    """

    heads: tuple[tuple[str, int], ...]
    columns: tuple[tuple[str, str], ...]
    rows: tuple[LeaderboardRow, ...]
    baselines: tuple[LeaderboardRow, ...]
    published: tuple[PublishedRows, ...]
    how: str
    compared: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One metric of two runs."""

    key: str
    first: str
    second: str
    difference: str
    interval: str
    p: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A run compared with the first one.

    Attributes:
        first: Name of the first run.
        second: Name of the other one.
        rows: By metric.
        chart: The differences of the main numbers; None where there is no comparison.
        problem: Why there is no comparison.
    """

    first: str
    second: str
    rows: tuple[ComparedRow, ...]
    chart: Chart | None
    problem: str = ""


def leaderboard(runs: Sequence[ReadRun]) -> Leaderboard | None:
    """Return the table of main numbers; None when nothing is scored."""
    scored = [run for run in runs if run.result is not None]
    if not scored:
        return None
    results = [run.result for run in scored if run.result is not None]
    main = main_numbers("leaderboard")
    keys = [key for key in main if any(key in result.metrics for result in results)]
    heads: list[tuple[str, int]] = []
    for key in keys:
        name = main[key].group
        if heads and heads[-1][0] == name:
            heads[-1] = (name, heads[-1][1] + 1)
        else:
            heads.append((name, 1))
    sets = question_sets(scored)
    rows = []
    for run, result in zip(scored, results, strict=True):
        mine = next(one for one in sets if run in one.runs)
        rivals = [other.result for other in mine.runs if other.result is not None] if len(mine.runs) > 1 else []
        best = {key: _best(key, rivals) for key in keys if any(key in rival.metrics for rival in rivals)}
        note = run.folder if len(sets) == 1 else f"{run.folder} · question set {mine.letter}"
        rows.append(LeaderboardRow(run.model, tuple(_cell(result, key, best.get(key)) for key in keys), note))
    return Leaderboard(
        tuple(heads),
        tuple((main[key].column, key) for key in keys),
        tuple(rows),
        _baselines(results[0], keys, "" if len(sets) == 1 else sets[0].letter),
        _published_rows(scored, keys),
        _how(results[0]),
        _compared_sets(sets),
        any(cell.best for row in rows for cell in row.cells),
    )


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Runs that were asked the same questions about the same clips, with the same right answers.

    Attributes:
        letter: Its name: A for that of the first run, then B and so on.
        runs: The runs.
        questions: Number of questions.
        clips: Number of clips.
    """

    letter: str
    runs: tuple[ReadRun, ...]
    questions: int
    clips: int


def question_sets(runs: Sequence[ReadRun]) -> list[QuestionSet]:
    """Return the runs by what they were asked and are scored on: numbers can only be compared within one set."""
    asked: dict[frozenset[tuple[str, str, str]], list[ReadRun]] = {}
    for run in runs:
        asked.setdefault(
            frozenset((q.clip_id, q.text, q.reference or "") for q in (item.question for item in run.items.values())),
            [],
        ).append(run)
    return [
        QuestionSet(_letter(place), tuple(own), max(len(run.items) for run in own), len({clip for clip, _, _ in key}))
        for place, (key, own) in enumerate(asked.items())
    ]


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"{place + 1}"


def _compared_sets(sets: Sequence[QuestionSet]) -> str:
    """Say which runs can be compared; empty where all can."""
    if len(sets) < 2:
        return ""
    said = [
        f"{one.letter}: {one.questions} questions about {one.clips} clip{'s' if one.clips != 1 else ''} "
        f"({', '.join(run.name for run in one.runs)})"
        for one in sets
    ]
    return f"Not all runs answered the same questions; compare numbers within a question set only. {'; '.join(said)}."


def comparisons(runs: Sequence[ReadRun], compare: Callable[..., Any]) -> list[Compared]:
    """Compare every further run with the first one.

    Args:
        runs: The runs.
        compare: From two run folders to the paired comparison.
    """
    from mevqa.errors import InputError

    found = []
    for run in runs[1:]:
        if run.result is None or runs[0].result is None:
            continue
        try:
            result: ScoreResult = compare(runs[0].run.path, run.run.path)
        except InputError as error:
            found.append(Compared(runs[0].name, run.name, (), None, str(error.problems[0])))
            continue
        found.append(_compared(result, runs[0].name, run.name))
    return found


def _compared(result: ScoreResult, first: str, second: str) -> Compared:
    one, two = (result.groups["answers"][side].metrics for side in ("first", "second"))
    rows = []
    marks = []
    for key in (key for key in main_numbers("leaderboard") if key in result.metrics):
        bounds = result.intervals.get(key)
        sure = result.differs(key)
        better = (result.metrics[key] < 0) if lower_is_better(key) else (result.metrics[key] > 0)
        verdict = ("better" if better else "worse") if sure else "not sure" if bounds is not None else ""
        p = result.details.get("p", {}).get(key)
        interval = "" if bounds is None else f"[{bounds[0]:+.3f}, {bounds[1]:+.3f}]"
        rows.append(
            ComparedRow(
                key,
                f"{one[key]:.3f}",
                f"{two[key]:.3f}",
                f"{result.metrics[key]:+.3f}",
                interval,
                "" if p is None else f"{p:.3f}",
                verdict,
            )
        )
        if not lower_is_better(key):
            colour = "muted" if not sure else "green" if better else "red"
            marks.append(Mark(key, result.metrics[key], bounds, f"{result.metrics[key]:+.3f}", colour))
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


def _baselines(result: ScoreResult, keys: Sequence[str], letter: str) -> tuple[LeaderboardRow, ...]:
    """Return what needs no model; ``letter`` names its question set where there are several."""
    values = [_baseline(result, key) for key in keys]
    cells = tuple(Cell() if value is None else Cell(_short(value, 3)) for value in values)
    if not any(cell.value for cell in cells):
        return ()
    of = f"the references of question set {letter}" if letter else "these references"
    return (LeaderboardRow("always the commonest answer", cells, f"of {of}; for counts their median"),)


def _baseline(result: ScoreResult, key: str) -> float | None:
    """Return what always answering the commonest thing reaches.

    With K classes of which the commonest has the share p, its F1 is 2p / (p + 1) and its recall 1, both 0 elsewhere.
    """
    prefix, _, metric = key.partition(".")
    share, chance = result.metrics.get(f"{prefix}.majority"), result.metrics.get(f"{prefix}.chance")
    if metric == "uf1" and share is not None and chance is not None:
        return 2 * share / (share + 1) * chance
    return chance if metric == "uar" else result.metrics.get(catalogue().main[key].baseline)


def _published_rows(runs: Sequence[ReadRun], keys: Sequence[str]) -> tuple[PublishedRows, ...]:
    """Return the published groups of the runs' task that have one of the columns."""
    named = [name for run in runs for name in run.run.manifest.get("published", ())]
    found = []
    for name, group in published().items():
        if (named and name not in named) or group.task != runs[0].task:
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
            found.append(PublishedRows(group, rows))
    return tuple(found)


def _how(result: ScoreResult) -> str:
    made = result.protocol
    if not result.intervals:
        return "No intervals: one subject or clip only, or no draws."
    return (
        f"Small numbers: 95 % bootstrap interval, drawn by {made['resampled']}, {made['draws']} draws, "
        f"seed {made['seed']}."
    )


def _short(value: float, digits: int = 2) -> str:
    """Return a number without the zero before the point."""
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else f"-{text[2:]}" if text.startswith("-0.") else text

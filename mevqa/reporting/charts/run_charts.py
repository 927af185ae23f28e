"""Charts and tables of one run: confusion, classes, action units, calibration, counts, and its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mevqa.facs import unit_name
from mevqa.questions.question_types import question_type, question_types
from mevqa.reporting.charts.chart import Chart
from mevqa.reporting.charts.confusion import ConfusionTable, class_bars, confusion_table
from mevqa.reporting.charts.score_charts import (
    Bar,
    Mark,
    bar_chart,
    calibration_chart,
    class_bar,
    counts_chart,
    forest_chart,
)
from mevqa.reporting.reading import ReadRun
from mevqa.scoring.catalogue import chart_name
from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import group_table, score_tables
from mevqa.table_writer import Table

#: The metric that charts of subjects show: the first of these that there is.
_OF_SUBJECT = ("coarse.accuracy", "type.accuracy", "au.f1")
_SERIES = ("F1", "recall")
_MOST_UNITS = 24
_MOST_SUBJECTS = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its place on the page.

    Attributes:
        title: Heading.
        chart: The chart.
        caption: What to know.
        section: ``classes``, ``units``, ``calibration``, ``counts`` or ``parts``.
        table: What the page shows in place of the chart.
    """

    title: str
    chart: Chart
    caption: str
    section: str
    table: ConfusionTable | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """The charts and tables of one run.

    Attributes:
        key: Name of the panel in files and addresses.
        name: Name of the run.
        figures: Charts by short name.
        tables: All numbers.
        parts: Tables by data set and subject.
        unusable: Answers that could not be used.
        result: The scores; None without references.
    """

    key: str
    name: str
    figures: Mapping[str, Figure]
    tables: tuple[Table, ...]
    parts: tuple[Table, ...]
    unusable: tuple[Mapping[str, Any], ...]
    result: ScoreResult | None

    def of(self, *sections: str) -> list[Figure]:
        """Return the charts of some sections."""
        return [figure for figure in self.figures.values() if figure.section in sections]


def run_panel(run: ReadRun, index: int) -> Panel:
    """Draw one run.

    Args:
        run: The run, scored or not.
        index: Its position among the runs, from 0.
    """
    result = run.result
    if result is None:
        return Panel(f"run{index + 1}", run.name, {}, (), (), (), None)
    figures = dict(_figures(run, result))
    parts = tuple(group_table(by, groups) for by, groups in result.groups.items() if groups)
    unusable = tuple(result.details.get("unusable", ()))
    return Panel(f"run{index + 1}", run.name, figures, tuple(score_tables(result)), parts, unusable, result)


def _figures(run: ReadRun, result: ScoreResult) -> Iterator[tuple[str, Figure]]:
    types = {definition.key: definition for definition in question_types()}
    for prefix, matrix in result.details.get("confusion", {}).items():
        title = chart_name(prefix)
        table = confusion_table(matrix, title, types[prefix].name)
        caption = "Rows: reference, columns: answer; a row's shades are shares of that class. A cell shows its clips."
        yield f"confusion_{prefix}", Figure(f"Confusion, {title}", table.chart(), caption, "classes", table)
        chart = bar_chart(class_bars(matrix), _SERIES, f"F1 and recall of the classes of {title}")
        yield f"classes_{prefix}", Figure(f"By class, {title}", chart, "", "classes")
    if units := _unit_bars(run):
        caption = "Over the questions that ask for a list of action units."
        chart = bar_chart(units, _SERIES, "F1 and recall of units")
        yield "units", Figure("By action unit", chart, caption, "units")
    for prefix, bins in {**_pooled(run), **result.details.get("reliability", {})}.items():
        name = chart_name(prefix)
        ece, brier = result.metrics.get(f"{prefix}.ece"), result.metrics.get(f"{prefix}.brier")
        caption = f"ECE {ece:.3f}, Brier score {brier:.3f} (0 to 2)." if ece is not None and brier is not None else ""
        chart = calibration_chart(bins, f"Reliability of the option probabilities, {name}")
        yield f"calibration_{prefix}", Figure(f"Calibration, {name}", chart, caption, "calibration")
    if pairs := _count_pairs(run):
        caption = "On the dashed line the number is right. Answers without a number are not drawn."
        chart = counts_chart(pairs, "Answered against coded events")
        yield "counts", Figure("Numbers of events", chart, caption, "counts")
    for by, groups in result.groups.items():
        if (figure := _group_figure(by, groups)) is not None:
            yield f"by_{by}", figure


def _group_figure(by: str, groups: Mapping[str, ScoreResult]) -> Figure | None:
    """Draw the first number that the parts have, best first."""
    key = next((key for key in _OF_SUBJECT if any(key in part.metrics for part in groups.values())), None)
    if key is None or len(groups) < 2:
        return None
    named_parts = ((name.split("/", 1)[-1] if by == "subject" else name, part) for name, part in groups.items())
    scored_parts = sorted(
        ((name, part) for name, part in named_parts if key in part.metrics),
        key=lambda pair: (-pair[1].metrics[key], pair[0]),
    )
    marks = [
        Mark(name, value := part.metrics[key], part.intervals.get(key), f"{value:.2f}  n = {part.counts['questions']}")
        for name, part in scored_parts[:_MOST_SUBJECTS]
    ]
    more = (
        f" The first {_MOST_SUBJECTS} of {len(scored_parts)}; the table has all."
        if len(scored_parts) > _MOST_SUBJECTS
        else ""
    )
    title = f"{key} by {'data set' if by == 'dataset' else by}"
    return Figure(title, forest_chart(marks, title), f"n counts all questions.{more}", "parts")


def _unit_bars(run: ReadRun) -> list[Bar]:
    """Return F1 and recall of each action unit, the commonest first."""
    counts: dict[Any, list[int]] = {}
    for item in run.items.values():
        if not isinstance(item.reference, frozenset):
            continue
        value = item.value if isinstance(item.value, frozenset) else frozenset()
        for unit in item.reference | value:
            right, true, answered = counts.setdefault(unit, [0, 0, 0])
            counts[unit] = [
                right + (unit in item.reference & value),
                true + (unit in item.reference),
                answered + (unit in value),
            ]
    ordered = sorted(((unit, numbers) for unit, numbers in counts.items() if numbers[1]), key=lambda pair: -pair[1][1])
    return [
        class_bar(f"{unit_name(unit)} ({unit})" if isinstance(unit, int) else str(unit), *numbers)
        for unit, numbers in ordered[:_MOST_UNITS]
    ]


def _pooled(run: ReadRun) -> dict[str, Any]:
    """Return the reliability of all closed questions of the official types together."""
    from mevqa.scoring.metrics.calibration import reliability

    sure = [item for item in run.items.values() if item.options and question_type(item.question.type).official]
    if not sure:
        return {}
    return {"calibration": reliability([str(item.reference) for item in sure], [item.options or {} for item in sure])}


def _count_pairs(run: ReadRun) -> dict[str, list[tuple[int, int]]]:
    pairs: dict[str, list[tuple[int, int]]] = {}
    for definition in question_types():
        name = chart_name(definition.key)
        for item in run.items.values() if definition.metric == "count" else ():
            of_type = item.question.type == definition.name
            if of_type and isinstance(item.value, int) and isinstance(item.reference, int):
                pairs.setdefault(name, []).append((item.reference, item.value))
    return pairs

"""Score tables: every number with its interval, by part, and two results beside each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mevqa.scoring.catalogue import ScoreTable, catalogue, is_known, main_numbers, metric, row_name
from mevqa.scoring.result import ScoreResult
from mevqa.table_writer import Table

#: Entries of the protocol that are printed elsewhere.
_NO_SWITCHES = frozenset(
    {"answers_from", "references_from", "detections_from", "paired"}
    | {"draws", "seed", "level", "resampled"}
    | {"sweep", "fps", "duration", "strs"}
)


def score_tables(result: ScoreResult) -> list[Table]:
    """Return the tables of a result, those without rows left out."""
    tables = [_table(result, layout) for layout in catalogue().tables]
    return [table for table in tables if table.rows]


def _table(result: ScoreResult, layout: ScoreTable, show: Callable[[ScoreResult, str], str] | None = None) -> Table:
    """Return the part of a result that a table of the catalogue shows."""
    show, switches = show or number, switches_of(result, layout.switches)
    if layout.keys:
        listed = tuple((_listed_name(key), show(result, key)) for key in layout.keys if key in result.metrics)
        return Table(layout.title, (layout.first, "value"), listed, switches)
    names = [
        name
        for name in (layout.rows or layout.columns)
        if any(f"{name}.{suffix}" in result.metrics for suffix in layout.metrics)
    ]
    headings = [_heading(names, suffix) for suffix in layout.metrics]
    columns = [[show(result, f"{name}.{suffix}") for name in names] for suffix in layout.metrics]
    if layout.columns:
        turned = tuple((heading, *cells) for heading, cells in zip(headings, columns, strict=True) if any(cells))
        return Table(layout.title, (layout.first, *map(row_name, names)), turned, switches)
    rows = tuple(
        (
            row_name(name),
            *(str(result.counts.get(f"{name}.{count}", "")) for count in layout.counts.values()),
            *(column[index] for column in columns),
            *(str(result.counts.get(f"{name}.{count}") or "") for count in layout.after.values()),
        )
        for index, name in enumerate(names)
    )
    return Table(layout.title, (layout.first, *layout.counts, *headings, *layout.after), rows, switches)


def _heading(names: Sequence[str], suffix: str) -> str:
    """Return the heading of a column, by the first of the names that has such a number."""
    return next((metric(key).heading for name in names if is_known(key := f"{name}.{suffix}")), suffix)


def _listed_name(key: str) -> str:
    """Return the heading of a number in a list, with what it is about where that is not all."""
    prefix = key.rpartition(".")[0]
    return metric(key).heading + (f", {row_name(prefix)}" if prefix in catalogue().names else "")


def short_table(result: ScoreResult) -> Table:
    """Return one row a question type that can be right or wrong, without intervals and empty columns."""
    layout = catalogue().short
    names = [name for name in layout.rows if f"{name}.questions" in result.counts]
    suffixes = [suffix for suffix in layout.metrics if any(f"{name}.{suffix}" in result.metrics for name in names)]
    return _table(result, layout.model_copy(update={"metrics": tuple(suffixes)}), show=plain_number)


def group_table(by: str, groups: Mapping[str, ScoreResult]) -> Table:
    """Return one row a part, with the main numbers that occur."""
    main = main_numbers("parts")
    results = list(groups.values())
    keys = [key for key in main if any(key in result.metrics for result in results)]
    has_questions = any("questions" in result.counts for result in results)
    counts = {"n": "questions", "no answer": "unusable"} if has_questions else {"videos": "videos"}
    rows = tuple(
        (
            name,
            *(str(result.counts[count] or "") for count in counts.values()),
            *(plain_number(result, key) for key in keys),
        )
        for name, result in groups.items()
    )
    return Table(f"by {by}", (by, *counts, *(main[key].name for key in keys)), rows)


def paired_table(result: ScoreResult, names: tuple[str, str]) -> Table:
    """Return the scores of two sets of answers beside each other, their differences and whether these are sure."""
    first, second = (result.groups["answers"][side] for side in ("first", "second"))
    rows = []
    for key in result.metrics:
        p = result.details.get("p", {}).get(key)
        verdict = {None: "", True: "yes", False: "no"}[result.differs(key)]
        p_text = "" if p is None else f"{p:.3f}"
        rows.append((key, plain_number(first, key), plain_number(second, key), number(result, key), p_text, verdict))
    columns = ("metric", names[0], names[1], "difference", "p", "differ")
    switches = switches_of(result, [name for name in result.protocol if name not in _NO_SWITCHES])
    return Table("paired comparison", columns, tuple(rows), switches)


def number(result: ScoreResult, key: str) -> str:
    """Return a metric with its interval: ``.612 [.540, .690]``; empty without the metric."""
    value = plain_number(result, key)
    if not value or key not in result.intervals:
        return value
    decimals = metric(key).decimals
    low, high = (f"{bound:.{decimals}f}" for bound in result.intervals[key])
    if decimals > 1:  # Bounds are many: they stand without the zero before the point.
        low, high = (re.sub(r"^(-?)0\.", r"\1.", bound) for bound in (low, high))
    return f"{value} [{low}, {high}]"


def plain_number(result: ScoreResult, key: str) -> str:
    """Return a metric without its interval; empty without the metric."""
    return f"{result.metrics[key]:.{metric(key).decimals}f}" if key in result.metrics else ""


def switches_of(result: ScoreResult, names: Sequence[str]) -> str:
    """Return the named switches of the protocol with their values in one line."""
    settings = []
    for name in names:
        if name in result.protocol:
            value = result.protocol[name]
            setting = (
                {True: "on", False: "off"}[value] if isinstance(value, bool) else "none" if value is None else value
            )
            settings.append(f"{name} {setting}")
    return ", ".join(settings)


def interval_line(result: ScoreResult) -> str:
    """Return the line that says how the intervals were made."""
    if not result.intervals:
        return "no intervals"
    unit, draws, seed = (result.protocol[name] for name in ("resampled", "draws", "seed"))
    return f"[95 % bootstrap interval, drawn by {unit}, {draws} draws, seed {seed}]"

"""Output of ``mevqa score``: the tables of a result, notes and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import group_table, interval_line, paired_table, score_tables
from mevqa.table_writer import Table, as_latex, as_markdown, as_text

#: How tables are printed.
Form: TypeAlias = Literal["text", "markdown", "latex"]
_LISTED = 10
#: Names of the reasons for which answers are unusable, in what is printed.
_FAULTS = {
    "missing": "missing",
    "failed": "failed",
    "truncated": "cut off",
    "open_thought": "within a thought",
    "empty": "empty",
    "ambiguous": "with several answers",
    "unreadable": "unreadable",
}


def print_scores(result: ScoreResult, form: Form, pair: Sequence[Path] = ()) -> None:
    """Print the tables as asked for, and what a reader must know.

    Args:
        result: The scores.
        form: Of the tables.
        pair: The two sets that were compared, where they were.
    """
    for warning in result.warnings:
        print(f"Warning: {warning}.")
    tables = _tables(result, pair)
    captions = [_counted(result), interval_line(result), *(f"Note: {note}." for note in result.notes)]
    if form != "text":
        print((as_markdown if form == "markdown" else as_latex)(tables, captions), end="")
        return
    print("\n".join(captions[:2]))
    for table in tables:
        print("\n" + as_text(table))
    print("\n".join(["", *captions[2:], *_unusable(result)]).rstrip())


def _tables(result: ScoreResult, pair: Sequence[Path]) -> list[Table]:
    """Return the tables of a result."""
    if pair:
        return [paired_table(result, _short_names(*pair))]
    return [*score_tables(result), *(group_table(*group) for group in result.groups.items())]


def _unusable(result: ScoreResult) -> list[str]:
    """List the answers that could not be used."""
    entries = result.details.get("unusable", [])
    lines = []
    for entry in entries[:_LISTED]:
        detail = f": {entry['text']!r}" if "text" in entry else f": {entry['error']}" if "error" in entry else ""
        lines.append(f"{_FAULTS.get(entry['why'], entry['why'])}: {entry['id']} ({entry['type']}){detail}")
    if len(entries) > _LISTED:
        lines.append(f"... and {len(entries) - _LISTED} more without a usable answer; --json lists all of them")
    return lines


def _counted(result: ScoreResult) -> str:
    """Return the numbers of questions, clips, videos, subjects and unusable answers in one line."""
    counts = result.counts
    sizes = ", ".join(
        f"{counts[name]} {name}" for name in ("questions", "clips", "videos", "subjects") if name in counts
    )
    faults = [f"{counts[name]} {label}" for name, label in _FAULTS.items() if counts.get(name)]
    without_answer = f"; {counts['unusable']} without a usable answer: {', '.join(faults)}" if faults else ""
    return f"{sizes}{without_answer}."


def _short_names(first: Path, second: Path) -> tuple[str, str]:
    """Return names of two paths that tell them apart."""
    return (first.name, second.name) if first.name != second.name else (str(first), str(second))

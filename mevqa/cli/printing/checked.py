"""Output of ``mevqa check``: every problem, or else a summary of what was read, and warnings."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mevqa.data.check import ClipWarning, Report, Summary
from mevqa.errors import group_problems

#: Rows named of each kind of warning.
_MOST_ROWS = 10


def print_report(report: Report, questions: Path) -> None:
    """Print the problems, on standard error, or else the summary, and the warnings of both.

    Args:
        report: What was checked.
        questions: The question file.
    """
    if report.problems:
        for problem in group_problems(report.problems):
            print(problem, file=sys.stderr)
        count = len(report.problems)
        print(f"mevqa check: {count} problem{'s' if count > 1 else ''}", file=sys.stderr)
        for line in _warning_lines(report.warnings):
            print(f"warning: {line}", file=sys.stderr)
    else:
        _print_summary(report.summary, questions)
        for line in _warning_lines(report.warnings):
            print(f"  warning     {line}")


def _warning_lines(warnings: Sequence[ClipWarning]) -> Iterator[str]:
    """Yield each kind of warning once, with the first rows that it is about; ``--json`` has all of them."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for warning in warnings:
        groups.setdefault((warning.path, warning.message), []).append(
            f"{warning.line} ({warning.clip})" if warning.clip else f"{warning.line}"
        )
    for (path, message), rows in groups.items():
        more = f" and {len(rows) - _MOST_ROWS} more" if len(rows) > _MOST_ROWS else ""
        yield f"{path}: {message}: row{'s' if len(rows) > 1 else ''} {', '.join(rows[:_MOST_ROWS])}{more}"


def _print_summary(summary: Summary, path: Path) -> None:
    """Print the summary of what was read, one fact a line."""
    task = "long videos" if summary.task == "lvqa" else "short clips"
    print(f"{path}: no problems")
    print(f"  rows        {summary.questions} questions, {summary.layout} layout, about {task}")
    datasets = ", ".join(f"{name} {count}" for name, count in summary.datasets.items())
    subjects = f", {summary.subjects} subjects" if summary.subjects else ""
    print(f"  clips       {summary.clips} ({datasets}){subjects}")
    print(f"  questions   {', '.join(f'{name} {count}' for name, count in summary.types.items())}")
    print(f"  unknown     {summary.unknown} of no known type" + (", answered freely" if summary.unknown else ""))
    print(f"  references  {summary.answered} answered questions")
    if summary.frames is not None:
        rates = ", ".join(f"{count} at {fps} fps" for fps, count in summary.fps.items())
        print(f"  media       {summary.frames} frames; {rates}")
        if summary.task == "vqa":
            others = "; the others are localised" if summary.annotated < summary.clips else ""
            print(f"  annotated   {summary.annotated} of {summary.clips} clips have onset, apex and offset{others}")
    if summary.with_events is not None:
        kinds = ", ".join(f"{kind} {count}" for kind, count in summary.events.items())
        blinks = f"; {summary.blinks} blinks" if summary.blinks else ""
        print(f"  events      {summary.with_events} of {summary.clips} videos have events: {kinds}{blinks}")
    for note, count in summary.notes.items():
        print(f"  note        {note}" + (f" ({count} clips)" if count > 1 else ""))

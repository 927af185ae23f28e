"""Check a question file, its media and its annotations together, before a model is loaded.

Every problem is one line, with the line of the file that it is in. Exit code 2 when there are problems; otherwise a
summary: clips, questions by type, data sets, subjects, questions of no known type.

Examples:
  mevqa check me_vqa_samm_v2_test_to_answer.jsonl --media SAMM_test
  mevqa check me_vqa_casme2_train.jsonl --media CASME2-RAW --annotations CASME2-coding-20190701.xlsx
  mevqa check me_lvqa_casme3_train.jsonl --media part_A --annotations "CAS(ME)3_part_A_v2.xls"
  mevqa check questions.jsonl --media clips --annotations annotations.csv --json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.options import add_media_options
from mevqa.errors import InputError, Problem, group_problems

if TYPE_CHECKING:
    from mevqa.data.check import ClipWarning, Summary

#: Rows named of each kind of warning.
_MOST_ROWS = 10

HELP = "every problem of question file, media and annotations, together"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa check``."""
    parser.add_argument("questions", type=Path, metavar="FILE", help="question file (JSON lines)")
    add_media_options(parser)
    parser.add_argument("--json", action="store_true", help="print problems and summary as JSON")


def run(args: argparse.Namespace) -> int:
    """Check, print, and return 0 or 2."""
    from mevqa.cli.progress import count_progress
    from mevqa.data.check import check
    from mevqa.data.media import ready_pictures

    bad_pictures: tuple[Problem, ...] = ()
    folders: dict[str, Path] = {}
    try:
        folders = ready_pictures(args.precomputed)
    except InputError as error:
        if args.media is None:
            raise
        bad_pictures = error.problems
    with count_progress("opening", "clips", lines=False) as advance:
        report = check(args.questions, args.media, args.annotations, folders, advance, numbers=args.numbers or "names")
    report = replace(report, problems=(*report.problems, *bad_pictures))
    if args.json:
        print(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
    elif report.problems:
        for problem in group_problems(report.problems):
            print(problem, file=sys.stderr)
        count = len(report.problems)
        print(f"mevqa check: {count} problem{'s' if count > 1 else ''}", file=sys.stderr)
        for line in _warning_lines(report.warnings):
            print(f"warning: {line}", file=sys.stderr)
    else:
        _print_summary(report.summary, args.questions)
        for line in _warning_lines(report.warnings):
            print(f"  warning     {line}")
    return 2 if report.problems else 0


def _warning_lines(warnings: Sequence[ClipWarning]) -> Iterator[str]:
    """Yield each kind of warning once, with the first rows that it is about; ``--json`` has all of them."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for one in warnings:
        groups.setdefault((one.path, one.message), []).append(f"{one.line} ({one.clip})" if one.clip else f"{one.line}")
    for (path, message), rows in groups.items():
        more = f" and {len(rows) - _MOST_ROWS} more" if len(rows) > _MOST_ROWS else ""
        yield f"{path}: {message}: row{'s' if len(rows) > 1 else ''} {', '.join(rows[:_MOST_ROWS])}{more}"


def _print_summary(summary: Summary, path: Path) -> None:
    """Print what was read, one fact a line."""
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

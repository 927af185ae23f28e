"""Score answers like the challenge, with intervals.

RUN is a folder that `mevqa eval` wrote; PRED a file of answers in either official layout, or a folder of them;
REFERENCE a question file with the right answers. Answers meet references by question id, or by clip and question text
where the layouts differ. Whatever was not answered, or cannot be read as an answer, is counted, listed and wrong.

Examples:
  mevqa score runs/samm
  mevqa score me_vqa_samm_v2_test_pred.jsonl reference.jsonl --json scores.json --by dataset,type
  mevqa score runs/a runs/b --paired
  mevqa score a_pred.jsonl b_pred.jsonl reference.jsonl --paired --markdown
  mevqa score detections.csv events.csv --preset strict
  mevqa score --presets        every preset with its switches
  mevqa score --keys           the keys of the JSON and what they mean
  mevqa score --cases          what is read as an answer
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.values import above_zero

if TYPE_CHECKING:
    from mevqa.scoring.result import ScoreResult
    from mevqa.scoring.tables import Table

HELP = "score answers or detected events like the challenge, with intervals"

_GROUPINGS = ("dataset", "subject", "type", "video")
_LISTED = 10
#: What each reason for an unusable answer is called.
_FAULTS = {
    "missing": "missing",
    "failed": "failed",
    "truncated": "cut off",
    "open_thought": "within a thought",
    "empty": "empty",
    "ambiguous": "with several answers",
    "unreadable": "unreadable",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa score``."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="RUN, or PRED REFERENCE, or A B [REFERENCE]"
    )
    parser.add_argument("--preset", metavar="NAME", help="default: megc2026-vqa, megc2026-lvqa for long video")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change one switch of the preset; repeatable"
    )
    parser.add_argument("--strict", action="store_true", help="an answer without a number counts as 0 (count=zero)")
    parser.add_argument(
        "--by",
        type=_groupings,
        default=(),
        metavar="A,B",
        help="also by dataset, subject, type; events by dataset, subject, video",
    )
    parser.add_argument("--fps", type=above_zero, metavar="N", help="of events, where the files do not tell")
    parser.add_argument("--paired", action="store_true", help="say whether two sets of answers differ")
    parser.add_argument("--draws", type=_count, default=1000, metavar="N", help="bootstrap draws, 0 for none")
    parser.add_argument("--seed", type=_count, default=0, metavar="N", help="of the bootstrap (default: 0)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything as JSON; - for the standard output")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    form.add_argument("--latex", action="store_true", help="print the tables as LaTeX (booktabs)")
    about = parser.add_argument_group("about the scores")
    about.add_argument("--presets", action="store_true", help="print every preset with its switches")
    about.add_argument("--keys", action="store_true", help="print the keys of the JSON and what they mean")
    about.add_argument("--cases", action="store_true", help="print what is read as an answer, and what is not")


def run(args: argparse.Namespace) -> int:
    """Score and print."""
    if args.presets or args.keys or args.cases:
        from mevqa.cli import score_reference

        if args.presets:
            score_reference.print_presets()
        if args.keys:
            score_reference.print_keys()
        if args.cases:
            score_reference.print_cases()
        return 0
    result, tables = _compared(args) if args.paired else _scored(args)
    if args.json is not None and str(args.json) == "-":
        print(result.to_json(), end="")
        return 0
    if args.json is not None:
        from mevqa.files.lock import hold_file
        from mevqa.files.whole import write_whole

        with hold_file(args.json):
            write_whole(args.json, result.to_json())
    _print(args, result, tables)
    return 0


def _scored(args: argparse.Namespace) -> tuple[ScoreResult, list[Table]]:
    """Score one set of answers or detections."""
    from mevqa.errors import MevqaError

    if not 1 <= len(args.paths) <= 2:
        raise MevqaError("name a RUN, or PRED and REFERENCE; three paths go with --paired")
    options: dict[str, Any] = {"preset": args.preset, "draws": args.draws, "seed": args.seed, "by": args.by}
    if _of_events(args):
        from mevqa.scoring.events.score import score_events
        from mevqa.scoring.events.tables import event_group_table, event_tables

        if len(args.paths) != 2:
            raise MevqaError("detected events need a REFERENCE: name the file of the coded events after them")
        result = score_events(args.paths[0], args.paths[1], changes=args.set, fps=args.fps, **options)
        return result, [*event_tables(result), *(event_group_table(*group) for group in result.groups.items())]
    from mevqa.scoring.answers.score import score_answers
    from mevqa.scoring.tables import group_table, score_tables

    result = score_answers(*args.paths, changes=_changes(args), **options)
    return result, [*score_tables(result), *(group_table(*group) for group in result.groups.items())]


def _compared(args: argparse.Namespace) -> tuple[ScoreResult, list[Table]]:
    """Compare two sets of answers."""
    from mevqa.errors import MevqaError
    from mevqa.scoring.tables import paired_table

    if not 2 <= len(args.paths) <= 3:
        raise MevqaError("--paired compares two: name RUN and RUN, or A, B and REFERENCE")
    if args.by:
        raise MevqaError("--by goes without --paired")
    options: dict[str, Any] = {"preset": args.preset, "draws": args.draws, "seed": args.seed}
    first, second = args.paths[:2]
    if _of_events(args):
        from mevqa.scoring.events.score import compare_events

        if len(args.paths) != 3:
            raise MevqaError("detected events need a REFERENCE: name the file of the coded events last")
        result = compare_events(first, second, args.paths[2], changes=args.set, fps=args.fps, **options)
    else:
        from mevqa.scoring.comparison import compare_answers

        result = compare_answers(first, second, *args.paths[2:], changes=_changes(args), **options)
    return result, [paired_table(result, _short_names(first, second))]


def _of_events(args: argparse.Namespace) -> bool:
    """Whether detected events are scored, by the kind of the files.

    Raises:
        InputError: A path does not exist, or files of events and of answers come together.
        MevqaError: An option does not go with the kind.
    """
    from mevqa.data.events.read import is_event_file, unknown_events
    from mevqa.errors import InputError, MevqaError, Problem

    absent = [Problem(path, "there is no such file or folder") for path in args.paths if not path.exists()]
    if absent:
        raise InputError(absent)
    events = [is_event_file(path) for path in args.paths]
    if any(events) and not all(events):
        for path, is_events in zip(args.paths, events, strict=True):
            unknown = unknown_events(path) if is_events else None
            if unknown is not None:
                raise InputError([Problem(path, f"{unknown}; a table of answers has the columns id and answer")])
        others = [path for path, kind in zip(args.paths, events, strict=True) if not kind]
        message = f"holds no events, but {args.paths[events.index(True)]} does: score like with like"
        raise InputError([Problem(path, message) for path in others])
    if any(events) and args.strict:
        raise MevqaError("--strict is about answers with numbers; `strict` is the default preset of events")
    if not any(events) and args.fps is not None:
        raise MevqaError("--fps goes with files of events")
    return any(events)


def _changes(args: argparse.Namespace) -> list[str]:
    return [*args.set, *(["count=zero"] if args.strict else [])]


def _print(args: argparse.Namespace, result: ScoreResult, tables: list[Table]) -> None:
    """Print the tables as asked for, and what a reader must know."""
    from mevqa.scoring.tables import as_latex, as_markdown, as_text, interval_line

    for warning in result.warnings:
        print(f"Warning: {warning}.")
    captions = [_counted(result), interval_line(result), *(f"Note: {note}." for note in result.notes)]
    if args.markdown or args.latex:
        print((as_markdown if args.markdown else as_latex)(tables, captions), end="")
        return
    print("\n".join(captions[:2]))
    for table in tables:
        print("\n" + as_text(table))
    print("\n".join(["", *captions[2:], *_unusable(result)]).rstrip())
    if args.json is not None:
        print(f"written: {args.json}")


def _unusable(result: ScoreResult) -> list[str]:
    """List the answers that could not be used."""
    entries = result.details.get("unusable", [])
    lines = []
    for entry in entries[:_LISTED]:
        said = f": {entry['text']!r}" if "text" in entry else f": {entry['error']}" if "error" in entry else ""
        lines.append(f"{_FAULTS.get(entry['why'], entry['why'])}: {entry['id']} ({entry['type']}){said}")
    if len(entries) > _LISTED:
        lines.append(f"... and {len(entries) - _LISTED} more without a usable answer; --json lists all of them")
    return lines


def _counted(result: ScoreResult) -> str:
    """Return what was scored in one line."""
    counts = result.counts
    shown = ", ".join(
        f"{counts[name]} {name}" for name in ("questions", "clips", "videos", "subjects") if name in counts
    )
    faults = [f"{counts[name]} {said}" for name, said in _FAULTS.items() if counts.get(name)]
    lacking = f"; {counts['unusable']} without a usable answer: {', '.join(faults)}" if faults else ""
    return f"{shown}{lacking}."


def _short_names(first: Path, second: Path) -> tuple[str, str]:
    """Return names of two paths that tell them apart."""
    return (first.name, second.name) if first.name != second.name else (str(first), str(second))


def _groupings(text: str) -> tuple[str, ...]:
    """Parse a list of groupings."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in _GROUPINGS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(_GROUPINGS)}")
    return names


def _count(text: str) -> int:
    """Parse a whole number of at least zero."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {value}")
    return value

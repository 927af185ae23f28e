"""Write the official files and the zip of a run, or check a submission.

Examples:
  mevqa submit runs/casme3 --questions me_vqa_casme3_test_to_answer.jsonl --out submission
  mevqa submit runs/all --questions a_to_answer.jsonl b_to_answer.jsonl --out submission --fill
  mevqa submit --validate me_vqa_casme3_test_pred.jsonl --questions me_vqa_casme3_test_to_answer.jsonl --strict
  mevqa submit --validate theirs.zip --questions me_vqa_casme3_test_to_answer.jsonl --fix submission.zip
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from mevqa.errors import InputError, MevqaError, Problem, group_problems
from mevqa.terminal.verbosity import show

HELP = "write the official files and the zip, or check them"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa submit``."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, nargs="?", help="folder that `mevqa eval --out` wrote")
    parser.add_argument(
        "--questions",
        metavar="FILE",
        type=Path,
        nargs="+",
        required=True,
        help="question files, the official ..._to_answer.jsonl",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="write the predictions and the zip into this folder")
    parser.add_argument(
        "--fill", action="store_true", help="give prior answers where the run has none, and record them in filled.json"
    )
    parser.add_argument(
        "--validate", metavar="PRED", type=Path, help="check this file of answers, or zip, instead of writing one"
    )
    parser.add_argument(
        "--strict", action="store_true", help="strictly, with --validate: refuse answers outside the vocabulary too"
    )
    parser.add_argument(
        "--fix",
        metavar="OUT",
        type=Path,
        help="with --validate: write the same answers to a new file (or zip) in the official form: line ends, byte "
        "order mark, spaces, order of keys, blank lines; answers, ids and questions are never changed",
    )


def run(args: argparse.Namespace) -> int:
    """Write, check or fix."""
    _check(args)
    if args.fix is not None:
        return _fix(args)
    return _write(args) if args.validate is None else _validate(args)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not belong together."""
    if args.validate is not None:
        if args.run_folder is not None or args.out is not None or args.fill:
            raise MevqaError("--validate checks a finished file; it goes without RUN, --out and --fill")
    elif args.fix is not None:
        raise MevqaError("--fix goes with --validate PRED: it writes PRED anew where only its form is wrong")
    elif args.run_folder is None or args.out is None:
        raise MevqaError("name the run and --out to write a submission, or --validate PRED to check one")
    elif args.strict:
        raise MevqaError("--strict goes with --validate; what is written is always in the vocabulary")


def _write(args: argparse.Namespace) -> int:
    """Write a submission and say where it is."""
    from mevqa.api.evaluation.submit import submit
    from mevqa.inference.logs.answer_log import torn_line
    from mevqa.submission.writer import FILLED

    for note in filter(None, (torn_line(args.run_folder), _unanswered_note(args.run_folder))):
        show(f"note: {note}")
    written = submit(args.run_folder, args.questions, args.out, fill=args.fill)
    for path in (*written.predictions, written.archive):
        print(path)
    if written.filled:
        print(f"prior answers filled in: {len(written.filled)}, listed in {args.out / FILLED}", file=sys.stderr)
    return 0


def _unanswered_note(folder: Path) -> str | None:
    """Return a note on the clips that the processes that share a run have not answered yet, None without any."""
    from mevqa.api.evaluation.run import open_run
    from mevqa.inference.logs.answer_log import PART_LOGS
    from mevqa.inference.shards import lacking_clips

    if not any(folder.glob(PART_LOGS)):
        return None
    try:
        run = open_run(folder)
        return lacking_clips(run, run.questions)
    except InputError:
        return None  # Said where the run is read to be submitted.


def _validate(args: argparse.Namespace) -> int:
    """Check a submission; problems are raised, warnings printed."""
    from mevqa.api.evaluation.submit import check_submission

    checked = check_submission(args.validate, args.questions)
    _print_warnings(checked.cosmetic, "; --fix OUT mends it")
    if checked.problems or (args.strict and checked.warnings):
        refused = (*checked.problems, *(checked.warnings if args.strict else ()))
        _print_warnings(() if args.strict else checked.warnings)
        if set(refused) <= set(checked.repairable):
            refused = tuple(replace(problem, message=f"{problem.message}; --fix OUT mends it") for problem in refused)
        raise InputError(refused)
    _print_warnings(checked.warnings)
    suffix = f", {len(checked.warnings)} answers outside the vocabulary" if checked.warnings else ""
    print(f"{args.validate}: valid, {checked.rows} answers{suffix}")
    return 0


def _fix(args: argparse.Namespace) -> int:
    """Write a submission anew and say what was changed."""
    from mevqa.api.evaluation.submit import fix_submission

    fixed = fix_submission(args.validate, args.questions, args.fix, strict=args.strict)
    _print_warnings(fixed.warnings)
    for change in fixed.changes:
        print(f"  {change}")
    same = "as they were" if fixed.changes else "nothing had to be changed"
    print(f"{args.fix}: valid, {fixed.rows} answers, {same}")
    return 0


def _print_warnings(warnings: tuple[Problem, ...], mend: str = "") -> None:
    for warning in group_problems(warnings):
        print(f"warning: {warning}{mend}", file=sys.stderr)

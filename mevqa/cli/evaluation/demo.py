"""The whole job on synthetic clips with the embedded model: questions in, answers, score, report, submission out.

Every step is a command of its own, printed before it runs, to be copied and changed.
"""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path

from mevqa.cli.common_options import add_seed
from mevqa.cli.values import positive
from mevqa.errors import InputError, Problem

HELP = "the whole job on synthetic clips with the embedded model"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa demo``."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo-output"),
        metavar="DIR",
        help="write everything into this folder (default: demo-output)",
    )
    parser.add_argument("--clips", type=positive, default=24, metavar="N", help="number of clips (default: 24)")
    add_seed(parser, "the clips", default=7)


def run(args: argparse.Namespace) -> int:
    """Run the steps; stops at the first that fails."""
    started = time.monotonic()
    data, answers, submission = args.out / "data", args.out / "run", args.out / "submission"
    question_file = data / "me_vqa_synthetic_test_to_answer.jsonl"
    steps = [
        ["synth", data, "--clips", args.clips, "--seed", args.seed],
        ["check", question_file, "--media", data, "--annotations", data / "annotations.csv"],
        ["eval", data / "me_vqa_synthetic_train.jsonl", question_file, "--media", data, "--out", answers]
        + ["--annotations", data / "annotations.csv"],
        ["report", answers, "--out", args.out / "report"],
        ["submit", answers, "--questions", question_file, "--out", submission],
        ["submit", "--validate", submission / "me_vqa_synthetic_test_pred.jsonl", "--questions", question_file],
    ]
    if args.out.exists() and not args.out.is_dir():
        raise InputError([Problem(args.out, "is a file; name a folder for --out")])
    for step in steps:
        code = _step([str(word) for word in step])
        if code:
            return code
    print(f"\ndone in {time.monotonic() - started:.0f} s; everything is in {args.out}")
    return 0


def _step(words: list[str]) -> int:
    """Print a command and run it."""
    from mevqa.cli import main

    print(f"\n$ mevqa {shlex.join(words)}", flush=True)
    return main(words)

"""Fuse several runs on the same questions into one, which scores, reports and submits like any run.

Option probabilities are fused by the mean of their logarithms, lists of action units by votes, counts by the median;
then all answers about a clip are decided together. Each answer keeps its votes. Where the right answers are known, a
table shows every run, the best of them, the ensemble, and an oracle that always takes the best answer of any run.

Examples:
  mevqa ensemble runs/nano runs/qwen --out runs/both
  mevqa ensemble runs/a runs/b runs/c --weighting oof --out runs/all
  mevqa ensemble test/a test/b --weighting oof --oof loso/a loso/b --out runs/both
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_preset
from mevqa.cli.parser import rename_options
from mevqa.terminal.verbosity import show

HELP = "fuse several runs into one"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa ensemble``."""
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="folders that `mevqa eval --out` wrote")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="write the run folder of the ensemble")
    parser.add_argument(
        "--method",
        choices=("mean", "rank", "vote"),
        default="mean",
        help="how option probabilities are fused: the mean of their logarithms, ranks, or votes of the answers alone, "
        "for models without probabilities (default: mean)",
    )
    parser.add_argument(
        "--weighting",
        choices=("equal", "oof"),
        default="equal",
        help="oof: better runs weigh more, for each subject by the answers about the others (default: equal)",
    )
    parser.add_argument(
        "--oof",
        metavar="RUN",
        type=Path,
        nargs="+",
        default=[],
        help="out-of-fold runs of the same models in the same order, on questions with known answers; weights and the "
        "temperature of options are learned there (default: from the runs themselves, where answers are known)",
    )
    parser.add_argument("--no-consistency", action="store_true", help="do not decide the answers about a clip together")
    rename_options(parser, {"--weights": "--weighting"})
    add_preset(parser)


def run(args: argparse.Namespace) -> int:
    """Fuse, score where it is known what is right, and print."""
    from mevqa.api.evaluation.ensemble import ensemble
    from mevqa.cli.printing.ensemble import print_ensemble

    result = ensemble(
        args.runs,
        args.out,
        method=args.method,
        weights=args.weighting,
        oof=args.oof,
        consistency=not args.no_consistency,
        preset=args.preset,
    )
    for note in result.notes:
        show(f"note: {note}")
    print_ensemble(result, args.out)
    return 0

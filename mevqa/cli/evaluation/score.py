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

from mevqa.cli.common_options import add_draws, add_fps, add_preset, add_seed
from mevqa.cli.json_output import add_json, put_json

if TYPE_CHECKING:
    from mevqa.scoring.result import ScoreResult

HELP = "score answers or detected events like the challenge, with intervals"

_GROUPINGS = ("dataset", "subject", "type", "video")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa score``."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="RUN, or PRED REFERENCE, or A B [REFERENCE]"
    )
    add_preset(parser, "megc2026-vqa, megc2026-lvqa for long video")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change one switch of the preset; repeatable"
    )
    parser.add_argument(
        "--strict", action="store_true", help="strictly: an answer without a number counts as 0 (count=zero)"
    )
    parser.add_argument(
        "--by",
        type=_groupings,
        default=(),
        metavar="A,B",
        help="also by dataset, subject, type; events by dataset, subject, video",
    )
    add_fps(parser, "what the files of events say")
    parser.add_argument("--paired", action="store_true", help="say whether two sets of answers differ")
    add_draws(parser)
    add_seed(parser, "the bootstrap draws")
    add_json(parser, "everything")
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
        from mevqa.cli.printing.score_reference import print_reference

        print_reference(presets=args.presets, keys=args.keys, cases=args.cases)
        return 0
    result = _score(args)
    if put_json(args.json, result.to_json()):
        return 0
    from mevqa.cli.printing.scores import Form, print_scores

    form: Form = "markdown" if args.markdown else "latex" if args.latex else "text"
    print_scores(result, form, pair=args.paths[:2] if args.paired else ())
    if args.json is not None and form == "text":
        print(f"written: {args.json}")
    return 0


def _score(args: argparse.Namespace) -> ScoreResult:
    """Score one set, or compare two."""
    from mevqa.api.evaluation.score import compare, score
    from mevqa.errors import MevqaError

    same: dict[str, Any] = {"preset": args.preset, "changes": args.set, "strict": args.strict, "fps": args.fps}
    same |= {"draws": args.draws, "seed": args.seed}
    if not args.paired:
        if not 1 <= len(args.paths) <= 2:
            raise MevqaError("name a RUN, or PRED and REFERENCE; three paths go with --paired")
        return score(*args.paths, by=args.by, **same)
    if not 2 <= len(args.paths) <= 3:
        raise MevqaError("--paired compares two: name RUN and RUN, or A, B and REFERENCE")
    if args.by:
        raise MevqaError("--by goes without --paired")
    return compare(*args.paths, **same)


def _groupings(text: str) -> tuple[str, ...]:
    """Parse a list of groupings."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in _GROUPINGS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(_GROUPINGS)}")
    return names

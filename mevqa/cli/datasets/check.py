"""Check a question file, its media and its annotations together, before a model is loaded.

Every problem is one line, with the line of the file that it is in. Exit code 2 when there are problems; otherwise a
summary: clips, questions by type, data sets, subjects, questions of no known type.

Examples:
  mevqa check me_vqa_samm_v2_test_to_answer.jsonl --media SAMM_test
  mevqa check me_vqa_casme2_train.jsonl --media CASME2-RAW --annotations CASME2-coding-20190701.xlsx
  mevqa check me_lvqa_casme3_train.jsonl --media part_A --annotations "CAS(ME)3_part_A_v2.xls"
  mevqa check questions.jsonl --media clips --annotations annotations.csv --json -
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mevqa.cli.json_output import add_json, put_json
from mevqa.cli.options import add_media_options

HELP = "every problem of question file, media and annotations, together"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa check``."""
    parser.add_argument("questions", type=Path, metavar="FILE", help="question file (JSON lines)")
    add_media_options(parser)
    add_json(parser, "problems and summary", was_flag=True)


def run(args: argparse.Namespace) -> int:
    """Check, print, and return 0 or 2."""
    from mevqa.api.datasets.check import check
    from mevqa.cli.printing.checked import print_report
    from mevqa.cli.progress import count_progress

    with count_progress("opening", "clips", lines=False) as advance:
        report = check(
            args.questions,
            media=args.media,
            annotations=args.annotations,
            precomputed=args.precomputed,
            numbers=args.numbers,
            progress=advance,
        )
    if not put_json(args.json, json.dumps(report.to_json(), indent=2, ensure_ascii=False)):
        print_report(report, args.questions)
    return 2 if report.problems else 0

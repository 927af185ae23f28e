"""Convert question files and predictions between the official layout and the formats of other toolkits.

What IN is, is seen from its content: official rows, a JSON array or a JSON object with a list of them, JSON over
several lines, LLaVA, ShareGPT, OpenAI, ms-swift or Alpaca records, a CSV table with a column `question`; or a label
file, whose coded clips are then asked for their classes. Ids, subjects, data sets and the order are kept; a record with
several turns becomes several questions. The folder that holds a record's pictures, or its video, is the clip. To train
elsewhere, with pictures of what a model sees and with prompts: mevqa export.

Examples:
  mevqa convert questions.json questions.jsonl
  mevqa convert llava.json questions.jsonl --dataset casme2
  mevqa convert me_vqa_casme2_train.jsonl train.json --to llava
  mevqa convert me_vqa_casme2_train.jsonl train.jsonl --to swift
  mevqa convert CASME2-coding-updated.xlsx casme2.jsonl
  mevqa convert generated_predictions.jsonl pred.jsonl --questions me_vqa_samm_v2_test_to_answer.jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_out_place, out_place
from mevqa.cli.values import dataset_name
from mevqa.formats import TARGETS
from mevqa.terminal.verbosity import show

HELP = "question files to and from the formats of other toolkits"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa convert``."""
    parser.add_argument("source", metavar="IN", type=Path, help="file of questions or predictions, in any known format")
    add_out_place(parser, "a new file", "FILE")
    parser.add_argument("--to", choices=TARGETS, default="official", help="format of OUT (default: official)")
    parser.add_argument(
        "--dataset", type=dataset_name, metavar="NAME", help="data set of records that name none: casme2, samm, ..."
    )
    parser.add_argument(
        "--questions", metavar="FILE", type=Path, help="question file that IN answers, where IN has answers alone"
    )


def run(args: argparse.Namespace) -> int:
    """Convert and say what was done."""
    from mevqa.data.conversion.convert import convert

    out = out_place(args)
    conversion = convert(args.source, out, to=args.to, dataset=args.dataset, questions=args.questions)
    for note in conversion.notes:
        show(f"note: {note}")
    count = f"{conversion.questions} questions about {conversion.clips} clips, {conversion.answered} with an answer"
    print(f"{args.source}: {conversion.source}")
    print(f"{out}: {count}")
    return 0

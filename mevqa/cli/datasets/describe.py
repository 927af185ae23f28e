"""Write training texts about clips, from their action units, sides, classes and measured motion, without a model.

OUT holds the answered questions and, for each clip, an analysis answer in varied words (mevqa finetune questions=OUT).
What is coded comes from --annotations, or else from the answers of the question files; motion and times are measured
in the clips of --media. The same seed writes the same words. What the texts name is read back by the reader of answers.

Examples:
  mevqa describe me_vqa_casme2_train.jsonl --media CASME2-RAW --annotations CASME2-coding-updated.xlsx --out told.jsonl
  mevqa describe me_vqa_casme2_train.jsonl --out told.jsonl --alone --seed 3
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_face, add_seed
from mevqa.cli.options import add_media_options
from mevqa.cli.values import positive
from mevqa.terminal.verbosity import show

HELP = "training texts from units, sides and measured motion"

_SHOWN = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa describe``."""
    parser.add_argument("questions", nargs="+", type=Path, metavar="QUESTIONS", help="question files about the clips")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="write a new question file (JSON lines)"
    )
    add_seed(parser, "the words")
    parser.add_argument("--alone", action="store_true", help="write the descriptions without the answered questions")
    parser.add_argument("--no-motion", action="store_true", help="measure no motion")
    add_face(parser)
    parser.add_argument("--show", type=positive, default=_SHOWN, metavar="N", help=f"texts to print ({_SHOWN})")
    add_media_options(parser)


def run(args: argparse.Namespace) -> int:
    """Describe, and say what the texts name."""
    from mevqa.api.datasets.describe import describe
    from mevqa.cli.progress import count_progress
    from mevqa.table_writer import Table, as_text

    with count_progress("describing", "clips") as on_clip:
        written = describe(
            args.questions,
            args.out,
            media=args.media,
            annotations=args.annotations,
            precomputed=args.precomputed,
            numbers=args.numbers,
            motion=not args.no_motion,
            alone=args.alone,
            seed=args.seed,
            face=args.face,
            on_clip=on_clip,
        )
    for description in written.described[: args.show]:
        print(f"{description.clip.id}: {description.text}")
    rows = [
        (
            name,
            str(score.known),
            *("-" if value is None else f"{value:.3f}" for value in (score.precision, score.recall)),
        )
        for name, score in written.scores.items()
    ]
    print()
    print(as_text(Table("what the texts name", ("fact", "known", "precision", "recall"), tuple(rows))))
    if written.left_out:
        names = ", ".join(written.left_out[:_SHOWN]) + (" ..." if len(written.left_out) > _SHOWN else "")
        show(f"note: {len(written.left_out)} clips without a known unit or class: {names}")
    print(f"{written.file}: {written.rows} rows, {len(written.described)} of them descriptions")
    return 0

"""Write questions about clips as conversations with pictures, for training by other toolkits.

Pictures are the views that a model sees here, prompts and answers those that `mevqa finetune` trains, one
conversation a question. Nobody is in two splits of a fold. `mevqa import` takes back what the other toolkit answered,
and its adapter. (`mevqa convert` rewrites question files alone: no pictures, no prompts.)

Formats: messages (ms-swift, LLaMA-Factory), sharegpt (LLaMA-Factory), llava (LLaVA), hf (trl: a data set of Hugging
Face with the pictures inside). README.md in the folder says how each toolkit reads it.

Examples:
  mevqa export me_vqa_casme2_train.jsonl --media CASME2-RAW --annotations CASME2.xlsx --format messages --out casme2
  mevqa export me_vqa_casme2_train.jsonl --media CASME2-RAW --folds 5 --validation .2 --format hf --out casme2-folds
  mevqa export prepared/casme2 --format sharegpt --out casme2-factory
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_seed
from mevqa.cli.options import add_media_options, add_view_options, add_views_cache_option
from mevqa.cli.values import positive
from mevqa.formats import CONVERSATION_FORMATS

HELP = "conversations with pictures for training by ms-swift, LLaMA-Factory, trl, LLaVA"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa export``."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="question files (JSON lines), or a prepared benchmark"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="write a new folder")
    parser.add_argument(
        "--format",
        choices=CONVERSATION_FORMATS,
        default="messages",
        help="format of the conversations (default: messages)",
    )
    group = parser.add_argument_group("splits")
    group.add_argument(
        "--folds",
        metavar="HOW",
        help="subject: one fold for each subject that is left out; dataset: for each data set; a number: that many "
        "groups of subjects (default: no folds; train is what has answers, test what has none)",
    )
    group.add_argument(
        "--validation",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of the clips of each train split that becomes the split validation, by whole subjects (default: 0)",
    )
    add_seed(group, "between equal divisions")
    add_media_options(parser)
    looks = parser.add_argument_group("what the model sees")
    looks.add_argument(
        "--model", metavar="MODEL", help="model whose preferences decide what is not chosen; it is not loaded"
    )
    add_view_options(looks)
    looks.add_argument("--prompts", type=Path, metavar="DIR", help="prompt files that replace the shipped ones")
    looks.add_argument("--variant", metavar="NAME", help="prompt variant (default: what the model prefers)")
    looks.add_argument("--notes", type=Path, metavar="FILE", help="table of clip and note, sentences for the prompt")
    speed = parser.add_argument_group("speed")
    speed.add_argument("--workers", type=positive, default=1, metavar="N", help="processes that draw (default: 1)")
    add_views_cache_option(speed)


def run(args: argparse.Namespace) -> int:
    """Export, and say what was written."""
    from mevqa.api.datasets.export import export_conversations
    from mevqa.cli.progress import count_progress
    from mevqa.inference.view_config import ViewOptions

    with count_progress(args.out.name, "clips") as progress:
        export = export_conversations(
            args.files,
            out=args.out,
            format=args.format,
            media=args.media,
            annotations=args.annotations,
            precomputed=args.precomputed,
            numbers=args.numbers or "names",
            views=ViewOptions(args.views, args.sampler, args.frames, args.stride, args.face),
            model=args.model,
            prompts=args.prompts,
            variant=args.variant,
            notes=args.notes,
            folds=args.folds,
            validation=args.validation,
            seed=args.seed,
            workers=args.workers,
            views_cache=args.views_cache,
            progress=progress,
        )
    print(f"{args.out}: {export.conversations} conversations about {export.clips} clips, {export.pictures} pictures")
    for name, splits in export.splits.items():
        counts = ", ".join(f"{split} {count}" for split, count in splits.items())
        print(f"  {name}: {counts}")
    if export.left_out:
        print(f"left out: {export.left_out} questions about long videos, or without an answer where there are folds")
    print(f"how toolkits read it: {args.out / 'README.md'}")
    return 0

"""Draw what a model sees of every clip, once, and keep it with the questions as a Hugging Face dataset.

`mevqa eval OUT` answers the folder in place of question files and media: no video is decoded again, and the answers are
the same. A row is a clip with its pictures and questions; datasets.load_from_disk reads it, push_to_hub publishes it.
Run the same command again to go on where it was interrupted.

Examples:
  mevqa prepare me_vqa_samm_v2_test_to_answer.jsonl --media SAMM_test --out prepared/samm
  mevqa prepare me_vqa_casme2_train.jsonl --media CASME2-RAW --views onset,apex,motion --workers 8 --out prepared/casme2
  mevqa eval prepared/samm --model nano --out runs/samm
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.options import add_engine, add_media_options, add_view_options, add_views_cache_option

HELP = "draw what a model sees of every clip, once, for many runs"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa prepare``."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="question files (JSON lines)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="write the prepared folder")
    add_engine(parser)
    add_views_cache_option(parser)
    parser.add_argument(
        "--model",
        default="nano",
        metavar="MODEL",
        help="model whose preferences decide what is not chosen (default: nano); it is not loaded",
    )
    add_media_options(parser)
    add_view_options(parser.add_argument_group("what is drawn"))


def run(args: argparse.Namespace) -> int:
    """Prepare, and say what is there."""
    from mevqa.api.datasets.prepare import prepare
    from mevqa.cli.progress import count_progress
    from mevqa.inference.view_config import ViewOptions

    with count_progress(args.out.name, "clips") as progress:
        rows = prepare(
            args.files,
            out=args.out,
            media=args.media,
            annotations=args.annotations,
            precomputed=args.precomputed,
            numbers=args.numbers or "names",
            views=ViewOptions(args.views, args.sampler, args.frames, args.stride, args.face),
            model=args.model,
            workers=args.workers,
            engine=args.engine,
            views_cache=args.views_cache,
            progress=progress,
        )
    pictures = sum(len(frames) for frames in rows.select_columns("views").with_format("arrow")["views"])
    questions = sum(map(len, rows["questions"]))
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    print(f"{args.out}: {len(rows)} rows, {pictures} pictures, {questions} questions, {size / 1e6:.1f} MB")
    print(f"answer it with: mevqa eval {args.out} --out RUN")
    return 0

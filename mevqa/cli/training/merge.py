"""Write an adapter and its base model as one model, after holding that it answers as the two do.

The base model is the one that the adapter names; it is loaded in float32 and never quantised, so that an adapter that
was trained on 4-bit weights is merged into the full ones. That takes 4 bytes of memory a parameter.

A sample of questions is answered with the adapter and by what was written. Where an option's or an answer's
log-probability differs by more than the tolerance, or another answer is preferred by more than it, nothing is kept.
Without --questions the sample is the official questions about a few synthetic clips, which needs no data.

Examples:
  mevqa merge runs/tuned --out merged
  mevqa merge runs/tuned --out merged --dtype bfloat16 --questions me_vqa_casme2_train.jsonl --precomputed flow=maps
  mevqa eval me_vqa_samm_v2_test_to_answer.jsonl --media SAMM_test --model merged --out runs/merged
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_device, add_dtype, add_trust
from mevqa.cli.options import add_media_options
from mevqa.cli.values import positive, zero_or_more
from mevqa.terminal.verbosity import show

HELP = "write an adapter and its base model as one model"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa merge``."""
    parser.add_argument("adapter", metavar="ADAPTER", help="PEFT adapter, a folder or a hub name")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="write the merged model into this folder, new or empty"
    )
    parser.add_argument(
        "--model", metavar="BASE", help="model that is the base, where it is not the one that the adapter names"
    )
    add_dtype(parser, " that are written; merging itself is in float32 (default: auto, as the base is stored)")
    parser.add_argument(
        "--tolerance",
        type=zero_or_more,
        metavar="X",
        help="largest difference of log-probabilities, nats (default: 0.001 for float32, 0.05 for float16, 0.25 for "
        "bfloat16; rounding alone was seen to change 0.00002, 0.034 and 0.19)",
    )
    add_device(parser)
    parser.add_argument("--revision", help="commit, tag or branch of a base on the hub")
    add_trust(parser)
    sample = parser.add_argument_group("sample")
    sample.add_argument(
        "--questions", type=Path, metavar="FILE", help="question file to compare answers to (JSON lines)"
    )
    sample.add_argument("--sample", type=positive, default=4, metavar="N", help="its first N clips (default: 4)")
    add_media_options(parser)


def run(args: argparse.Namespace) -> int:
    """Merge, compare, write, and say what was done."""
    from mevqa.api.training.merge import merge
    from mevqa.cli.progress import step_progress

    names = ("model", "revision", "dtype", "tolerance", "device", "trust_remote_code")
    sample = ("questions", "media", "annotations", "precomputed", "numbers", "sample")
    with step_progress() as on_step:
        merged = merge(
            args.adapter, args.out, on_step=on_step, **{name: getattr(args, name) for name in names + sample}
        )
    if args.model is not None:
        show(f"note: the adapter names the base {merged.base_of_adapter or '(none)'}")
    print(f"merged {merged.adapter} ({merged.adapter_type}, {merged.adapter_digest})")
    print(f"into   {merged.base} ({merged.base_revision})")
    rounded = merged.dtype != "float32"
    exact = f", before rounding to {merged.dtype} {merged.before_rounding:.2g}" if rounded else ""
    print(
        f"largest difference {merged.largest_difference:.2g} nats ({merged.tolerance:g} allowed){exact}; "
        f"{merged.questions} questions about {merged.clips} clip{'s' if merged.clips > 1 else ''}"
    )
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    size_text = f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
    print(f"{args.out}: {size_text} in {merged.dtype}; ask it with --model {args.out}")
    return 0

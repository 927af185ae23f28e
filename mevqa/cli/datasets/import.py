"""Take back what another toolkit made of an export: its predictions as a run, or its adapter.

Predictions are files of ms-swift (swift infer), LLaMA-Factory (generated_predictions.jsonl), chat messages with
answers, OpenAI batches, LLaVA and their kin. They become a run folder, which is scored, reported and submitted as any.
Records are joined to the questions by id, else by prompt and pictures, else in order, which prompts and labels must
fit; one that fits no question, or two that fit one, are refused. An empty prediction is an error and no answer;
where not one answers its question, no run is written.

A folder with adapter_config.json is an adapter (peft): its layers get their names of today, and with --export it is
asked with the views and prompts that it was trained on, and `mevqa loso` does not test it on subjects that it has seen.

Examples:
  mevqa import predictions.jsonl --export casme2 --model qwen-swift --out runs/swift
  mevqa import fold-*/generated_predictions.jsonl --export casme2-folds --out runs/factory
  mevqa import predictions.jsonl --questions me_vqa_samm_v2_test_to_answer.jsonl --out runs/theirs
  mevqa import output/checkpoint-120 --export casme2 --model Qwen/Qwen2.5-VL-3B-Instruct --out adapters/swift
  mevqa eval me_vqa_samm_v2_test_to_answer.jsonl --media SAMM_test --out runs/samm \
      --model Qwen/Qwen2.5-VL-3B-Instruct --adapter adapters/swift
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mevqa.cli.common_options import add_trust
from mevqa.errors import InputError, Problem
from mevqa.terminal.verbosity import show

HELP = "predictions and adapters of other toolkits, as runs and adapters of ours"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa import``."""
    parser.add_argument("sources", nargs="+", metavar="IN", help="files of predictions, or the folder of an adapter")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="write a new folder: the run, or the adapter"
    )
    parser.add_argument("--export", type=Path, metavar="DIR", help="folder of mevqa export that was used")
    parser.add_argument(
        "--model", metavar="NAME", help="model: of predictions, what the run calls it; of an adapter, its base"
    )
    parser.add_argument(
        "--fold",
        metavar="NAME",
        help="of an adapter: the fold of the export that it was trained on (default: it may have seen all)",
    )
    group = parser.add_argument_group("predictions")
    group.add_argument("--split", metavar="NAME", help="which split of the export was answered (default: test)")
    group.add_argument(
        "--questions",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="question files that were answered, without an export",
    )
    group.add_argument("--media", type=Path, metavar="DIR", help="folder of the clips, for the pictures of a report")
    group.add_argument("--annotations", type=Path, metavar="FILE", help="coded events, likewise")
    group.add_argument(
        "--partial", action="store_true", help="questions without a record become errors of the run (default: refused)"
    )
    group.add_argument(
        "--consistency",
        choices=("on", "off"),
        default="off",
        help="decide a clip's answers together, as mevqa eval does (default: off: each is read as it was written)",
    )
    add_trust(parser)


def run(args: argparse.Namespace) -> int:
    """Import, and say what was written."""
    if any(Path(source).is_dir() for source in args.sources):
        return _adapter(args)
    from mevqa.api.datasets.import_results import import_predictions

    if args.fold is not None:
        raise InputError([Problem("--fold", "goes with an adapter; of predictions, --split names what was answered")])
    imported_run = import_predictions(
        args.sources,
        out=args.out,
        export=args.export,
        split=args.split,
        questions=args.questions or None,
        media=args.media,
        annotations=args.annotations,
        model=args.model or "imported",
        partial=args.partial,
        consistency=args.consistency == "on",
    )
    imported = imported_run.manifest["imported"]
    for note in imported["notes"]:
        show(f"note: {note}")
    failed = [answer for answer in imported_run.answers.values() if answer.error is not None]
    print(f"{', '.join(args.sources)}: {imported['from']}")
    print(f"{args.out}: {len(imported_run.answers) - len(failed)} of {len(imported_run.answers)} questions answered")
    for answer in failed[:3]:
        print(f"  {answer.question_id}: {answer.error}")
    if len(failed) > 3:
        print(f"  and {len(failed) - 3} more without an answer")
    print(f"score it with: mevqa score {args.out}")
    return 0


def _adapter(args: argparse.Namespace) -> int:
    """Import an adapter, and say what was written."""
    from mevqa.api.datasets.import_results import import_adapter

    if len(args.sources) > 1:
        raise InputError([Problem(args.sources[1], "an adapter is imported alone; name one folder")])
    if not (Path(args.sources[0]) / "adapter_config.json").is_file():
        what = "is a folder without adapter_config.json, and no adapter"
        raise InputError([Problem(args.sources[0], f"{what}; name the folder of one, or files of predictions")])
    if args.model is None:
        raise InputError([Problem("--model", "names the base model that the adapter was trained on")])
    adapter = import_adapter(
        args.sources[0],
        model=args.model,
        out=args.out,
        export=args.export,
        fold=args.fold,
        trust_remote_code=args.trust_remote_code,
    )
    renamed = f", {adapter.renamed} of them under names of an older release" if adapter.renamed else ""
    print(f"{args.sources[0]}: {adapter.kind} of {adapter.layers} layers{renamed}")
    views = ", ".join(adapter.views) if adapter.views else "what a chat model is shown (no --export)"
    print(f"{args.out}: asked with {views}")
    print(f"ask it with: --model {args.model} --adapter {args.out}")
    return 0

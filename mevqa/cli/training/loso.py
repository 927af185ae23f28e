"""Leave one subject out: fine-tune without each subject, answer its questions, pool and score; of spotters likewise.

Also k groups of subjects (folds.by=group folds.k=5) and whole data sets (folds.by=dataset). folds.of=NAMES holds out
only the subjects of these data sets; those of the others are always trained on. Run the same command again to go on:
finished folds are kept, and a fold under way goes on from its last checkpoint. --shard spreads the folds over
processes or machines that share (or later copy together) the output folder; the last one to finish pools them.

Examples:
  mevqa loso finetune/nano-casme2.yaml questions=me_vqa_casme2_train.jsonl precomputed.flow=maps output=runs/loso
  mevqa loso qwen2.5-vl-3b-lora-24gb questions=FILE media=DIR folds.by=group folds.k=5 output=runs/folds
  mevqa loso RECIPE output=runs/loso --shard 1/2
  mevqa loso RECIPE output=runs/loso --list
  mevqa loso me-tst-small --annotations labels.csv --media videos/ --out runs/me-tst-loso
"""

from __future__ import annotations

import argparse

from mevqa.cli.training.finetune import add_recipe, overrides_of
from mevqa.cli.values import shard

HELP = "fine-tune and test, leaving one subject out"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa loso``."""
    add_recipe(parser)
    parser.add_argument(
        "--shard", type=shard, metavar="i/n", help="only every n-th fold, beginning with the i-th (1/2, 2/2)"
    )
    parser.add_argument(
        "--list", action="store_true", help="print the folds and how far each is, also while they are trained, and stop"
    )


def run(args: argparse.Namespace) -> int:
    """Train and answer every fold; pool and score when all are there."""
    from mevqa.training.trainer.library_messages import quiet_libraries

    quiet_libraries()
    from mevqa.api.training.train import loso, loso_folds
    from mevqa.cli.printing.folds import print_folds, print_result
    from mevqa.cli.progress import training_progress
    from mevqa.inference.shards import parse_shard
    from mevqa.training.recipes.recipe import read_any_recipe

    recipe = read_any_recipe(args.recipe, overrides_of(args), trust_remote_code=args.trust_remote_code)
    if args.list:
        parse_shard(args.shard or "1/1")
        print_folds(loso_folds(recipe))
    else:
        print_result(loso(recipe, part=args.shard, show=training_progress()))
    return 0

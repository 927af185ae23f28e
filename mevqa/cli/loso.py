"""Leave one subject out: fine-tune without each subject, answer its questions, pool and score.

Also k groups of subjects (folds.by=group folds.k=5) and whole data sets (folds.by=dataset). folds.of=NAMES holds out
only the subjects of these data sets; those of the others are always trained on. Run the same command again to go on:
finished folds are kept, and a fold under way goes on from its last checkpoint. --shard spreads the folds over
processes or machines that share (or later copy together) the output folder; the last one to finish pools them.

Examples:
  mevqa loso finetune/nano-casme2.yaml questions=me_vqa_casme2_train.jsonl precomputed.flow=maps output=runs/loso
  mevqa loso qwen2.5-vl-3b-lora-24gb questions=FILE media=DIR folds.by=group folds.k=5 output=runs/folds
  mevqa loso RECIPE output=runs/loso --shard 1/2
  mevqa loso RECIPE output=runs/loso --list
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mevqa.cli.finetune import add_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from mevqa.inference.evaluation import Plan
    from mevqa.inference.runs import RunRecord
    from mevqa.training.recipe import Recipe
    from mevqa.training.splits import Fold

HELP = "fine-tune and test, leaving one subject out"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa loso``."""
    add_recipe(parser)
    parser.add_argument("--shard", metavar="i/n", help="only every n-th fold, beginning with the i-th (1/2, 2/2)")
    parser.add_argument("--list", action="store_true", help="print the folds, and stop")


def run(args: argparse.Namespace) -> int:
    """Train and answer every fold; pool and score when all are there."""
    from mevqa.errors import InputError, Problem
    from mevqa.training.trainer.library_logging import quiet_libraries

    quiet_libraries()
    from mevqa.training import loso
    from mevqa.training.examples.clips import read_clips
    from mevqa.training.recipe import read_recipe
    from mevqa.training.splits import parse_shard, shard

    recipe = read_recipe(args.recipe, args.overrides, trust_remote_code=args.trust_remote_code)
    chosen = parse_shard(args.shard) if args.shard else (0, 1)
    work = loso.check_answers(recipe, read_clips(recipe))
    folds = loso.make_folds(recipe, work)
    if args.list:
        for fold in folds:
            print(f"{fold.name:24} test {len(fold.test):4} clips, train {len(fold.train):4}")
        return 0
    if recipe.output is None:
        raise InputError([Problem("output", "says where the folds go: output=DIR")])
    loso.start(recipe, work, folds, recipe.output)
    mine = shard(folds, *chosen)
    for number, fold in enumerate(mine, start=1):
        label = f"fold {number}/{len(mine)} {fold.name}"
        loso.run_fold(recipe, work, fold, recipe.output, label=label)
    runs = loso.finished_folds(work, folds, recipe.output)
    missing = [fold.name for fold in folds if fold.name not in runs]
    if missing:
        print(f"{len(runs)} of {len(folds)} folds are finished; missing: {', '.join(missing)}")
        return 0
    return _report(recipe, work, folds, runs, loso.pool(recipe, work, folds, runs, recipe.output))


def _report(recipe: Recipe, work: Plan, folds: Sequence[Fold], runs: Mapping[str, RunRecord], pooled: Path) -> int:
    """Print each fold's score and the pooled scores with intervals."""
    from mevqa.scoring.answers.score import score_answers
    from mevqa.scoring.tables import as_text, interval_line, score_tables
    from mevqa.training.fold_table import fold_table

    print(f"{len(folds)} folds by {recipe.folds.by}, {sum(len(fold.test) for fold in folds)} held-out clips")
    print("\n" + as_text(fold_table(work, folds, runs)))
    result = score_answers(pooled)
    print(f"\npooled over all folds: {interval_line(result)}")
    for table in score_tables(result):
        print("\n" + as_text(table))
    print(f"\nthe pooled answers are a run like any other: mevqa score {pooled}, mevqa report {pooled}")
    return 0

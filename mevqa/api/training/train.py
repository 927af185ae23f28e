"""Fine-tuning by a recipe, and leaving one subject out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerate import PartialState

from mevqa.api.evaluation.run import Run, open_run
from mevqa.api.training.spotters import SpotterLosoResult, spotter_folds, spotter_loso, train_spotter
from mevqa.errors import InputError, Problem
from mevqa.inference.evaluation import Plan
from mevqa.inference.runs import RunRecord
from mevqa.inference.shards import parse_shard
from mevqa.reporting.charts.training import write_training_curve
from mevqa.training import loso as folds_of
from mevqa.training.adapters.artifact import push
from mevqa.training.examples.clips import read_clips
from mevqa.training.fold_states import FoldState
from mevqa.training.recipes.recipe import AnyRecipe, Recipe, read_any_recipe
from mevqa.training.recipes.recogniser import RecogniserRecipe
from mevqa.training.recipes.spotter import SpotterRecipe
from mevqa.training.recognition.train import train_recogniser
from mevqa.training.result import FineTuningResult, RecogniserResult
from mevqa.training.splits import Fold, shard
from mevqa.training.spotters.finetune import Show, SpotterTraining
from mevqa.training.spotters.loso import finished_tables
from mevqa.training.stages.staged import train
from mevqa.training.training_log import curves_drawn_by


def finetune(
    recipe: AnyRecipe | str | Path,
    *,
    trust_remote_code: bool = False,
    show: Show | None = None,
    **overrides: object,
) -> FineTuningResult | RecogniserResult | SpotterTraining:
    """Fine-tune a model, or train a recogniser or a spotter; called again, go on where it was interrupted.

    Args:
        recipe: A recipe's YAML file, the name of a shipped one (``nano-casme2``, ``me-tst``), or one that was read.
        trust_remote_code: Whether Python code that comes with the model may run.
        show: Shows how far the training of a spotter is.
        overrides: Keys of the recipe that are set otherwise: ``steps=200``, ``lora={"rank": 8}``, ``output="DIR"``.

    Raises:
        InputError: Everything that is wrong with the recipe or its clips; the folder holds another training.
        ModelError: The training cannot live: gradients of zero, every label masked, nothing to train.
    """
    with curves_drawn_by(write_training_curve):
        return _finetune(_recipe(recipe, overrides, trust_remote_code), show)


def _finetune(chosen: AnyRecipe, show: Show | None) -> FineTuningResult | RecogniserResult | SpotterTraining:
    if isinstance(chosen, SpotterRecipe):
        return train_spotter(chosen, show)
    if chosen.output is None:
        raise InputError([Problem("output", "says where the adapter goes: output=DIR")])
    if isinstance(chosen, RecogniserRecipe):
        return train_recogniser(chosen, read_clips(chosen), chosen.output)
    alone = chosen.synthetic is not None and chosen.synthetic.share == 1
    finished = train(chosen, None if alone else read_clips(chosen), chosen.output)
    if chosen.push_to and PartialState().is_main_process:
        finished = replace(finished, pushed_to=push(finished.folder, chosen.push_to))
    return finished


@dataclass(frozen=True, slots=True)
class LosoResult:
    """Folds of a leave-one-out evaluation, and what is finished of them.

    Attributes:
        recipe: The recipe.
        work: The clips and their questions.
        folds: Every fold.
        runs: Answers of the finished folds, by name of the fold.
        run: The answers of all folds as one run; None until all are finished.
        states: How far each fold is (``loso_folds``); empty before any begins.
    """

    recipe: Recipe | RecogniserRecipe
    work: Plan
    folds: tuple[Fold, ...]
    runs: Mapping[str, RunRecord]
    run: Run | None = None
    states: tuple[FoldState, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Names of the folds that are not finished."""
        return [fold.name for fold in self.folds if fold.name not in self.runs]


def loso(
    recipe: AnyRecipe | str | Path,
    *,
    part: str | None = None,
    trust_remote_code: bool = False,
    show: Show | None = None,
    **overrides: object,
) -> LosoResult | SpotterLosoResult:
    """Fine-tune without each subject, answer its questions, and pool all answers into one run.

    By the recipe of a spotter: train without each subject, spot in its videos, and score all events together.

    Called again, go on: finished folds are kept, and a fold under way goes on from its last checkpoint.

    Args:
        recipe: A recipe's YAML file, the name of a shipped one (``nano-casme2``), or one that was read.
        part: Only every n-th fold, beginning with the i-th: ``i/n`` (1/2, 2/2), to spread them over processes.
        trust_remote_code: Whether Python code that comes with the model may run.
        show: Shows how far the training of a spotter is.
        overrides: Keys of the recipe that are set otherwise, as for ``finetune``: ``output="DIR"``,
            ``folds={"by": "group", "k": 5}``.

    Raises:
        InputError: Everything that is wrong with the recipe or its clips; the folder holds something else.
        ModelError: A training cannot live.
    """
    chosen = _recipe(recipe, overrides, trust_remote_code)
    with curves_drawn_by(write_training_curve):
        return _loso(chosen, parse_shard(part) if part else (0, 1), show)


def _loso(chosen: AnyRecipe, part: tuple[int, int], show: Show | None) -> LosoResult | SpotterLosoResult:
    first, count = part
    if isinstance(chosen, SpotterRecipe):
        return spotter_loso(chosen, (first, count), show)
    planned = _planned(chosen)
    work, folds = planned.work, planned.folds
    if chosen.output is None:
        raise InputError([Problem("output", "says where the folds go: output=DIR")])
    folds_of.start(chosen, folds, chosen.output)
    mine = shard(folds, first, count)
    for number, fold in enumerate(mine, start=1):
        folds_of.run_fold(chosen, work, fold, chosen.output, label=f"fold {number}/{len(mine)} {fold.name}")
    result = replace(planned, runs=folds_of.finished_folds(work, folds, chosen.output))
    if result.missing:
        return result
    return replace(result, run=open_run(folds_of.pool(chosen, work, folds, result.runs, chosen.output)))


def loso_folds(
    recipe: AnyRecipe | str | Path, *, trust_remote_code: bool = False, **overrides: object
) -> LosoResult | SpotterLosoResult:
    """Return the folds of a recipe and how far each is, also while others train them; arguments as for ``loso``.

    Raises:
        InputError: Everything that is wrong with the recipe or its clips; there are too few subjects to divide.
    """
    chosen = _recipe(recipe, overrides, trust_remote_code)
    planned = spotter_folds(chosen) if isinstance(chosen, SpotterRecipe) else _planned(chosen)
    if chosen.output is None or not chosen.output.is_dir():
        return planned
    if isinstance(planned, SpotterLosoResult):
        planned = replace(planned, tables=finished_tables(planned.folds, chosen.output))
    else:
        planned = replace(planned, runs=folds_of.finished_folds(planned.work, planned.folds, chosen.output))
    finished = {fold.name for fold in planned.folds} - set(planned.missing)
    return replace(planned, states=tuple(folds_of.states(chosen, planned.folds, finished, chosen.output)))


def _planned(recipe: Recipe | RecogniserRecipe) -> LosoResult:
    """Return the folds of a recipe that learns from answered questions."""
    work = folds_of.check_answers(recipe, read_clips(recipe))
    return LosoResult(recipe, work, folds_of.make_folds(recipe, work), {})


def _recipe(recipe: AnyRecipe | str | Path, overrides: Mapping[str, object], trust_remote_code: bool) -> AnyRecipe:
    """Return a recipe with its overrides.

    Raises:
        InputError: Everything that is wrong with it.
        TypeError: There are overrides of a recipe that was read already.
    """
    if isinstance(recipe, AnyRecipe):
        if overrides:
            raise TypeError(f"{', '.join(overrides)}: give them with the name of the recipe, or to read_recipe")
        return recipe
    items = [f"{key}={json.dumps(value, default=str)}" for key, value in _flat(overrides)]
    return read_any_recipe(str(recipe), items, trust_remote_code=trust_remote_code)


def _flat(overrides: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield keys with dots for values in mappings, and their values."""
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", leaf) for inner, leaf in _flat(value))
        else:
            yield key, value

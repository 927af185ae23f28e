"""Train a recipe stage by stage: supervised tuning, then what its answers are worth learning from.

``stages/sft`` of the output folder holds what supervised tuning left, ``stages/samples`` the answers that it draws to
the questions it was trained on, ``stages/rft`` the training on those that are right; the output folder itself holds the
last stage as any training does. Each part is kept when it is done and goes on where it was interrupted.
"""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import yaml

from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder
from mevqa.files.whole import whole_files, write_whole
from mevqa.inference.evaluation import Plan
from mevqa.models.base import read_preferences
from mevqa.models.digest import content_digest
from mevqa.models.registry import load_model
from mevqa.models.transformers.model import TransformersModel
from mevqa.safe_text import portable
from mevqa.training.adapters.artifact import finish_manifest, model_card, read_manifest, refuse_foreign, start_manifest
from mevqa.training.continuation import Continuation
from mevqa.training.examples.clips import TrainingClip, training_clips
from mevqa.training.examples.stream import RowMaker
from mevqa.training.finetune import divide, finetune
from mevqa.training.recipe import Recipe
from mevqa.training.result import FineTuningResult, StageResult
from mevqa.training.stages.samples import Draws, SampledAnswers, draw_answers
from mevqa.training.trainable_model import join_processes, load_trainable_model, trained_model

_STAGES, _SFT, _RFT, _SAMPLES = "stages", "sft", "rft", "samples"


def train(recipe: Recipe, work: Plan | None, out: Path, *, label: str = "") -> FineTuningResult:
    """Train all stages of a recipe, or go on with an interrupted training of it.

    Args:
        recipe: The recipe.
        work: Clips with answers; None for synthetic ones alone.
        out: Folder for what is trained.
        label: What the progress calls it.

    Raises:
        InputError: The folder holds another training, or another process writes it; clips or answers are wrong; no
            drawn answer is right; several processes shall train stages together.
        ModelError: The training cannot live.
    """
    if recipe.stages == ("sft",) or work is None:
        return finetune(recipe, work, out, label=label)
    if join_processes(recipe).num_processes > 1:
        message = (
            "stages behind sft run in one process: spread folds over processes (mevqa loso --shard), or stages=sft"
        )
        raise InputError([Problem("stages", message)])
    with hold_folder(out):
        return _train(recipe, work, out, label)


def _train(recipe: Recipe, work: Plan, out: Path, label: str) -> FineTuningResult:
    """Train the stages while nobody else writes the folder."""
    refuse_foreign(out)
    first = recipe.model_copy(update={"stages": ("sft",), "output": None, "push_to": None})
    trainable = load_trainable_model(first)
    clips = training_clips(work, trainable.prompts)
    learning, validation = divide(first, clips)
    folder = out / _STAGES / _SFT
    supervised = finetune(first, work, folder, label=f"{label} sft".strip(), trainable=trainable)
    start_manifest(out, recipe, work, trainable)
    if done := read_manifest(out).get("finished"):
        return FineTuningResult.from_record(out, done)
    row_maker = RowMaker(trainable.wrapped.prompter, trainable.prompts, trainable.view_config)
    results = [StageResult(_SFT, supervised.steps, supervised.loss, supervised.validation)]
    del trainable
    _give_back_memory()
    drawn = _draw(recipe, folder, learning, row_maker, out / _STAGES / _SAMPLES)
    later = Continuation(
        frozenset(clip.clip.id for clip in validation), drawn.kept, recipe.rft.share, _digest(drawn.kept)
    )
    second = later_recipe(recipe, folder)
    last = finetune(second, work, out / _STAGES / _RFT, label=f"{label} rft".strip(), later=later)
    rates = {name: (one.questions, one.at_1, one.at_k) for name, one in drawn.rates(recipe.rft.samples).items()}
    right = sum(sum(passed) for passed in drawn.passed.values())
    kept = sum(map(len, drawn.kept.values()))
    results.append(StageResult(_RFT, last.steps, last.loss, last.validation, recipe.rft.samples, rates, right, kept))
    finished = replace(last, folder=out, stages=tuple(results), seconds=_sum(supervised.seconds, last.seconds))
    _assemble(recipe, work, out / _STAGES / _RFT, out, finished)
    return finished


def _draw(recipe: Recipe, folder: Path, clips: list[TrainingClip], row_maker: RowMaker, into: Path) -> SampledAnswers:
    """Draw answers of a trained stage to the questions that it learned from.

    Raises:
        InputError: None of them is right.
    """
    name, options = trained_model(recipe, folder)
    model = load_model(name, options)
    assert isinstance(model, TransformersModel)
    settings = recipe.rft
    draws = Draws(settings.samples, settings.temperature, settings.f1, recipe.seed)
    drawn = draw_answers(model, clips, row_maker, draws, into, {"trained": content_digest(folder)})
    del model
    _give_back_memory()
    if not drawn.kept:
        message = (
            f"none of the answers drawn to {len(drawn.texts)} questions is right, so that there is nothing to learn"
        )
        raise InputError([Problem("stages", f"{message}; tune longer, or lower rft.f1 (what sft left is in {folder})")])
    return drawn


def later_recipe(recipe: Recipe, start: Path) -> Recipe:
    """Return the recipe of the stage behind supervised tuning: from its weights, slower, without its heads.

    Args:
        recipe: The recipe of all stages.
        start: What supervised tuning left.
    """
    content: dict[str, Any] = recipe.model_dump()
    content |= {"stages": ("sft",), "output": None, "push_to": None}
    content["rates"] = {name: rate * recipe.rft.rate for name, rate in content["rates"].items()}
    if recipe.rft.steps:
        content |= {"steps": recipe.rft.steps, "epochs": 0}
    if content["synthetic"] is not None:
        content["synthetic"] |= {"seeing_steps": 0, "seeing_weight": 0.0}
    content |= {"adapter": str(start)} if recipe.lora is not None else {"adapter": None, "model": str(start)}
    return Recipe.model_validate(content)


def _assemble(recipe: Recipe, work: Plan, last: Path, out: Path, finished: FineTuningResult) -> None:
    """Put what the last stage left into the output folder, with the recipe and the record of all stages."""
    own = {"training.json", "recipe.yaml", "README.md", "checkpoints", "rendered", "tensorboard"}
    with whole_files(out) as part:
        for path in sorted(last.iterdir()):
            if path.is_dir() and path.name not in own:
                shutil.copytree(path, part / path.name)
            elif path.is_file() and path.name not in own and not path.name.startswith("."):
                shutil.copyfile(path, part / path.name)
    kept = portable(recipe.model_dump(mode="json", exclude={"output"}))
    write_whole(out / "recipe.yaml", yaml.safe_dump(kept, sort_keys=False))
    adapter = (out / "adapter_config.json").is_file()
    write_whole(out / "README.md", model_card(recipe, work, read_preferences(out), finished, adapter=adapter))
    finish_manifest(out, finished)


def _digest(answers: dict[str, tuple[str, ...]]) -> str:
    """Return the hash of drawn answers."""
    return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:16]


def _give_back_memory() -> None:
    """Free the memory of a model that nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _sum(first: float | None, second: float | None) -> float | None:
    """Return the time of both; None where neither was trained in this call."""
    return None if first is None and second is None else round((first or 0.0) + (second or 0.0), 1)

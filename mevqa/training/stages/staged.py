"""Train a recipe stage by stage: supervised tuning, then rejection sampling or rewards on its own answers.

``stages/sft`` of the output folder holds what supervised tuning left, ``stages/samples`` the answers that it draws to
the questions it was trained on, ``stages/rft`` the training on those that are right, ``stages/readiness`` the answers
to questions about other subjects and ``stages/grpo`` the training by rewards; the output folder itself holds the last
stage as any training does. Each part is kept when it is done and goes on where it was interrupted.
"""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder
from mevqa.files.whole import whole_files, write_whole
from mevqa.inference.evaluation import Plan
from mevqa.models.base import read_preferences
from mevqa.models.digest import content_digest
from mevqa.models.registry import load_model
from mevqa.models.transformers.model import TransformersModel
from mevqa.terminal.verbosity import show
from mevqa.training.adapters.artifact import (
    finish_manifest,
    read_manifest,
    refuse_foreign,
    start_manifest,
    write_recipe,
)
from mevqa.training.adapters.card import model_card
from mevqa.training.continuation import Continuation
from mevqa.training.examples.clips import TrainingClip, training_clips
from mevqa.training.examples.stream import RowMaker
from mevqa.training.finetune import divide, finetune
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.result import FineTuningResult, StageResult
from mevqa.training.stages.grpo import check_trl, train_rewards
from mevqa.training.stages.samples import Draws, SampledAnswers, draw_answers
from mevqa.training.trainable_model import join_processes, load_trainable_model, trained_model
from mevqa.training.training_log import join_logs

_STAGES = "stages"
#: Answers drawn to each question about other subjects before rewards.
READINESS = 8


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
    if "grpo" in recipe.stages:
        check_trl()
    first = recipe.model_copy(update={"stages": ("sft",), "output": None, "push_to": None})
    trainable = load_trainable_model(first)
    learning, validation = divide(first, training_clips(work, trainable.prompts))
    folder = out / _STAGES / "sft"
    last = finetune(first, work, folder, label=f"{label} sft".strip(), trainable=trainable)
    start_manifest(out, recipe, work, trainable)
    if finished_record := read_manifest(out).get("finished"):
        return FineTuningResult.from_record(out, finished_record)
    row_maker = RowMaker(trainable.wrapped.prompter, trainable.prompts, trainable.view_config, drawn_by=work.prepared)
    del trainable
    _give_back_memory()
    stages = Stages(recipe, work, out, learning, validation, row_maker, label)
    results = [StageResult("sft", last.steps, last.loss, last.validation)]
    seconds = [last.seconds]
    for name in recipe.stages[1:]:
        last, result = stages.reject(folder) if name == "rft" else stages.reward(folder)
        folder = last.folder
        results.append(result)
        seconds.append(last.seconds)
    known_seconds = [stage_seconds for stage_seconds in seconds if stage_seconds is not None]
    total_seconds = round(sum(known_seconds), 1) if known_seconds else None
    finished = replace(last, folder=out, stages=tuple(results), seconds=total_seconds)
    _assemble(recipe, work, folder, out, finished)
    join_logs({name: out / _STAGES / name for name in recipe.stages}, out)
    return finished


@dataclass(frozen=True)
class Stages:
    """The stages behind supervised tuning, each of which begins with the model of the one before.

    Attributes:
        recipe: The recipe of all stages.
        work: Clips with answers.
        out: Folder for what is trained.
        learning: The clips that are learned from.
        validation: The clips of other subjects.
        row_maker: Draws and words clips.
        label: What the progress calls the training.
    """

    recipe: Recipe
    work: Plan
    out: Path
    learning: Sequence[TrainingClip]
    validation: Sequence[TrainingClip]
    row_maker: RowMaker
    label: str

    def reject(self, start: Path) -> tuple[FineTuningResult, StageResult]:
        """Train on drawn answers that are right.

        Raises:
            InputError: None is.
        """
        settings = self.recipe.rft
        drawn = self._draw(start, self.learning, settings.samples, settings.temperature, "samples")
        if not drawn.kept:
            message = f"none of the answers drawn to {len(drawn.texts)} questions is right: nothing could be learned"
            mend = f"tune longer, or lower rft.f1 (what sft left is in {start})"
            raise InputError([Problem("stages", f"{message}; {mend}")])
        validated = frozenset(clip.clip.id for clip in self.validation)
        later = Continuation(validated, drawn.kept, settings.share, _digest(drawn.kept))
        recipe = later_recipe(self.recipe, start, settings.rate, settings.steps)
        last = finetune(recipe, self.work, self.out / _STAGES / "rft", label=f"{self.label} rft".strip(), later=later)
        kept_count = sum(map(len, drawn.kept.values()))
        return last, self._result("rft", last, drawn, settings.samples, kept_count)

    def reward(self, start: Path) -> tuple[FineTuningResult, StageResult]:
        """Train by rewards, where choosing among several answers could gain enough.

        Raises:
            InputError: It could not, and the recipe does not force it; or trl cannot train the model.
        """
        settings = self.recipe.grpo
        drawn = None
        if self.validation:
            drawn = self._draw(start, self.validation, READINESS, settings.temperature, "readiness")
            rates = drawn.rates(READINESS)["all"]
            measured = (
                f"pass@{READINESS} exceeds pass@1 by {rates.gap:.3f} ({rates.at_k:.3f} and {rates.at_1:.3f}) on "
                f"{rates.questions} questions about subjects that were not trained on"
            )
            show(f"stage grpo: {measured}")
            if rates.gap <= settings.readiness and not settings.force:
                message = f"grpo has too little to gain: {measured}, and more than {settings.readiness:g} is asked for"
                raise InputError([Problem("stages", f"{message}; --force trains all the same")])
        recipe = later_recipe(self.recipe, start, settings.rate, 0)
        label = f"{self.label} grpo".strip()
        last = train_rewards(recipe, self.work, self.learning, self.out / _STAGES / "grpo", label=label)
        return last, self._result("grpo", last, drawn, READINESS)

    def _draw(
        self, start: Path, clips: Sequence[TrainingClip], samples: int, temperature: float, name: str
    ) -> SampledAnswers:
        """Draw answers of the model that a stage trained to the questions about some clips."""
        model_name, options = trained_model(self.recipe, start)
        model = load_model(model_name, options)
        assert isinstance(model, TransformersModel)
        draws = Draws(samples, temperature, self.recipe.rft.f1, self.recipe.seed)
        decides = {"trained": content_digest(start)}
        drawn = draw_answers(model, clips, self.row_maker, draws, self.out / _STAGES / name, decides)
        del model
        _give_back_memory()
        return drawn

    @staticmethod
    def _result(
        name: str, last: FineTuningResult, drawn: SampledAnswers | None, samples: int, kept: int = 0
    ) -> StageResult:
        """Return the result of a stage with the pass rates before it."""
        if drawn is None:
            return StageResult(name, last.steps, last.loss, last.validation, rewards=last.rewards)
        rates = {
            question_type: (pass_rates.questions, pass_rates.at_1, pass_rates.at_k)
            for question_type, pass_rates in drawn.rates(samples).items()
        }
        right = sum(sum(passed) for passed in drawn.passed.values())
        return StageResult(
            name, last.steps, last.loss, last.validation, samples, rates, right, kept, rewards=last.rewards
        )


def later_recipe(recipe: Recipe, start: Path, rate: float, steps: int) -> Recipe:
    """Return the recipe of a stage behind supervised tuning: from the weights before, slower, without its heads.

    Args:
        recipe: The recipe of all stages.
        start: Folder of the model that the stage before trained.
        rate: Factor of the learning rates.
        steps: Length of the stage; 0: that of the first.
    """
    content: dict[str, Any] = recipe.model_dump()
    content |= {"stages": ("sft",), "output": None, "push_to": None}
    content["rates"] = {name: value * rate for name, value in content["rates"].items()}
    if steps:
        content |= {"steps": steps, "epochs": 0}
    if content["synthetic"] is not None:
        content["synthetic"] |= {"seeing_steps": 0, "seeing_weight": 0.0}
    content |= {"adapter": str(start)} if recipe.lora is not None else {"adapter": None, "model": str(start)}
    return Recipe.model_validate(content)


def _assemble(recipe: Recipe, work: Plan, last: Path, out: Path, finished: FineTuningResult) -> None:
    """Copy the model of the last stage into the output folder, with the recipe and the record of all stages."""
    left_out = {"training.json", "recipe.yaml", "README.md", "checkpoints", "rendered", "tensorboard"}
    with whole_files(out) as part:
        for path in sorted(last.iterdir()):
            if path.is_dir() and path.name not in left_out:
                shutil.copytree(path, part / path.name)
            elif path.is_file() and path.name not in left_out and not path.name.startswith("."):
                shutil.copyfile(path, part / path.name)
    write_recipe(out, recipe)
    adapter = (out / "adapter_config.json").is_file()
    write_whole(out / "README.md", model_card(recipe, work, read_preferences(out), finished, adapter=adapter))
    finish_manifest(out, finished)


def _digest(answers: Mapping[str, Sequence[str]]) -> str:
    """Return the hash of drawn answers."""
    return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:16]


def _give_back_memory() -> None:
    """Free the memory of a model that nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

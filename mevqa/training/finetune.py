"""Run a recipe: load, prepare, train, probe, save."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.data.persons import person
from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder
from mevqa.inference.evaluation import Plan, check_views, check_words
from mevqa.suggestions import did_you_mean
from mevqa.training.adapters.artifact import read_manifest, start_manifest, write_artifact
from mevqa.training.adapters.trained_subjects import start_subjects
from mevqa.training.continuation import Continuation
from mevqa.training.examples.clips import TrainingClip, of_clips, training_clips
from mevqa.training.examples.prepared import check_prepared
from mevqa.training.examples.stream import RowMaker, TrainingStream
from mevqa.training.examples.synthetic import SyntheticClips
from mevqa.training.nano.auxiliary_vision_heads import AuxiliaryVisionModel
from mevqa.training.nano.rendered_maps import rendered_maps
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Row
from mevqa.training.recipes.recipe import UNTRAINED_NANO, Recipe
from mevqa.training.result import FineTuningResult
from mevqa.training.splits import assert_disjoint, validation_split
from mevqa.training.trainable_model import TrainableModel, join_processes, load_trainable_model
from mevqa.training.trainer.checkpoints import choose_checkpoint
from mevqa.training.trainer.console import Console
from mevqa.training.trainer.health import check_labels, probe_pictures
from mevqa.training.trainer.log_file import LogFile
from mevqa.training.trainer.trained_parts import count_parameters, prepare
from mevqa.training.trainer.trainer import PackedTrainer
from mevqa.video.views.registry import is_of_words

_log = logging.getLogger(__name__)

#: Clips that the picture probe looks at.
_PROBED = 64


def finetune(
    recipe: Recipe,
    work: Plan | None,
    out: Path,
    *,
    label: str = "",
    trainable: TrainableModel | None = None,
    later: Continuation | None = None,
) -> FineTuningResult:
    """Train a recipe on its clips' answers, or go on with an interrupted training of it; its ``stages`` do not matter.

    Args:
        recipe: The recipe.
        work: Clips with answers; None for synthetic ones alone.
        out: Folder for checkpoints, and for what is trained in the end.
        label: What the progress calls it.
        trainable: The model when it is loaded already; it holds the trained weights afterwards.
        later: What a stage behind the first goes on with; None for the first.

    Raises:
        InputError: The folder holds another training, or another process writes it; clips or answers are wrong.
        ModelError: The training cannot live: gradients of zero, every label masked, nothing to train.
    """
    # One process of those that train together holds the folder for all of them.
    is_main = join_processes(recipe).is_main_process
    _log.debug("train %s into %s on %s clips", recipe.model, out, "synthetic" if work is None else len(work.clips))
    with hold_folder(out) if is_main else nullcontext():
        return _finetune(recipe, work, out, label, trainable, later)


def _finetune(
    recipe: Recipe,
    work: Plan | None,
    out: Path,
    label: str,
    trainable: TrainableModel | None,
    later: Continuation | None,
) -> FineTuningResult:
    """Train, or go on, while nobody else writes the folder."""
    trainable = trainable or load_trainable_model(recipe)
    _check_words(recipe, trainable)
    clips = training_clips(work, trainable.prompts) if work is not None else []
    if work is not None:
        check_views(of_clips(work, [clip.clip.id for clip in clips]), trainable.view_config)
        check_prepared(recipe, work, clips, trainable.view_config)
    learning, validation = divide(recipe, clips) if later is None else _sides_of_first_stage(clips, later)
    _check_names(recipe)
    finished_record: dict[str, Any] = read_manifest(out).get("finished") or {}
    # What is wrong with the recipe must show before the folder is begun, which then stands for its settings.
    model = _packed(recipe, trainable) if not finished_record else None
    start_manifest(out, recipe, work, trainable, drawn=None if later is None else later.digest)
    if model is None:
        return FineTuningResult.from_record(out, finished_record)
    synthetic = _synthetic(recipe, trainable, out)
    row_maker = RowMaker(
        trainable.wrapped.prompter,
        trainable.prompts,
        trainable.view_config,
        targets=_trains_auxiliary_heads(recipe),
        drawn_by=work.prepared if work is not None else None,
    )
    trainer = _trainer(recipe, model, row_maker, (learning, validation), synthetic, out, label, later)
    started = time.perf_counter()
    trainer.train(resume_from_checkpoint=trainer.last_checkpoint())
    seconds = time.perf_counter() - started
    final_model = trainer.accelerator.unwrap_model(trainer.model)
    finished = FineTuningResult(
        out,
        trainer.state.global_step,
        round(seconds, 1),
        _last(trainer.state.log_history, "loss"),
        trainer.state.best_metric,
        None,
        count_parameters(final_model),
        checkpoints=choose_checkpoint(trainer, trainable, row_maker, validation),
    )
    trainer.keep_average()
    rows = _probe_rows(recipe, validation or learning, row_maker, synthetic)
    if recipe.probe and len(rows) > 1:
        finished = replace(finished, probe=probe_pictures(final_model, rows, recipe.clips))
    state = trainer.gathered()
    if trainer.is_world_process_zero():
        write_artifact(out, final_model, recipe, work, trainable, finished, state)
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    return finished


def _packed(recipe: Recipe, trainable: TrainableModel) -> PackedModel:
    """Prepare the model's parts and wrap it."""
    raw = trainable.wrapped.model
    if recipe.attention is not None and recipe.model == UNTRAINED_NANO:
        raw.set_attn_implementation(recipe.attention)
    prepared = prepare(raw, recipe, base_name=recipe.model)
    if _trains_auxiliary_heads(recipe):
        assert recipe.synthetic is not None
        torch.manual_seed(recipe.seed)
        settings = recipe.synthetic
        if settings.equivariance and tuple(trainable.view_config.views) != ("motion-centred",):
            raise InputError([Problem("synthetic.equivariance", "goes with the view motion-centred alone")])
        return AuxiliaryVisionModel(
            prepared,
            weight=settings.seeing_weight,
            smoothing=recipe.smoothing,
            equivariance=settings.equivariance,
        )
    return PackedModel(prepared, memory=int(recipe.feature_cache * 2**30), smoothing=recipe.smoothing)


def _trainer(
    recipe: Recipe,
    model: PackedModel,
    row_maker: RowMaker,
    sides: tuple[Sequence[TrainingClip], Sequence[TrainingClip]],
    synthetic: SyntheticClips | None,
    out: Path,
    label: str,
    later: Continuation | None,
) -> PackedTrainer:
    """Put stream, validation side and callbacks together."""
    learning, validation = sides
    callbacks: list[Any] = [Console(label), LogFile(out)]
    if isinstance(model, AuxiliaryVisionModel) and recipe.synthetic is not None:
        callbacks.append(_VisionTowerFirst(model, recipe.synthetic.seeing_steps))
    together = PartialState().num_processes * recipe.clips * recipe.accumulation
    steps = recipe.steps or max(1, round(recipe.epochs * len(learning) / together))
    stream = TrainingStream(learning, row_maker, recipe, steps * together, synthetic, later)
    check_labels([stream[index] for index in range(min(4, len(stream)))])
    validation_rows = [row_maker.plain_row(clip) for clip in validation]
    return PackedTrainer(model, recipe, steps, out / "checkpoints", stream, validation_rows, callbacks)


class _VisionTowerFirst(TrainerCallback):
    """Trains nothing but the vision tower in the first steps."""

    def __init__(self, model: AuxiliaryVisionModel, steps: int) -> None:
        self._model = model
        self._steps = steps

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Decide what this step trains."""
        self._model.only = state.global_step < self._steps


def _check_names(recipe: Recipe) -> None:
    """Refuse an optimiser that there is not, and to log to what is not installed."""
    from transformers.training_args import OptimizerNames

    packages = {"tensorboard": "tensorboardX", "wandb": "wandb", "mlflow": "mlflow"}
    missing = [packages[name] for name in recipe.log_to if importlib.util.find_spec(packages[name]) is None]
    problems = [Problem("log_to", f"needs a package that is missing: pip install {name}") for name in missing]
    names = [str(name.value) for name in OptimizerNames]
    if recipe.optimizer not in names:
        message = f"there is no {recipe.optimizer!r}; {did_you_mean(recipe.optimizer, names)}"
        problems.append(Problem("optimizer", message))
    if problems:
        raise InputError(problems)


def divide(recipe: Recipe, clips: Sequence[TrainingClip]) -> tuple[list[TrainingClip], list[TrainingClip]]:
    """Return the clips to learn from, and those of other subjects to validate on.

    Subjects that the adapter, or the model, to begin with was trained on are always on the learning side.

    Raises:
        InputError: There are too few subjects that were not trained on before.
    """
    if not recipe.validation.share or not clips:
        return list(clips), []
    by_id = {clip.clip.id: clip.clip for clip in clips}
    labels = {clip.clip.id: clip.label("coarse") for clip in clips}
    trained_subjects = start_subjects(recipe)
    new_clips = {name: clip for name, clip in by_id.items() if not trained_subjects.shows(clip)}
    if len(new_clips) < len(by_id) and len({person(clip) for clip in new_clips.values()}) < 2:
        message = "needs two subjects that the adapter was not trained on, to validate on; set it to 0, or name a label"
        raise InputError([Problem("validation.share", f"{message} file with others")])
    _, held_out = validation_split(new_clips, recipe.validation.share, recipe.seed, labels)
    sides = (
        [clip for clip in clips if clip.clip.id not in held_out],
        [clip for clip in clips if clip.clip.id in held_out],
    )
    assert_disjoint([c.clip.id for c in sides[0]], [c.clip.id for c in sides[1]], by_id)
    return sides


def _sides_of_first_stage(
    clips: Sequence[TrainingClip], later: Continuation
) -> tuple[list[TrainingClip], list[TrainingClip]]:
    """Return the sides of the first stage."""
    return (
        [clip for clip in clips if clip.clip.id not in later.validation],
        [clip for clip in clips if clip.clip.id in later.validation],
    )


def _check_words(recipe: Recipe, trainable: TrainableModel) -> None:
    """Refuse views of words that a prompt, or a drawn clip, has no place for."""
    check_words(trainable.view_config.views, trainable.prompts, "views")
    words = ", ".join(name for name in trainable.view_config.views if is_of_words(name))
    if words and recipe.synthetic is not None:
        message = f"drawn clips have no text for the view {words}: leave the view or synthetic out"
        raise InputError([Problem("synthetic", message)])


def _synthetic(recipe: Recipe, trainable: TrainableModel, out: Path) -> SyntheticClips | None:
    """Return the stream of synthetic clips, rendering its faces first."""
    settings = recipe.synthetic
    if settings is None:
        return None
    rendered = None
    if settings.rendered and settings.rendered_share:
        with PartialState().main_process_first():
            rendered = rendered_maps(out / "rendered", settings.rendered, recipe.seed, varied=settings.varied)
    return SyntheticClips(settings, trainable.view_config.views, trainable.preferences.variant, recipe.seed, rendered)


def _trains_auxiliary_heads(recipe: Recipe) -> bool:
    settings = recipe.synthetic
    return settings is not None and (settings.seeing_steps > 0 or settings.seeing_weight > 0)


def _probe_rows(
    recipe: Recipe, clips: Sequence[TrainingClip], row_maker: RowMaker, synthetic: SyntheticClips | None
) -> list[Row]:
    """Return rows for the picture probe: real clips, or else synthetic ones that training did not reach."""
    if clips:
        return [row_maker.plain_row(clip) for clip in clips[:: max(1, len(clips) // _PROBED)][:_PROBED]]
    assert synthetic is not None
    beyond = recipe.steps * recipe.clips * recipe.accumulation * 1000
    return [row_maker.synthetic_row(synthetic[beyond + number]) for number in range(_PROBED)]


def _last(history: Sequence[dict[str, Any]], name: str) -> float | None:
    return next((float(entry[name]) for entry in reversed(history) if name in entry), None)

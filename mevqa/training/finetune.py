"""Run a recipe: load, prepare, train, probe, save."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.errors import InputError, Problem
from mevqa.evaluation import Plan, check_views
from mevqa.models.load import ModelOptions, load_model
from mevqa.models.protocol import Preferences
from mevqa.models.transformers_model import TransformersModel
from mevqa.training.artifact import read_manifest, start_manifest, write_artifact
from mevqa.training.clips import TrainingClip, of_clips, training_clips
from mevqa.training.console import Console
from mevqa.training.health import PictureProbe, check_labels, probe_pictures
from mevqa.training.packed_model import PackedModel
from mevqa.training.packing import Row, RowEncoder
from mevqa.training.parts import count_parameters, prepare
from mevqa.training.recipe import UNTRAINED_NANO, Recipe
from mevqa.training.seeing import SeeingModel
from mevqa.training.splits import assert_disjoint, validation_split
from mevqa.training.stream import Asker, TrainingStream
from mevqa.training.synthetic import SyntheticClips, rendered_maps
from mevqa.training.trainer import PackedTrainer, checkpoints
from mevqa.vqa.engine import Looking
from mevqa.vqa.prompts import PromptLibrary

#: Clips that the picture probe looks at.
_PROBED = 64


@dataclass(frozen=True)
class Finished:
    """What came of a training.

    Attributes:
        folder: The adapter, or the whole model.
        steps: Steps that were trained.
        seconds: Wall time of the steps of this call.
        loss: Training loss at the last report; None when there was nothing left to train.
        validation: Best loss on the validation side; None without one.
        probe: What the pictures are worth; None when it was not looked at.
        parameters: Trained weights of each part, and ``all``.
    """

    folder: Path
    steps: int
    seconds: float
    loss: float | None
    validation: float | None
    probe: PictureProbe | None
    parameters: dict[str, int]

    def lines(self) -> list[str]:
        """Return what a user wants to know, a line a fact."""
        trained = ", ".join(f"{part} {count:,}" for part, count in self.parameters.items() if part != "all")
        lines = [
            f"trained {trained} of {self.parameters['all']:,} weights, {self.steps} steps in {self.seconds:.0f} s",
        ]
        if self.loss is not None:
            lines.append(f"loss at the end {self.loss:.4f} nats a token")
        if self.validation is not None:
            lines.append(f"best on other subjects {self.validation:.4f}")
        if self.probe is not None:
            own, other = self.probe.loss, self.probe.shuffled
            lines.append(f"picture probe, {self.probe.clips} clips: own pictures {own:.4f}, another clip's {other:.4f}")
        return [*lines, f"saved to {self.folder}"]

    def as_record(self) -> dict[str, Any]:
        """Return plain values, for the manifest."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}

    @classmethod
    def from_record(cls, folder: Path, record: dict[str, Any]) -> Finished:
        """Read what ``as_record`` returned."""
        probe = record["probe"]
        return cls(folder, **{**record, "probe": PictureProbe(**probe) if probe else None})


@dataclass(frozen=True)
class Learner:
    """A model with what it takes to be asked, before and during training.

    Attributes:
        wrapped: The model behind the package's protocol.
        prompts: The prompt library.
        looking: What is seen of clips.
        preferences: How the trained model wants to be asked.
    """

    wrapped: TransformersModel
    prompts: PromptLibrary
    looking: Looking
    preferences: Preferences


def load_learner(recipe: Recipe) -> Learner:
    """Load a recipe's model and decide how it is asked.

    Raises:
        ModelError: It cannot be loaded, or cannot be trained.
        InputError: Views, sampler or prompts are wrong.
    """
    torch.manual_seed(recipe.seed)
    wrapped = _load(recipe)
    own = wrapped.preferences
    preferences = Preferences(
        recipe.views or own.views,
        recipe.sampler or own.sampler,
        recipe.variant or own.variant,
        # A model that was trained on these very answers knows how probable each is.
        "sum",
    )
    prompts = PromptLibrary.load(recipe.prompts, preferences.variant)
    looking = Looking.preferred(preferences, None, None, recipe.face, recipe.frames, recipe.stride)
    return Learner(wrapped, prompts, looking, preferences)


def finetune(
    recipe: Recipe, work: Plan | None, out: Path, *, label: str = "", learner: Learner | None = None
) -> Finished:
    """Train a recipe, or go on with an interrupted training of it.

    Args:
        recipe: The recipe.
        work: Clips with answers; None for synthetic ones alone.
        out: Folder for checkpoints, and for what is trained in the end.
        label: What the progress calls it.
        learner: The model, when it is loaded already; its weights are changed.

    Raises:
        InputError: The folder holds another training; clips or answers are wrong.
        ModelError: The training cannot live: gradients of zero, every label masked, nothing to train.
    """
    learner = learner or load_learner(recipe)
    clips = training_clips(work, learner.prompts) if work is not None else []
    if work is not None:
        check_views(of_clips(work, [clip.clip.id for clip in clips]), learner.looking)
    learning, watched = _divide(recipe, clips)
    start_manifest(out, recipe, work, learner)
    done = read_manifest(out).get("finished")
    if done:
        return Finished.from_record(out, done)
    synthetic = _synthetic(recipe, learner, out)
    asker = Asker(
        RowEncoder(learner.wrapped.prompter), learner.prompts, learner.looking, targets=_teaches_seeing(recipe)
    )
    model = _packed(recipe, learner)
    trainer = _trainer(recipe, model, asker, learning, watched, synthetic, out, label)
    started = time.perf_counter()
    trainer.train(resume_from_checkpoint=trainer.last_checkpoint())
    seconds = time.perf_counter() - started
    kept = trainer.accelerator.unwrap_model(trainer.model)
    finished = Finished(
        out,
        trainer.state.global_step,
        round(seconds, 1),
        _last(trainer.state.log_history, "loss"),
        trainer.state.best_metric,
        None,
        count_parameters(kept),
    )
    trainer.keep_average()
    rows = _probe_rows(recipe, watched or learning, asker, synthetic)
    if recipe.probe and len(rows) > 1:
        finished = replace(finished, probe=probe_pictures(kept, rows))
    if trainer.is_world_process_zero():
        write_artifact(out, kept, recipe, work, learner, finished)
        for folder in checkpoints(out / "checkpoints"):
            shutil.rmtree(folder, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    return finished


def _load(recipe: Recipe) -> TransformersModel:
    """Load the model to be trained, with its weights frozen or not as they come."""
    if recipe.model == UNTRAINED_NANO:
        from mevqa.models.nano.architecture import untrained

        return untrained(recipe.seed)
    device = recipe.device
    dtype: Any = recipe.precision
    options = ModelOptions(
        # Frozen weights may be in the precision of the arithmetic; trained ones are brought to float32 afterwards.
        dtype=dtype,
        device=device,
        quantization=recipe.quantization,
        attention=recipe.attention,
        trust_remote_code=recipe.trust_remote_code,
        revision=recipe.revision,
        seed=recipe.seed,
    )
    loaded = load_model(recipe.model, options)
    if not isinstance(loaded, TransformersModel):
        raise InputError([Problem("model", f"{recipe.model} has no weights to train")])
    return loaded


def _packed(recipe: Recipe, learner: Learner) -> PackedModel:
    """Prepare the model's parts and wrap it."""
    raw = learner.wrapped.model
    if recipe.attention is not None and recipe.model == UNTRAINED_NANO:
        raw.set_attn_implementation(recipe.attention)
    torch.manual_seed(recipe.seed)
    prepared = prepare(raw, recipe, base_name=recipe.model)
    if _teaches_seeing(recipe):
        assert recipe.synthetic is not None
        return SeeingModel(prepared, weight=recipe.synthetic.seeing_weight, smoothing=recipe.smoothing)
    return PackedModel(prepared, memory=int(recipe.feature_cache * 2**30), smoothing=recipe.smoothing)


def _trainer(
    recipe: Recipe,
    model: PackedModel,
    asker: Asker,
    learning: Sequence[TrainingClip],
    watched: Sequence[TrainingClip],
    synthetic: SyntheticClips | None,
    out: Path,
    label: str,
) -> PackedTrainer:
    """Put stream, validation side and callbacks together."""
    callbacks: list[Any] = [Console(label)]
    if isinstance(model, SeeingModel) and recipe.synthetic is not None:
        callbacks.append(_SeeingFirst(model, recipe.synthetic.seeing_steps))
    watched_rows = [asker.plain_row(clip) for clip in watched]
    trainer: PackedTrainer | None = None
    steps = recipe.steps
    stream = TrainingStream(learning, asker, recipe, 1, synthetic)
    check_labels([stream[place] for place in range(min(4, max(1, len(learning))))])
    trainer = PackedTrainer(model, recipe, max(steps, 1), out / "checkpoints", stream, watched_rows, callbacks)
    together = trainer.args.world_size * recipe.clips * recipe.accumulation
    if not steps:
        steps = max(1, round(recipe.epochs * len(learning) / together))
        trainer.args.max_steps = steps
    stream.lengthen(steps * together)
    return trainer


class _SeeingFirst(TrainerCallback):
    """Lets a model only see for its first steps."""

    def __init__(self, model: SeeingModel, steps: int) -> None:
        self._model = model
        self._steps = steps

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Decide what this step trains."""
        self._model.only = state.global_step < self._steps


def _divide(recipe: Recipe, clips: Sequence[TrainingClip]) -> tuple[list[TrainingClip], list[TrainingClip]]:
    """Return the clips to learn from and those of other subjects to look at."""
    if not recipe.validation.share or not clips:
        return list(clips), []
    by_id = {clip.clip.id: clip.clip for clip in clips}
    labels = {clip.clip.id: clip.label("coarse") for clip in clips}
    _, watched = validation_split(by_id, recipe.validation.share, recipe.seed, labels)
    sides = [clip for clip in clips if clip.clip.id not in watched], [clip for clip in clips if clip.clip.id in watched]
    assert_disjoint([c.clip.id for c in sides[0]], [c.clip.id for c in sides[1]], by_id)
    return sides


def _synthetic(recipe: Recipe, learner: Learner, out: Path) -> SyntheticClips | None:
    """Return the stream of synthetic clips, rendering its faces first."""
    settings = recipe.synthetic
    if settings is None:
        return None
    rendered = None
    if settings.rendered and settings.rendered_share:
        rendered = rendered_maps(out / "rendered", settings.rendered, recipe.seed)
    return SyntheticClips(settings, learner.looking.views, learner.preferences.variant, recipe.seed, rendered)


def _teaches_seeing(recipe: Recipe) -> bool:
    settings = recipe.synthetic
    return settings is not None and (settings.seeing_steps > 0 or settings.seeing_weight > 0)


def _probe_rows(
    recipe: Recipe, clips: Sequence[TrainingClip], asker: Asker, synthetic: SyntheticClips | None
) -> list[Row]:
    """Return rows for the picture probe: real clips, or else synthetic ones that training did not reach."""
    if clips:
        return [asker.plain_row(clip) for clip in clips[:: max(1, len(clips) // _PROBED)][:_PROBED]]
    assert synthetic is not None
    beyond = recipe.steps * recipe.clips * recipe.accumulation * 1000
    return [asker.synthetic_row(synthetic[beyond + number]) for number in range(_PROBED)]


def _last(history: Sequence[dict[str, Any]], name: str) -> float | None:
    return next((float(entry[name]) for entry in reversed(history) if name in entry), None)

"""Transformers' Trainer for packed rows: weighted answers, a rate for each part, adapters in checkpoints."""

from __future__ import annotations

import contextlib
import math
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainingArguments
from transformers.integrations import TensorBoardCallback
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ExportableState, TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from mevqa.models.transformers.placement import choose_dtype
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import PackedBatch, Row, collate, unpack
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.trainer.health import GradientHealth, summed_loss
from mevqa.training.trainer.trained_parts import parameter_groups
from mevqa.training.trainer.weights import AVERAGE, CHECKPOINT, MovingAverage, load_checkpoint, save_checkpoint


class UnreportedLoss(TrainerCallback, ExportableState):
    """The losses of the steps since the last report, kept in checkpoints: the next report takes them all in.

    Attributes:
        total: Their sum; on the device between reports, so that no step waits for it.
        since: The step of the last report.
    """

    def __init__(self) -> None:
        self.total: float | torch.Tensor = 0.0
        self.since = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin at the checkpoint of an earlier release, which holds no losses."""
        if not self.total:
            self.since = max(self.since, state.global_step)

    def state(self) -> dict[str, Any]:
        """Return the values that a checkpoint keeps."""
        return {"args": {}, "attributes": {"total": float(self.total), "since": self.since}}


class PackedTrainer(Trainer):
    """Trains a ``PackedModel``.

    Args:
        model: The model.
        recipe: How it is trained.
        steps: Number of steps.
        folder: For checkpoints.
        stream: The rows, by their place.
        validation: Rows of subjects that are not trained on; empty: none.
        callbacks: More of them.
    """

    def __init__(
        self,
        model: PackedModel,
        recipe: Recipe,
        steps: int,
        folder: Path,
        stream: Dataset[Row],
        validation: Sequence[Row] = (),
        callbacks: Sequence[Any] = (),
    ) -> None:
        self.recipe = recipe
        self._validation = list(validation)
        self.average = MovingAverage(model, recipe.average) if recipe.average else None
        # The average goes first: what is saved and looked at afterwards holds the step's weights.
        own_callbacks: list[Any] = [self.average] if self.average else []
        own_callbacks.append(UnreportedLoss())
        arguments = training_arguments(recipe, steps, folder, model, bool(validation))
        self.health = GradientHealth(scaled=arguments.fp16)
        # DeepSpeed keeps gradients to itself, and looks for overflow on its own.
        if arguments.deepspeed_plugin is None:
            own_callbacks.append(self.health)
        if validation and recipe.validation.patience:
            own_callbacks.append(EarlyStoppingCallback(recipe.validation.patience))
        if "tensorboard" in recipe.log_to:
            from tensorboardX import SummaryWriter  # only where it is wanted

            own_callbacks.append(TensorBoardCallback(SummaryWriter(str(folder.parent / "tensorboard"))))
        super().__init__(
            model=model,
            args=arguments,
            data_collator=partial(_collate, packed=recipe.packed),
            train_dataset=stream,
            eval_dataset=validation or None,
            callbacks=[*own_callbacks, *callbacks],
        )
        # ``Console`` shows the progress.
        self.remove_callback(PrinterCallback)
        # The sum over all rows of a step is divided by the step's weights in ``compute_loss`` itself.
        self.loss_is_scaled_for_ga = True

    def train(
        self, resume_from_checkpoint: Any = None, trial: Any = None, ignore_keys_for_eval: list[str] | None = None
    ) -> Any:
        """Train, or go on from a checkpoint; one that early stopping ended at is not trained on."""
        if resume_from_checkpoint and self.recipe.validation.patience and self._validation:
            state = TrainerState.load_from_json(str(Path(resume_from_checkpoint) / TRAINER_STATE_NAME))
            stopping = dict(state.stateful_callbacks or {}).get("EarlyStoppingCallback", {})
            looks = stopping.get("attributes", {}).get("early_stopping_patience_counter", 0)
            if looks >= self.recipe.validation.patience:
                self.state = state
                self._load_best_model()
                return None
        return super().train(resume_from_checkpoint, trial, ignore_keys_for_eval)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        """Take the stream in its own order, which is random already."""
        stream: Any = train_dataset if train_dataset is not None else self.train_dataset
        return SequentialSampler(stream)

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
        """Return the weight of all answers of a step, over all processes."""
        total = torch.stack([samples["batch"].weights.sum() for samples in batch_samples]).sum().to(device)
        return self.accelerator.gather(total).sum() if self.args.world_size > 1 else total

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return a process' share of the step's mean loss: the mean over processes of what they return is that loss."""
        outputs = model(inputs["batch"])
        loss = outputs["loss"] * self.args.world_size / num_items_in_batch
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Give each part its own rate, and decay to matrices only."""
        if self.optimizer is None:
            trained: Any = model or self.model
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, trained)
            options.pop("params", None)
            self.optimizer = kind(parameter_groups(trained, self.recipe), **options)
        optimizer: torch.optim.Optimizer = self.optimizer
        return optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Follow the recipe's schedule."""
        if self.lr_scheduler is None:
            shape = partial(rate_at, recipe=self.recipe, steps=num_training_steps)
            followed: Any = optimizer or self.optimizer
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(followed, shape)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return the mean loss of an answer's token on the validation side, with the weights that would be kept."""
        model = self.accelerator.unwrap_model(self.model)
        # One process looks at every n-th row: the sums are the same however many there are. Where weights are spread
        # over processes all must take part in each pass; one that has no rows left looks at one that counts nothing.
        rows = self._validation[self.args.process_index :: self.args.world_size]
        most = math.ceil(len(self._validation) / self.args.world_size)
        rows += [_without_weight(self._validation[0])] * (most - len(rows))
        with self.kept_weights():
            total = summed_loss(model, rows, self.recipe.clips)
        if self.args.world_size > 1:
            total = self.accelerator.gather(total[None]).sum(0)
        metrics = {"eval_loss": float(total[0] / total[1])}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Take a part of a step, and remember its loss."""
        loss = super().training_step(*args, **kwargs)
        self._unreported.total += loss.detach().float()
        return loss

    @property
    def _unreported(self) -> UnreportedLoss:
        """The losses since the last report; the library makes them anew when it goes on from a checkpoint."""
        return next(callback for callback in self.callback_handler.callbacks if isinstance(callback, UnreportedLoss))

    def _share_losses(self) -> UnreportedLoss:
        """Bring the losses of all processes to their mean."""
        unreported = self._unreported
        unreported.total = float(unreported.total)
        if self.args.world_size > 1:
            own_total = torch.tensor([unreported.total], dtype=torch.float32, device=self.args.device)
            unreported.total = float(self.accelerator.gather(own_total).mean())
        return unreported

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Write a checkpoint with the losses that were not reported yet."""
        self._share_losses()
        # Checkpoints of earlier releases have no place for them.
        stored_callbacks: Any = self.state.stateful_callbacks
        stored_callbacks.setdefault(UnreportedLoss.__name__, {})
        super()._save_checkpoint(*args, **kwargs)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the norm of each part's gradient, as it was applied, and its rate; the loss is of all steps between."""
        if "loss" in logs:
            unreported = self._share_losses()
            steps = self.state.global_step - unreported.since
            logs = dict(logs) | {"loss": float(unreported.total) / max(steps, 1)}
            unreported.total, unreported.since = 0.0, self.state.global_step
            logs.update({f"clipped_grad_norm/{part}": norm for part, norm in self.health.norms.items()})
            if self.optimizer is not None:
                logs.update({f"rate/{g['part']}": g["lr"] for g in self.optimizer.param_groups if "part" in g})
        super().log(logs, start_time)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        """Write what is trained, and nothing that would need a pickle to read."""
        if self.args.should_save:
            model = self.accelerator.unwrap_model(self.model)
            save_checkpoint(model, Path(output_dir or str(self.args.output_dir)), state_dict)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_checkpoint(self.accelerator.unwrap_model(model or self.model), Path(resume_from_checkpoint))
        if self.average is not None:
            self.average.restore(Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        """Go back to the best weights on the validation side."""
        if self.state.best_model_checkpoint is not None:
            self._load_from_checkpoint(self.state.best_model_checkpoint)

    def load_checkpoint(self, folder: Path) -> None:
        """Go to the weights of a checkpoint, and to the moving average that it holds."""
        self._load_from_checkpoint(str(folder))

    @contextlib.contextmanager
    def kept_weights(self) -> Iterator[None]:
        """Put the weights that would be kept in place for a while: the moving average, where there is one."""
        model = self.accelerator.unwrap_model(self.model)
        in_place = self.average.in_place(model) if self.average else contextlib.nullcontext()
        with in_place, self.compute_loss_context_manager():
            yield

    def keep_average(self) -> None:
        """Make the moving average, where there is one, the model's weights for good."""
        if self.average is not None:
            self.average.keep(self.accelerator.unwrap_model(self.model))

    def gathered(self) -> dict[str, Any] | None:
        """Return the state of a model that is spread over processes, which all must call; None where it is whole."""
        if not (self.is_fsdp_enabled or self.is_deepspeed_enabled):
            return None
        return dict(self.accelerator.get_state_dict(self.model_wrapped))

    def last_checkpoint(self) -> str | None:
        """Return the last checkpoint that is whole, if there is one; those that a kill left incomplete are removed."""
        for folder in reversed(checkpoints(Path(str(self.args.output_dir)))):
            if self._is_whole(folder):
                return str(folder)
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def _is_whole(self, folder: Path) -> bool:
        """Return whether everything of a checkpoint was written: the state, and the average behind it, come last.

        Files that a power cut left empty or short lack their end: torch writes zips, whose directory comes last.
        """
        weights = [CHECKPOINT, *([AVERAGE] if self.average is not None else [])]
        try:
            TrainerState.load_from_json(str(folder / TRAINER_STATE_NAME))
            for name in weights:
                with safe_open(str(folder / name), "pt"):
                    pass
        except (OSError, ValueError, TypeError, SafetensorError):
            return False
        return all(zipfile.is_zipfile(path) for path in [*folder.glob("*.pt"), *folder.glob("*.pth")])


def training_arguments(
    recipe: Recipe, steps: int, folder: Path, model: PackedModel, validated: bool
) -> TrainingArguments:
    """Return the settings of transformers' Trainer."""
    device = next(model.parameters()).device.type
    precision = choose_dtype(recipe.precision, device)
    every = recipe.validation.every
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=recipe.clips,
        gradient_accumulation_steps=recipe.accumulation,
        **_checkpointing(recipe),
        optim=recipe.optimizer,
        learning_rate=max(recipe.rates.model_dump().values()),
        adam_beta2=recipe.beta2,
        max_grad_norm=recipe.max_norm,
        bf16=precision == torch.bfloat16,
        fp16=precision == torch.float16,
        use_cpu=device == "cpu",
        seed=recipe.seed,
        data_seed=recipe.seed,
        dataloader_num_workers=recipe.workers,
        dataloader_persistent_workers=recipe.workers > 0,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        logging_steps=recipe.log_every,
        logging_nan_inf_filter=False,
        # TensorBoard's files have a folder of their own.
        report_to=[name for name in recipe.log_to if name != "tensorboard"] or "none",
        save_steps=every if validated else recipe.save_every,
        save_total_limit=recipe.validation.keep if recipe.validation.choose == "score" else 2,
        eval_strategy="steps" if validated else "no",
        eval_steps=every if validated else None,
        load_best_model_at_end=validated,
        metric_for_best_model="eval_loss" if validated else None,
        greater_is_better=False if validated else None,
        # Some families take their features before the vision tower's last layer, whose weights then get no gradient.
        ddp_find_unused_parameters=not model.reader.frozen,
        label_names=[],
        # Early stopping counts on after an interruption.
        restore_callback_states_from_checkpoint=True,
    )
    # Several GPUs want several processes (``accelerate launch``); one process would cut batches that cannot be cut.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


def _checkpointing(recipe: Recipe) -> dict[str, Any]:
    """Return whether activations are computed anew, under the name that the installed transformers asks for."""
    field_names = {field.name for field in fields(TrainingArguments)}
    name = "activation_checkpointing" if "activation_checkpointing" in field_names else "gradient_checkpointing"
    return {name: recipe.checkpointing, f"{name}_kwargs": {"use_reentrant": False}}


def rate_at(step: int, *, recipe: Recipe, steps: int) -> float:
    """Return the share of the peak rate at a step: linear warm-up, then the schedule down to ``last_rate``."""
    warmup = round(recipe.warmup * steps)
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    shape = {"cosine": cosine, "linear": 1 - progress, "constant": 1.0}[recipe.schedule]
    return recipe.last_rate + (1 - recipe.last_rate) * shape


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a training, oldest first."""
    folders = folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*")
    return sorted(folders, key=lambda path: int(path.name.rpartition("-")[2]))


def _without_weight(row: Row) -> Row:
    """Return a row that takes a pass and adds nothing to its sums."""
    return replace(row, weights=[0.0] * len(row.weights))


def _collate(rows: Sequence[Row], *, packed: bool) -> dict[str, PackedBatch]:
    """Put rows together, one question a row when they are not to be packed."""
    return {"batch": collate(rows if packed else [part for row in rows for part in unpack(row)])}

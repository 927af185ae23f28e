"""Health checks of a training: finite gradients that are not zero, labels that are learned, pictures that matter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.errors import ModelError
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import IGNORED, Row, collate
from mevqa.training.result import PictureProbe
from mevqa.training.trainer.trained_parts import part_of, trained

#: Steps in a row that may have no finite gradient while a float16 loss scale is being found.
_SCALING = 20


class GradientHealth(TrainerCallback):
    """Stops a training whose gradients are zero or not finite, before it changes a weight by them.

    Args:
        scaled: Whether a float16 loss scale is searched, which overflows at first.

    Attributes:
        norms: Gradient norm of each part at the last step.
    """

    def __init__(self, *, scaled: bool = False) -> None:
        self._allowed = _SCALING if scaled else 0
        self._bad = 0
        self.norms: dict[str, float] = {}

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Look for 4-bit layers that have stopped to pass gradients on.

        They seldom show in the gradient's norm: what reaches an adapter past them, by the residual connections, is
        still there.

        Raises:
            ModelError: There are some where gradients must pass.
        """
        if layers := packed_layers(kwargs["model"]):
            raise ModelError(
                f"step {state.global_step + 1}: {len(layers)} layers with 4-bit weights on CPU were packed for "
                "inference (a forward pass in evaluation mode without gradients does that) and no longer pass "
                "gradients on; load the model anew and train before it answers, or use no quantisation"
            )

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Look at the gradients.

        Raises:
            ModelError: They are all zero or not finite.
        """
        self.norms = gradient_norms(kwargs["model"])
        step = state.global_step + 1
        if any(not math.isfinite(norm) for norm in self.norms.values()):
            self._bad += 1
            if self._bad > self._allowed:
                part = next(part for part, norm in self.norms.items() if not math.isfinite(norm))
                raise ModelError(
                    f"step {step}: the gradient of the {part} is {self.norms[part]}; lower its rate, or train in "
                    "bfloat16 or float32. The last checkpoint is whole"
                )
            return
        self._bad = 0
        for part, norm in self.norms.items():
            if norm == 0.0 and part not in getattr(kwargs["model"], "resting", ()):
                raise ModelError(
                    f"step {step}: the gradient of the {part} is exactly 0: nothing that is learned depends on it; "
                    "check rates and lora.targets"
                )


def gradient_norms(model: nn.Module) -> dict[str, float]:
    """Return the Euclidean norm of the gradient of each part that is trained."""
    squares: dict[str, float] = {}
    for name, parameter in trained(model):
        part = part_of(name)
        squared = _number(parameter.grad.detach().float().square().sum()) if parameter.grad is not None else 0.0
        squares[part] = squares.get(part, 0.0) + squared
    return {part: math.sqrt(square) if math.isfinite(square) else square for part, square in squares.items()}


def packed_layers(model: nn.Module) -> list[str]:
    """Return the names of 4-bit layers through which gradients should pass and do not.

    On CPU bitsandbytes (0.50) packs the weights of a 4-bit layer when it is run in evaluation mode without gradients,
    and every gradient that would later pass the layer is lost. Where all is frozen up to the language model no
    gradient has to pass.
    """
    frozen = isinstance(model, PackedModel) and model.reader.frozen
    return [
        name
        for name, module in model.named_modules()
        if is_four_bit(module)
        and getattr(getattr(module.weight, "quant_state", None), "packing_format_for_cpu", False)
        and (part_of(name) == "language" or not frozen)
    ]


def is_four_bit(module: nn.Module) -> bool:
    """Return whether a module is a 4-bit layer of bitsandbytes itself, and not the adapter around one."""
    return type(module).__name__ == "Linear4bit" and type(module).__module__.startswith("bitsandbytes")


def _number(value: torch.Tensor) -> float:
    """Return a scalar, summed over the processes that each hold a part of it."""
    full_tensor = getattr(value, "full_tensor", None)
    return float(full_tensor() if full_tensor is not None else value)


def check_labels(rows: Sequence[Row]) -> None:
    """Refuse rows of which nothing would be learned.

    Raises:
        ModelError: Every label is masked, or has no weight.
    """
    learned = sum(
        weight for row in rows for label, weight in zip(row.labels, row.weights, strict=True) if label != IGNORED
    )
    if learned <= 0:
        raise ModelError("every label is masked: no answer would be learned; check the questions and their weights")


def probe_pictures(model: PackedModel, rows: Sequence[Row], batch: int = 8) -> PictureProbe:
    """Compare the loss with each clip's own pictures and with the next clip's.

    Args:
        model: A trained model.
        rows: Rows of different clips, at least two.
        batch: Rows at once.
    """
    swapped = [_with_pictures(row, rows[(i + 1) % len(rows)]) for i, row in enumerate(rows)]
    return PictureProbe(len(rows), mean_loss(model, rows, batch), mean_loss(model, swapped, batch))


def mean_loss(model: PackedModel, rows: Sequence[Row], batch: int = 8) -> float:
    """Return the mean loss of an answer's token, nats."""
    total, weight = summed_loss(model, rows, batch).tolist()
    return float(total / weight)


def summed_loss(model: PackedModel, rows: Sequence[Row], batch: int) -> torch.Tensor:
    """Return the sums [2] of the answers' losses and weights, without dropout and gradients.

    Args:
        model: The model.
        rows: Rows.
        batch: Rows at once.
    """
    device = next(model.parameters()).device
    total = torch.zeros(2, device=device)
    with without_dropout(model), torch.no_grad():
        for start in range(0, len(rows), batch):
            result = model(collate(rows[start : start + batch]).to(device))
            total += torch.stack([result["loss"], result["weight"]]).to(total)
    return total


@contextmanager
def without_dropout(model: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode for a while, but for 4-bit layers.

    In evaluation mode they would stop to pass gradients on (``packed_layers``). The mode changes nothing else in them.
    """
    was_training = model.training
    model.eval()
    for module in model.modules():
        if is_four_bit(module):
            module.training = True
    try:
        yield
    finally:
        model.train(was_training)


def _with_pictures(row: Row, other: Row) -> Row:
    """Return the questions of ``row`` about the pictures of ``other``.

    What two clips differ in is their pictures alone where these take the same places: the words of the prefix, which
    may hold most of a question, stay the row's own. Otherwise the whole prefix is the other's.
    """
    tokens = row.inputs["input_ids"].shape
    if all(getattr(other.inputs.get(name), "shape", ()) == getattr(v, "shape", ()) for name, v in row.inputs.items()):
        text_inputs = {name: v for name, v in row.inputs.items() if getattr(v, "shape", ()) == tokens}
        return replace(row, inputs={**other.inputs, **text_inputs}, key=None)
    return replace(row, inputs=other.inputs, prefix=other.prefix, key=None)

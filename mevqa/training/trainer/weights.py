"""Trained weights: in checkpoints, exactly; their moving average; and the finished adapter or model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.files.whole import write_whole
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.trainer.trained_parts import trained

#: Files of a checkpoint; the average is written last.
CHECKPOINT = "trained.safetensors"
AVERAGE = "average.safetensors"
#: What the packed model puts before its parameters' names.
_PREFIX = "model."


def is_adapter(model: PackedModel) -> bool:
    """Return whether an adapter is trained, and not the weights themselves."""
    return hasattr(model.model, "peft_config")


def save_checkpoint(model: PackedModel, folder: Path, state: dict[str, Any] | None = None) -> None:
    """Write the trained weights, bit by bit.

    Args:
        model: The model.
        folder: Where to.
        state: The model's gathered state, where its weights are spread over processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = state if state is not None else {name: parameter.detach() for name, parameter in trained(model)}
    save_file({name: values[name].contiguous().cpu() for name, _ in trained(model)}, folder / CHECKPOINT)


def load_checkpoint(model: PackedModel, folder: Path) -> None:
    """Put back what ``save_checkpoint`` wrote."""
    stored = load_file(folder / CHECKPOINT)
    with torch.no_grad():
        for name, parameter in trained(model):
            parameter.copy_(stored[name])


class MovingAverage(TrainerCallback):
    """Averages the trained weights exponentially (Polyak and Juditsky, 1992; in this form Tarvainen and Valpola, 2017).

    Early on the average follows quickly: after n steps the decay is at most n / (n + 10).

    Args:
        model: Whose trained weights are averaged.
        decay: Share of the old average that is kept in each step.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._names = [name for name, _ in trained(model)]
        self._average = [parameter.detach().clone() for _, parameter in trained(model)]

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take the new weights in."""
        keep = min(self._decay, state.global_step / (state.global_step + 10))
        with torch.no_grad():
            now = [parameter.detach() for _, parameter in trained(kwargs["model"])]
            torch._foreach_lerp_(self._average, now, 1 - keep)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write the average into the checkpoint that was just made."""
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            part = folder / f"{AVERAGE}.part"
            save_file(dict(zip(self._names, self._average, strict=True)), part)
            part.replace(folder / AVERAGE)

    def restore(self, checkpoint: Path) -> None:
        """Go on with the average of a checkpoint."""
        stored = load_file(checkpoint / AVERAGE)
        for name, average in zip(self._names, self._average, strict=True):
            average.copy_(stored[name])

    def keep(self, model: nn.Module) -> None:
        """Make the average the model's weights."""
        with torch.no_grad():
            torch._foreach_copy_([parameter.detach() for _, parameter in trained(model)], self._average)

    @contextmanager
    def in_place(self, model: nn.Module) -> Iterator[None]:
        """Put the average in the model's place for a while."""
        parameters = [parameter.detach() for _, parameter in trained(model)]
        last = [parameter.clone() for parameter in parameters]
        with torch.no_grad():
            torch._foreach_copy_(parameters, self._average)
            try:
                yield
            finally:
                torch._foreach_copy_(parameters, last)


def save_finished(model: PackedModel, folder: Path, dtype: torch.dtype, state: dict[str, Any] | None = None) -> None:
    """Write the adapter in PEFT's layout, or the whole model when there is none.

    Args:
        model: The model.
        folder: Where to.
        dtype: Precision of a whole model on the disk, to which it is brought; adapters keep theirs.
        state: The model's gathered state, where its weights are spread over processes.
    """
    inner: Any = model.model
    inner_state = None if state is None else {name.removeprefix(_PREFIX): value for name, value in state.items()}
    if is_adapter(model):
        # The embeddings are not trained, and PEFT would look the base up on the hub to see whether they have grown.
        inner.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False, state_dict=inner_state)
        # PEFT writes a card of its own, which says nothing about this one.
        (folder / "README.md").unlink(missing_ok=True)
        _sort_names(folder / "adapter_config.json")
    elif inner_state is not None:
        inner.save_pretrained(folder, state_dict={name: value.to(dtype) for name, value in inner_state.items()})
    else:
        inner.to(dtype).save_pretrained(folder)


def _sort_names(path: Path) -> None:
    """Give the sets of names in a PEFT configuration one order: PEFT writes them as its hashes fall."""
    config = json.loads(path.read_text(encoding="utf-8"))
    for key, value in config.items():
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            config[key] = sorted(value)
    write_whole(path, json.dumps(config, indent=2, sort_keys=True))

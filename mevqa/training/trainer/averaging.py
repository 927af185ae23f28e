"""A moving average of the trained weights, kept instead of the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.training.trainer.trained_parts import trained

#: File in a checkpoint; written last.
AVERAGE = "average.safetensors"


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
        from safetensors.torch import save_file

        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            whole = folder / f"{AVERAGE}.part"
            save_file(dict(zip(self._names, self._average, strict=True)), whole)
            whole.replace(folder / AVERAGE)

    def restore(self, checkpoint: Path) -> None:
        """Go on with the average of a checkpoint."""
        from safetensors.torch import load_file

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

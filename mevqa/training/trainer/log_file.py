"""The log of a fine-tuning, written as its trainer reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.training.training_log import TrainingLog

#: What a row holds, by the trainer's own names; its summary at the end is no report.
_FIGURES = {
    "loss": "loss",
    "eval_loss": "validation",
    "grad_norm": "gradient",
    "learning_rate": "rate",
    "reward": "reward",
}


class LogFile(TrainerCallback):
    """Writes each report as a row of ``log.jsonl``.

    Args:
        folder: The training's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._log = TrainingLog(folder, "step")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Let the last step be reported, wherever the last report was."""
        if state.global_step >= state.max_steps:
            control.should_log = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write a report, in one of the processes that train together."""
        figures = {ours: float(logs[name]) for name, ours in _FIGURES.items() if logs and name in logs}
        if state.is_world_process_zero and figures.keys() & {"loss", "validation", "reward"}:
            self._log.add(state.global_step, state.max_steps, figures)

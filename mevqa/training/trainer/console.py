"""Progress of a training on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.terminal.verbosity import progress_shows, show

#: Figures of a log that are shown, and their text.
_SHOWN = {"loss": "loss {:.4f}", "grad_norm": "gradient {:.3f}", "eval_loss": "validation {:.4f}"}
#: Seconds between progress lines where there is no terminal.
_INTERVAL = 30.0


class Console(TrainerCallback):
    """Shows steps, loss, gradient norm, steps a second and time left on standard error.

    Args:
        label: What is being trained, e.g. a fold's name.
    """

    def __init__(self, label: str = "") -> None:
        self._label = f"{label} " if label else ""
        self._bar: Any = None
        self._task: Any = None
        self._started = self._printed = 0.0
        self._first = 0
        self._facts = ""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock and, on a terminal, the bar."""
        self._started = self._printed = time.monotonic()
        self._first = state.global_step
        if not state.is_world_process_zero or not sys.stderr.isatty() or not progress_shows():
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from mevqa.terminal.console import make_console

        self._bar = Progress(
            TextColumn("{task.description}steps", markup=False),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=make_console(stderr=True),
        )
        self._task = self._bar.add_task(self._label, total=state.max_steps, completed=self._first, facts="")
        self._bar.start()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Advance."""
        if not state.is_world_process_zero:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=state.global_step, facts=self._facts)
            return
        now = time.monotonic()
        if now - self._printed >= _INTERVAL or state.global_step == state.max_steps:
            self._printed = now
            rate = (state.global_step - self._first) / max(now - self._started, 1e-6)
            left = (state.max_steps - state.global_step) / rate
            facts = f"{self._facts}, " if self._facts else ""
            line = f"{self._label}step {state.global_step}/{state.max_steps}, {facts}{left:.0f} s left"
            show(line)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember the last figures."""
        for name, text in _SHOWN.items():
            value = (logs or {}).get(name)
            if value is not None:
                label = text.split()[0]
                other_facts = [fact for fact in self._facts.split(", ") if fact and not fact.startswith(label)]
                self._facts = ", ".join([*other_facts, text.format(float(value))])

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take the bar away."""
        self.close()

    def close(self) -> None:
        """Take the bar away, also when the training has failed."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

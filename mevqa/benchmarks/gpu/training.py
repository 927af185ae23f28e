"""Steps of a shipped recipe on a model of full size: seconds and memory."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mevqa.benchmarks.gpu.architectures import architecture, build
from mevqa.benchmarks.gpu.cases import GpuCase
from mevqa.benchmarks.gpu.memory import bound_memory, peak_memory, wait_for
from mevqa.benchmarks.packed_training import turns
from mevqa.benchmarks.prefix_reuse import pictures
from mevqa.questions.prompt_schema import DEFAULT
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Row, encode_row
from mevqa.training.recipes.recipe import Recipe, read_recipe
from mevqa.training.trainer.trained_parts import count_parameters, prepare
from mevqa.training.trainer.trainer import PackedTrainer

#: Steps: the first computes what is remembered and warms up, the others are timed.
_STEPS = 5


class _Clock(TrainerCallback):
    """Seconds of each step, with everything that the GPU does in it."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._begun = 0.0
        self.seconds: list[float] = []

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        wait_for(self._device)
        self._begun = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        wait_for(self._device)
        self.seconds.append(time.perf_counter() - self._begun)


class _SameRows(Dataset[Row]):
    """The same clips in every step."""

    def __init__(self, rows: Sequence[Row], steps: int) -> None:
        self._rows, self._length = list(rows), len(rows) * steps

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Row:
        return self._rows[index % len(self._rows)]


def measure_recipe(case: GpuCase) -> dict[str, float]:
    """Take some steps of a recipe and return its figures.

    The clips are noise pictures with six official questions each; reading videos is not in the times. A recipe that
    names the memory of a card (``-16gb``) gets no more than that.

    Args:
        case: Of the kind ``training``.

    Raises:
        torch.OutOfMemoryError: The recipe needs more memory than the card that it names.
    """
    recipe = read_recipe(case.name)
    measured = recipe.model_copy(update=_measured(case))
    system, clip_turns = turns(recipe.variant or DEFAULT)
    captions = [view.caption for view in pictures(len(recipe.views), 1, 0)]
    texts = [system, *(text for turn in clip_turns for text in (turn.text, turn.answer)), *captions]
    plan = architecture(recipe.model, texts * 4, small=case.small)
    wrapped = build(
        plan,
        device=case.device,
        precision=measured.precision,
        quantization=measured.quantization,
        attention=recipe.attention,
    )
    prepared = prepare(wrapped.model, measured, base_name=recipe.model)
    model = PackedModel(prepared, memory=int(recipe.feature_cache * 2**30))
    count = recipe.clips * recipe.accumulation
    remembers = recipe.augmentation.versions > 0
    rows = [
        encode_row(
            wrapped.prompter,
            system,
            pictures(len(recipe.views), plan.side, number),
            clip_turns,
            key=number if remembers else None,
        )
        for number in range(count)
    ]
    bound_memory(case.card_gib, case.device)
    clock = _Clock(case.device)
    with tempfile.TemporaryDirectory() as folder:
        stream = _SameRows(rows, _STEPS)
        PackedTrainer(model, measured, _STEPS, Path(folder), stream, callbacks=[clock]).train()
    tokens = statistics.mean(row.prefix + len(row.ids) for row in rows)
    return _figures(case, recipe, clock.seconds, tokens, count_parameters(model))


def _measured(case: GpuCase) -> dict[str, Any]:
    """Return the settings of a recipe that a measurement changes: none that decides memory or time of a step."""
    changed: dict[str, Any] = {"steps": _STEPS, "epochs": 0, "workers": 0, "log_to": (), "device": case.device}
    if case.device == "cpu" and not torch.cuda.is_available():
        changed["precision"] = "float32"
    return changed


def _figures(
    case: GpuCase, recipe: Recipe, seconds: Sequence[float], tokens: float, parameters: dict[str, int]
) -> dict[str, float]:
    step = statistics.median(seconds[2:])
    # As the guide counts: 150 clips, of which the validation side takes its share.
    clips = 150 * (1 - recipe.validation.share)
    steps = recipe.epochs * clips / (recipe.clips * recipe.accumulation)
    return {
        "tokens": tokens,
        "trained_weights": float(sum(count for part, count in parameters.items() if part != "all")),
        "weights": float(parameters["all"]),
        "first_step_s": seconds[0],
        "step_s": step,
        "training_of_150_clips_s": step * steps,
        **peak_memory(case.device),
    }

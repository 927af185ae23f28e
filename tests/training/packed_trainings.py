"""Trainings of a tiny model for a few steps, and how they are interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import SYSTEM, views
from tiny_rows import TURNS, encoder, fresh
from torch.utils.data import Dataset
from transformers import TrainerCallback

from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipes.recipe import Lora, Rates, Recipe
from mevqa.training.trainer.trained_parts import prepare, trained
from mevqa.training.trainer.trainer import PackedTrainer


class Rows(Dataset):
    """Rows of a few clips, over and over; each with its own questions and weights."""

    def __init__(self, name: str, length: int, clips: int = 7) -> None:
        own = encoder(name)
        self._length = length
        self._rows = [
            own(
                SYSTEM,
                views(n, 1 + n % 2),
                [replace(turn, weight=1.0 + (n + i) % 3) for i, turn in enumerate(TURNS[: 1 + n % 4])],
                key=("clip", n),
            )
            for n in range(clips)
        ]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: int):
        return self._rows[place % len(self._rows)]


def recipe(**settings) -> Recipe:
    lora = {"rank": 4, "dropout": 0.0} | settings.pop("lora", {})
    defaults = {
        "model": "tiny",
        "lora": Lora(**lora),
        "rates": Rates(adapter=1e-2),
        "steps": 4,
        "clips": 2,
        "save_every": 100,
        "log_every": 1,
        "feature_cache": 0.1,
    }
    return Recipe.model_validate(defaults | settings)


def unknown_ids() -> list:
    """Rows of two clips that are not trained on."""
    rows = Rows("llava", 1, clips=9)
    return [rows[place] for place in (7, 8)]


class Interrupt(TrainerCallback):
    """Kills a training after so many steps, as a user does."""

    def __init__(self, step: int | None) -> None:
        self._step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self._step:
            raise KeyboardInterrupt


class InterruptAfterSaving(TrainerCallback):
    """Kills a training right after a checkpoint."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_save(self, args, state, control, **kwargs):
        if state.global_step == self._step:
            raise KeyboardInterrupt


def trainer(folder: Path, *, name="llava", long_video=(), callbacks=(), model=None, **settings) -> PackedTrainer:
    given = recipe(**settings)
    torch.manual_seed(0)
    model = model or PackedModel(prepare(fresh(name).model, given, base_name="base"), memory=2**26)
    places = given.steps * given.clips * given.accumulation
    return PackedTrainer(model, given, given.steps, folder, Rows(name, places), long_video, list(callbacks))


def run(folder: Path, **options) -> dict[str, torch.Tensor]:
    """Train to the end and return the weights that are kept."""
    made = trainer(folder, **options)
    made.train(resume_from_checkpoint=made.last_checkpoint())
    return kept(made)


def kept(made: PackedTrainer) -> dict[str, torch.Tensor]:
    made.keep_average()
    return {key: value.detach().clone() for key, value in trained(made.model)}


def interrupted(folder: Path, step: int, **options) -> None:
    made = trainer(folder, callbacks=[Interrupt(step)], **options)
    with pytest.raises(KeyboardInterrupt):
        made.train(resume_from_checkpoint=made.last_checkpoint())


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(value, second[key]) for key, value in first.items())


def near(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], close: float) -> None:
    for key, value in first.items():
        assert torch.allclose(value, second[key], rtol=0, atol=close), key

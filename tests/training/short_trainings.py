"""Trainings of a few steps, from Python and by the command."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from tiny import SYSTEM, requests, views

from mevqa.models.transformers.model import TransformersModel
from mevqa.training.examples.clips import read_clips
from mevqa.training.finetune import finetune
from mevqa.training.recipes.recipe import Recipe

SETTINGS = {
    "model": "nano",
    "lora": {"rank": 4, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 3,
    "clips": 2,
    "probe": False,
}


def train(recipe: Recipe, out: Path | None = None):
    alone = recipe.synthetic is not None and recipe.synthetic.share == 1
    return finetune(recipe, None if alone else read_clips(recipe), out or recipe.output)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def answers(model: TransformersModel):
    return model.ask(SYSTEM, views(), requests())


def command(recipe: Path, questions: Path, out: Path, *more: str) -> list[str]:
    maps = f"precomputed.flow={questions.parent / 'maps'}"
    return ["finetune", str(recipe), f"questions={questions}", maps, f"output={out}", *more]


def write_recipe(folder: Path, **settings) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(json.dumps({"probe": False} | settings))  # JSON is YAML
    return path

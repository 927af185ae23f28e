"""Clips of motion maps, recipes of them that are trained in seconds, and an adapter of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from map_clips import write_maps
from short_trainings import SETTINGS, train

from mevqa.training.recipes.recipe import Recipe


@pytest.fixture(scope="session")
def questions(tmp_path_factory) -> Path:
    return write_maps(tmp_path_factory.mktemp("data"), subjects=4, each=2)


@pytest.fixture
def make(questions, tmp_path):
    def made(**settings) -> Recipe:
        places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
        return Recipe.model_validate(SETTINGS | places | {"output": str(tmp_path / "out")} | settings)

    return made


@pytest.fixture(scope="session")
def first(questions, tmp_path_factory) -> Path:
    """An adapter of nano."""
    folder = tmp_path_factory.mktemp("first") / "adapter"
    places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
    train(Recipe.model_validate(SETTINGS | places | {"steps": 1, "output": str(folder)}))
    return folder

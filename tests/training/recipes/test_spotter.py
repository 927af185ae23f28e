"""Recipes of spotters: every shipped one is whole, and what is wrong with one is told with its line."""

from __future__ import annotations

import numpy as np
import pytest

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.resources import resource_folder
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.registry import find_spotter
from mevqa.training.recipes.files import find_recipe
from mevqa.training.recipes.recipe import read_any_recipe
from mevqa.training.recipes.spotter import SpotterRecipe

SHIPPED = sorted((resource_folder("finetune") / "spotting").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_recipe_builds_its_network(path):
    recipe = read_any_recipe(f"spotting/{path.stem}")
    assert isinstance(recipe, SpotterRecipe) and recipe.title
    system = find_spotter(recipe.spotter)
    system.decoder(recipe)
    graphs = {"causal": np.zeros((12, 12)).tolist(), "co_occurrence": np.eye(12).tolist()}
    channels = {"me-tst": 10, "nodes": 24}.get(system.view, 36)
    priors = Priors(
        step_ms=1000 / 30,
        scale=(1.0,) * channels,
        classes=("negative", "positive"),
        class_weights=(1.0,) * 3,
        own=graphs,
    )
    assert sum(parameter.numel() for parameter in system.build(recipe.network, channels, priors).parameters()) > 1000
    for name in (f"spotting/{path.stem}", f"finetune/spotting/{path.name}"):
        assert find_recipe(name).samefile(path)


def test_unknown_keys_and_systems_are_reported_with_their_line(tmp_path):
    path = tmp_path / "own.yaml"
    for text, message in (
        ("spotter: me-tst\nnetwork:\n  wdith: 8\n", r"own.yaml:3: unknown key 'network.wdith'; did you mean 'width'\?"),
        ("title: a\nspotter: me-tts\n", r"own.yaml:2: spotter: unknown spotter 'me-tts'; did you mean 'me-tst'\?"),
        ("spotter: motion\n", "motion has no network to train; mevqa spot --fit"),
        ("spotter: me-tst\nsteps: 3\n", "own.yaml:2: unknown key 'steps'"),
        ("spotter: me-tst\ndecoder: {folds: 1}\n", "one group leaves nobody to learn from"),
        ("spotter: me-tst\nkinds: [micro, micro]\n", "name micro, macro or both, each once"),
        ("spotter: me-tst\ntraining: {windows: {hop: 0.8}}\n", "needs a hop of at most 0.5"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_any_recipe(str(path))


def test_a_recipe_is_extended_and_overridden(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    path.write_text("extends: me-tst-small\nnetwork: {depth: 2}\n")
    recipe = read_any_recipe(str(path), ["training.rate=0.1", "kinds=[micro, macro]"])
    assert (recipe.network.width, recipe.network.depth) == (32, 2)
    assert recipe.training.rate == 0.1 and recipe.kinds == ("micro", "macro")
    assert main(["finetune", str(path), "--print", "--out", "there"]) == 0
    assert "spotter: me-tst" in (printed := capsys.readouterr().out) and "output: there" in printed

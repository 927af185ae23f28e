"""The guide to recipes of spotters names every recipe and explains every key."""

import re
import shlex

import pytest

from mevqa.cli import build_parser
from mevqa.resources import resource_folder
from mevqa.spotting.learning.config import Augmentation, Decoding, Training, Windows
from mevqa.training.recipes.spotter import SpotterRecipe

FOLDER = resource_folder("finetune") / "spotting"
GUIDE = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_key_and_every_recipe_is_explained():
    named = {part for text in re.findall(r"`([\w.]+)`", GUIDE) for part in text.split(".")}
    keys = [name for block in (SpotterRecipe, Training, Windows, Augmentation, Decoding) for name in block.model_fields]
    assert not {name for name in keys if name not in named and f"{name}=" not in GUIDE}
    listed = [
        name
        for row in re.findall(r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \| ", GUIDE, re.MULTILINE)
        for name in row.split(", ")
    ]
    recipes = {path.stem for path in FOLDER.glob("*.yaml")}
    assert {name.strip("`") for name in listed if "-" in name} <= recipes


@pytest.mark.parametrize("line", re.findall(r"^    mevqa (.+)$", GUIDE, re.MULTILINE))
def test_every_command_parses(line):
    words = shlex.split(line)
    assert build_parser().parse_args(words).command == words[0]

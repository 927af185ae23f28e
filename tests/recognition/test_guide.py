"""The guide to recognisers explains its keys and names recipes and commands that there are."""

import re
import shlex

import pytest

from mevqa.cli import build_parser
from mevqa.recognition.registry import recogniser_names
from mevqa.resources import resource_folder
from mevqa.training.recipes.recipe import read_any_recipe
from mevqa.training.recipes.recogniser import RecogniserRecipe

FOLDER = resource_folder("finetune") / "recognition"
GUIDE = (FOLDER / "README.md").read_text(encoding="utf-8")
RECIPES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
#: Keys that mean what they mean in any recipe.
COMMON = re.findall(r"`(\w+)`", GUIDE.split("output=runs/loso\n")[1].split("are as in ")[0])


def test_every_key_is_explained_or_said_to_be_as_in_other_recipes():
    explained = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| [^|]{10,} \|$", GUIDE, re.MULTILINE)
    assert sorted([*explained, *COMMON]) == sorted(RecogniserRecipe.model_fields)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid_and_named(name):
    for written in (f"recognition/{name}", f"finetune/recognition/{name}.yaml"):
        recipe = read_any_recipe(written, ["output=out"])
    assert recipe.recogniser in recogniser_names() and recipe.title and f"`recognition/{name}`" in GUIDE


@pytest.mark.parametrize("line", re.findall(r"^    mevqa (.+)$", GUIDE.replace("\\\n", " "), re.MULTILINE))
def test_every_command_parses(line):
    words = shlex.split(line)
    assert build_parser().parse_args(words).command == words[0]

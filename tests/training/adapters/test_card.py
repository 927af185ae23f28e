"""Model cards: licence, what is asked, and no folder of the machine on which the model was trained."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from mevqa.models.base import Preferences
from mevqa.training.adapters.artifact import write_recipe
from mevqa.training.adapters.card import model_card, without_paths
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.result import FineTuningResult

# Fields hold what they may not: texts of the wrong kind.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SECRET = "/home/somebody/secret"
FINISHED = FineTuningResult(Path(SECRET), 3, 1.0, 0.5, 0.4, None, {"language": 10, "all": 100}, pushed_to=None)


def made(**settings):
    return Recipe.model_validate(
        {
            "rates": {"adapter": 1e-3},
            "lora": {"rank": 2},
            "questions": ["q.jsonl"],
            "model": "nano",
            "steps": 3,
            **settings,
        }
    )


def with_paths(value):
    """A recipe's defaults with a path in every text, and in every place that may hold one."""
    if isinstance(value, dict):
        return {key: with_paths(item) for key, item in value.items()}
    return f"{SECRET}/it" if isinstance(value, str) else [f"{SECRET}/one"] if value in ([], ()) else value


def everywhere():
    """A recipe whose every text is a path; such a one is not valid, but no field may give one away."""
    plain = made().model_dump()
    changed = {name: f"{SECRET}/{name}" if item is None else with_paths(item) for name, item in plain.items()}
    numbers = {name: plain[name] or 1 for name in ("steps", "clips", "accumulation", "seed")}
    title = f"Trained on {SECRET}/SAMM (see ~/notes.txt, C:\\Users\\me\\x or https://example.org/a/b) and/or more"
    recipe = Recipe.model_construct(**{**changed, **numbers, "title": title, "synthetic": None, "push_to": None})
    object.__setattr__(recipe, "stages", ("sft",))
    return recipe


def test_no_folder_of_this_machine_is_passed_on(tmp_path):
    recipe = everywhere()
    card = model_card(recipe, None, Preferences(views=("motion",)), FINISHED, adapter=True)
    write_recipe(tmp_path, recipe)
    for text in (card, (tmp_path / "recipe.yaml").read_text()):
        assert "somebody" not in text and "secret" not in text and "Users" not in text
        assert "https://example.org/a/b" in text and "and/or more" in text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("on /data/x/y.csv, then", "on y.csv, then"),
        ("'/data/x'", "'x'"),
        ("~/runs/a and C:\\me\\b", "a and b"),
        ("owner/model, 3/4, https://a.b/c", "owner/model, 3/4, https://a.b/c"),
    ],
)
def test_paths_in_sentences_are_their_last_part(text, kept):
    assert without_paths(text) == kept


def head(card):
    return yaml.safe_load(card.split("---")[1])


def test_the_licence_is_that_of_base_and_data_or_of_nano_alone():
    synthetic = model_card(made(model="nano"), None, Preferences(), FINISHED, adapter=True)
    assert head(synthetic)["license"] == "apache-2.0" and "base_model" not in head(synthetic)
    assert "synthetic clips alone" in synthetic
    other = model_card(made(model="owner/vlm"), None, Preferences(), FINISHED, adapter=False)
    assert head(other)["license"] == "other" and head(other)["license_name"] == "that-of-base-and-data"
    assert head(other)["base_model"] == "owner/vlm" and head(other)["library_name"] == "transformers"


@pytest.mark.parametrize(
    ("changes", "adapter", "asked"),
    [
        ({"model": "owner/vlm"}, True, '"owner/vlm", options=mevqa.ModelOptions(adapter="THIS_FOLDER")'),
        ({"model": "owner/vlm", "push_to": "me/tuned"}, True, 'mevqa.ModelOptions(adapter="me/tuned")'),
        ({"model": "owner/vlm", "push_to": "me/tuned"}, False, 'questions, "me/tuned")'),
    ],
)
def test_the_lines_of_python_name_what_the_reader_has(changes, adapter, asked):
    card = model_card(made(**changes), None, Preferences(), FINISHED, adapter=adapter)
    (block,) = re.findall(r"^```python\n(.*?)^```", card, re.MULTILINE | re.DOTALL)
    ast.parse(block)
    assert asked in block

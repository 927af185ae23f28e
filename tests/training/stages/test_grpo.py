"""Rewards by the official scorers by hand, the test of readiness, and a step of trl on every kind of model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from adapters import save_base
from map_clips import write_maps
from peft.utils import save_and_load
from safetensors.torch import load_file
from tiny_rows import ALL

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import as_question
from mevqa.training.examples.clips import read_clips, training_clips
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.stages import staged
from mevqa.training.stages.grading import PassRates
from mevqa.training.stages.grpo import ConversationRows, first_and_last, train_rewards
from mevqa.training.stages.rewards import REWARDS
from mevqa.training.stages.samples import SampledAnswers
from mevqa.types import Reply

pytestmark = pytest.mark.filterwarnings("ignore")

SETTINGS = {
    "model": "nano",
    "device": "cpu",
    "lora": {"rank": 2, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 1,
    "clips": 1,
    "save_every": 1,
    "probe": False,
    "views": ["motion"],
    "variant": "brief",
    "stages": ["sft", "grpo"],
    "grpo": {"steps": 2, "samples": 2, "tokens": 6, "rate": 1.0, "force": True},
}
ANALYSIS = "The micro-expression shows the action unit {}. Therefore, the fine-grained expression class is {}, and {}"


@pytest.fixture(scope="module")
def questions(tmp_path_factory) -> Path:
    return write_maps(tmp_path_factory.mktemp("data"), subjects=2, each=1)


@pytest.fixture
def make(questions):
    def made(**settings) -> Recipe:
        places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
        return Recipe.model_validate(SETTINGS | places | settings)

    return made


@pytest.mark.parametrize(
    "text, reference, answer, rewards",
    [
        ("What is the coarse expression class?", "positive", "positive", (1, None, 1, 1)),
        ("What is the coarse expression class?", "positive", "It is Positive.", (1, None, 0, 1)),
        ("What is the coarse expression class?", "positive", "negative " * 9, (0, None, 0, 0)),
        ("What are the action units?", "brow lowerer, lid tightener", "brow lowerer", (None, 2 / 3, 1, 1)),
        ("What are the action units?", "brow lowerer, lid tightener", "none of them", (None, 0, 0, 1)),
        (
            "Please analyse the micro-expression shown in this video in detail.",
            ANALYSIS.format("brow lowerer", "disgust", "the coarse expression class is negative."),
            ANALYSIS.format("brow lowerer", "anger", "the coarse expression class is negative."),
            (0.5, 1, 1, 1),
        ),
    ],
)
def test_rewards_are_what_the_official_scorers_say(text, reference, answer, rewards):
    question = replace(as_question(text, "clip", "casme2"), reference=reference)
    values = [reward(question, Reply(answer)) for reward in REWARDS.values()]
    assert values == [value if value is None else pytest.approx(value) for value in rewards]
    cut = [reward(question, Reply(answer, truncated=True)) for reward in REWARDS.values()]
    # An answer that was cut off is in no wording, and says nothing that counts.
    assert cut[2:] == [0.0, 0.0]


@pytest.mark.parametrize("name", ["nano", *(pytest.param(name, marks=pytest.mark.slow) for name in ALL)])
def test_every_kind_of_model_learns_from_rewards(name, make, tmp_path):
    base = name if name == "nano" else str(save_base(name, tmp_path / "base"))
    recipe = make(model=base)
    finished = staged.train(recipe, read_clips(recipe), tmp_path / "out")
    stage = finished.stages[1]
    assert (stage.name, stage.steps) == ("grpo", 2) and all(0 <= value <= 2.3 for value in stage.rewards)
    assert "mean reward" in "".join(finished.lines())
    before, after = (
        load_file(folder / "adapter_model.safetensors")
        for folder in (tmp_path / "out" / "stages" / "sft", tmp_path / "out")
    )
    assert before.keys() == after.keys()
    load_model(base, ModelOptions(adapter=str(tmp_path / "out"), device="cpu"))
    assert staged.train(recipe, read_clips(recipe), tmp_path / "out") == finished


def test_saving_checkpoints_asks_the_hub_for_nothing(make, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(save_and_load, "check_file_exists_on_hf_hub", lambda *args, **kwargs: asked.append(args))
    recipe = make()
    staged.train(recipe, read_clips(recipe), tmp_path / "out")
    assert asked == []


@pytest.mark.parametrize(
    "rewards, first, last",
    [([1.5], 1.5, 1.5), ([1, 2, 3], 1, 3), ([0, 2, *[9.0] * 16, 4, 8], 1, 6)],
)
def test_rewards_are_compared_over_a_tenth_of_the_steps(rewards, first, last):
    assert first_and_last(rewards) == (first, last)


def of_recipe(recipe):
    return training_clips(read_clips(recipe), PromptLibrary.load(variant="brief"))


def drawn(at_1: float, at_8: float):
    """Answers of which so many pass."""

    class Known(SampledAnswers):
        def rates(self, k):
            return {"all": PassRates(10, k, at_1, at_8)}

    return Known({}, {}, {})


def test_rewards_are_begun_only_where_choosing_among_several_answers_could_gain(make, tmp_path, monkeypatch, capsys):
    settings = {"validation": {"share": 0.5, "every": 1}, "grpo": SETTINGS["grpo"] | {"force": False}}
    begun = []
    monkeypatch.setattr(staged, "train_rewards", lambda *args, **kwargs: begun.append(args) or pytest.fail("trained"))
    recipe = make(**settings)
    monkeypatch.setattr(staged, "draw_answers", lambda *args: drawn(0.6, 0.75))
    with pytest.raises(InputError) as refused:
        staged.train(recipe, read_clips(recipe), tmp_path / "out")
    assert "pass@8 exceeds pass@1 by 0.150 (0.750 and 0.600) on 10 questions about subjects" in str(refused.value)
    assert "--force trains all the same" in str(refused.value) and "\n" not in str(refused.value) and not begun
    assert "stage grpo: pass@8 exceeds pass@1 by 0.150" in capsys.readouterr().err
    for forced, rates in ((True, (0.6, 0.6)), (False, (0.6, 0.76))):
        monkeypatch.setattr(staged, "draw_answers", lambda *args, rates=rates: drawn(*rates))
        with pytest.raises(pytest.fail.Exception):
            again = make(**settings | {"grpo": SETTINGS["grpo"] | {"force": forced}})
            staged.train(again, read_clips(again), tmp_path / "out")
    assert len(begun) == 2


def test_what_rewards_need_is_one_line(make, tmp_path, monkeypatch, capsys):
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(SETTINGS | {"grpo": {}}))
    assert main(["finetune", str(path), "output=out"]) == 2
    assert "grpo measures on other subjects whether it is worth while: set validation.share" in capsys.readouterr().err
    zero = ["grpo.weights.classes=0", "grpo.weights.units=0", "grpo.weights.format=0", "grpo.weights.length=0"]
    assert main(["finetune", str(path), "--force", *zero]) == 2
    assert "every weight is 0" in capsys.readouterr().err
    monkeypatch.setattr("mevqa.training.stages.grpo.importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'mevqa\[grpo\]'"):
        staged.train(make(), read_clips(make()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_trl_cannot_train_is_one_line(make, tmp_path, monkeypatch):
    """As LLaVA-OneVision with several views, whose pictures trl does not cut into samples."""

    def fails(*args, **kwargs):
        raise RuntimeError("split_with_sizes expects\nother sizes")

    monkeypatch.setattr("mevqa.training.stages.grpo._trainer", fails)
    recipe = make(stages=["sft"])
    with pytest.raises(InputError) as refused:
        train_rewards(recipe, read_clips(recipe), of_recipe(recipe), tmp_path / "out")
    assert "trl cannot train llava models (RuntimeError: split_with_sizes expects other sizes)" in str(refused.value)
    row = ConversationRows.__getitem__

    def otherwise_worded(self, place):
        other = row(self, place)
        other["prompt"][-1]["content"][-1]["text"] += " Please."
        return other

    monkeypatch.setattr(ConversationRows, "__getitem__", otherwise_worded)
    with pytest.raises(InputError, match="trl words the questions of this model otherwise than it is asked"):
        train_rewards(recipe, read_clips(recipe), of_recipe(recipe), tmp_path / "out")


def test_that_no_question_can_be_graded_is_one_line(make, tmp_path, monkeypatch):
    monkeypatch.setattr("mevqa.training.stages.grpo.graded", lambda question: False)
    recipe = make(stages=["sft"])
    with pytest.raises(InputError, match="nothing can be rewarded; leave grpo out"):
        train_rewards(recipe, read_clips(recipe), of_recipe(recipe), tmp_path / "out")

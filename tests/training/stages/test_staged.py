"""Supervised tuning, then training on drawn answers that are right: interrupted, continued, left one subject out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from map_clips import write_maps
from safetensors.torch import load_file
from tiny import views

from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.models.transformers.sampling import sample_replies
from mevqa.questions.question_types import as_question
from mevqa.training.continuation import Continuation
from mevqa.training.examples.clips import read_clips
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.stages import samples as sampling
from mevqa.training.stages.samples import SampledAnswers
from mevqa.training.stages.staged import Stages, train
from mevqa.types import Request

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SETTINGS = {
    "model": "nano",
    "lora": {"rank": 2, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 2,
    "clips": 2,
    "save_every": 1,
    "probe": False,
    "stages": ["sft", "rft"],
    "rft": {"samples": 3, "steps": 1, "share": 1.0, "f1": 0.5},
}


@pytest.fixture(scope="module")
def questions(tmp_path_factory) -> Path:
    return write_maps(tmp_path_factory.mktemp("data"), subjects=3, each=1)


@pytest.fixture
def recipe(questions) -> Recipe:
    places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
    return Recipe.model_validate(SETTINGS | places)


def drawn_rows(folder: Path) -> list[dict]:
    lines = (folder / "stages" / "samples" / "samples.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def weights(folder: Path):
    return {name: value.numpy() for name, value in load_file(folder / "adapter_model.safetensors").items()}


def test_stages_end_in_an_adapter_with_their_pass_rates_and_go_on_where_they_were_interrupted(
    recipe, tmp_path, monkeypatch
):
    finished = train(recipe, read_clips(recipe), tmp_path / "whole")
    first, second = finished.stages
    assert (first.name, first.steps, second.name, second.steps) == ("sft", 2, "rft", 1)
    count, at_1, at_k = second.rates["all"]
    assert count == 12 and 0 < at_1 <= at_k <= 1 and {"coarse", "fine", "au_list", "au_presence"} < set(second.rates)
    rows = drawn_rows(tmp_path / "whole")
    assert len(rows) == 12 and all(len(row["answers"]) == 3 for row in rows)
    assert at_1 == pytest.approx(np.mean([row["passed"] for row in rows]), abs=1e-5)
    assert at_k == pytest.approx(np.mean([any(row["passed"]) for row in rows]), abs=1e-5)
    report = "\n".join(finished.lines())
    assert "3 answers drawn to each of 12 questions" in report and f"pass@1 to pass@3: all {at_1:.3f} to" in report
    record = json.loads((tmp_path / "whole" / "training.json").read_text())
    assert record["finished"]["stages"][1]["rates"]["all"] == [count, at_1, at_k]
    assert "stage rft" in (tmp_path / "whole" / "README.md").read_text()
    assert train(recipe, read_clips(recipe), tmp_path / "whole") == finished
    assert load_model("nano", ModelOptions(adapter=str(tmp_path / "whole"), device="cpu")).preferences.views

    drawn = []

    def interrupted(*args, **kwargs):
        if len(drawn) == 1:
            raise KeyboardInterrupt
        drawn.append(sample_replies(*args, **kwargs))
        return drawn[-1]

    with monkeypatch.context() as patch:
        patch.setattr(sampling, "sample_replies", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, read_clips(recipe), tmp_path / "torn")
    assert len(drawn_rows(tmp_path / "torn")) == 4
    with (tmp_path / "torn" / "stages" / "samples" / "samples.jsonl").open("a") as log:
        log.write('{"id": "half a li')
    again = train(recipe, read_clips(recipe), tmp_path / "torn")
    assert again.stages == finished.stages and drawn_rows(tmp_path / "torn") == rows
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "torn")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    before = weights(tmp_path / "whole" / "stages" / "sft")
    assert any(not np.array_equal(whole[name], before[name]) for name in whole)
    changed = recipe.model_copy(update={"rft": recipe.rft.model_copy(update={"share": 0.25})})
    with pytest.raises(InputError, match=r"recipe.rft.share: then 1.0, now 0.25"):
        train(changed, read_clips(recipe), tmp_path / "whole")


def test_only_subjects_of_the_training_side_are_drawn_for_in_a_fold(questions, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(SETTINGS | {"steps": 1, "rft": SETTINGS["rft"] | {"samples": 1}}))
    places = [f"questions={questions}", f"precomputed.flow={questions.parent / 'maps'}", f"output={tmp_path / 'out'}"]
    assert main(["loso", str(path), *places, "--shard", "1/3"]) == 0
    fold = tmp_path / "out" / "folds" / "casme2-sub01" / "adapter"
    held = json.loads((fold / "stages" / "samples" / "manifest.json").read_text())["clips"]
    assert held == ["sub02_EP01", "sub03_EP01"]
    assert {row["id"].split("_")[1] for row in drawn_rows(fold)} == {"sub02", "sub03"}


def test_answers_are_drawn_by_the_seed_alone():
    model = load_model("nano", ModelOptions(device="cpu"))
    pictures = views(0, 1, 28)
    requests = [Request("What are the action units?"), Request("What is the coarse expression class?")]
    seeds = [[(7, number) for number in range(6)], [(8, number) for number in range(6)]]
    drawn = sample_replies(model, "", pictures, requests, seeds, 1.5)
    assert drawn == sample_replies(model, "", pictures, requests, seeds, 1.5)
    assert len({reply.text for reply in drawn[0]}) > 1
    swapped = sample_replies(model, "", pictures, requests[::-1], seeds[::-1], 1.5)
    assert [[reply.text for reply in own] for own in swapped[::-1]] == [[reply.text for reply in own] for own in drawn]
    cold = sample_replies(model, "", pictures, requests, seeds, 1e-3)
    assert len({reply.text for reply in cold[0]}) == 1 and sample_replies(model, "", pictures, [], []) == []


def test_questions_are_learned_with_drawn_answers_in_their_share_of_turns():
    questions = [as_question("What are the action units?", "clip", "casme2")]
    later = Continuation(frozenset(), {questions[0].id: ("a", "b")}, 0.5)
    learned = [later.mixed(questions, np.random.default_rng(seed))[0].reference for seed in range(200)]
    assert {None, "a", "b"} == set(learned) and 60 < learned.count(None) < 140
    none_right = Continuation(frozenset(), {}, 1.0)
    assert none_right.mixed(questions, np.random.default_rng(0)) == questions


@pytest.mark.parametrize(
    "override, message",
    [
        ("stages=rft", "stages are one of sft, or sft,rft, or sft,grpo, or sft,rft,grpo"),
        ("stages=sft,sft", "stages are one of sft, or sft,rft, or sft,grpo, or sft,rft,grpo"),
        ("stages=sft,rtf", "stages"),
        ("rft.samples=0", "rft.samples"),
    ],
)
def test_stages_that_cannot_be_are_one_line(tmp_path, capsys, override, message):
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(SETTINGS))
    assert main(["finetune", str(path), override, f"output={tmp_path / 'out'}"]) == 2
    printed = capsys.readouterr().err
    assert message in printed and printed.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_that_no_drawn_answer_is_right_is_one_line(recipe, tmp_path, monkeypatch):
    none_right = SampledAnswers({"a": ("positive", None)}, {"a": (False, False)}, {"a": "coarse"})
    monkeypatch.setattr(Stages, "_draw", lambda *args: none_right)
    stages = Stages(recipe, read_clips(recipe), tmp_path / "out", [], [], None, "")
    with pytest.raises(InputError, match="none of the answers drawn to 1 questions is right: .* lower rft.f1"):
        stages.reject(tmp_path)


def test_unicode_line_separators_inside_an_answer_do_not_break_the_log(tmp_path):
    row = {"id": "q", "answers": [None], "passed": [False], "raw": ["a\u2028b\x85c"]}
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert list(sampling._rows(path)) == [row]


@pytest.mark.parametrize(
    "content, message",
    [
        (b'{"id": "q", "answers": ["\xff"], "passed": [true]}\n', "is not UTF-8 at byte 26; delete the file"),
        (b'{"id": "q", "answers": [3], "passed": [true]}\n', "samples.jsonl:1: is no line of drawn answers; delete"),
        (b'{"id": "q", "answers": ["a"], "passed": [1]}\n', "samples.jsonl:1: is no line of drawn answers; delete"),
        (
            b'{"id": "q", "answers": "ab", "passed": [true, false]}\n',
            "samples.jsonl:1: is no line of drawn answers; delete",
        ),
        (b"[]\n", "samples.jsonl:1: is no line of drawn answers; delete"),
    ],
)
def test_a_damaged_log_of_drawn_answers_is_one_line(tmp_path, content, message):
    (tmp_path / "samples.jsonl").write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(sampling._rows(tmp_path / "samples.jsonl"))
    assert message in str(caught.value)

"""A training that is called again: finished, interrupted, killed, or with other inputs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from short_trainings import SETTINGS, command, train, weights, write_recipe

from mevqa.cli import main
from mevqa.errors import InputError, ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.digest import content_digest
from mevqa.models.registry import load_model
from mevqa.training.adapters.adapter_source import find_adapter

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

#: Runs the command, and kills its own process without warning after a step.
KILLED = """
import os, signal, sys
from mevqa.training.trainer.console import Console
step, after = int(sys.argv[1]), Console.on_step_end

def die(self, args, state, control, **kwargs):
    after(self, args, state, control, **kwargs)
    if state.global_step == step:
        os.kill(os.getpid(), signal.SIGKILL)

Console.on_step_end = die
from mevqa.cli import main
from mevqa.resources import resource_folder
sys.exit(main(sys.argv[2:]))
"""


#: Everything that chance or a counter takes part in.
EVERYTHING = {
    "lora": {"rank": 4, "dropout": 0.3, "targets": ["language"]},
    "rates": {"adapter": 1e-2},
    "augmentation": {"versions": 3, "mirror": 0.5, "shift": 0.05, "scale": 0.05},
    "balance": {"classes": "coarse", "questions": 3},
    "synthetic": {"share": 0.5},
    "average": 0.8,
    "steps": 8,
    "accumulation": 2,
    "smoothing": 0.05,
}


OPTIONS = [
    {"save_every": 3, "workers": 1, "lora": {"rank": 4, "dropout": 0.3, "targets": ["everything"]}},
    {"validation": {"share": 0.25, "every": 3, "patience": 2}},
]


def test_a_finished_training_is_not_done_again(make, monkeypatch):
    first = train(make())

    def refuse(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr("mevqa.training.trainer.trainer.PackedTrainer.train", refuse)
    assert train(make()) == first


def test_what_was_begun_otherwise_is_refused_and_named(make):
    train(make())
    with pytest.raises(InputError, match=r"recipe.rates.adapter: then 0.001, now 0.002"):
        train(make(rates={"adapter": 0.002}))
    assert train(make(workers=1, log_every=3, save_every=7)).steps == 3


def test_a_training_is_not_continued_on_other_moments(make, questions, tmp_path):
    labels = tmp_path / "annotations.csv"
    clips = sorted({json.loads(line)["image_id"] for line in questions.read_text().splitlines()})
    labels.write_text("clip,onset,apex,offset\n" + "".join(f"{clip},0,5,9\n" for clip in clips))
    train(make(annotations=[str(labels)]))
    train(make(annotations=[str(labels)]))
    labels.write_text(labels.read_text().replace(",5,", ",6,"))
    with pytest.raises(InputError, match="annotations: then"):
        train(make(annotations=[str(labels)]))


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS, ids=["trained eyes", "validated"])
def test_a_killed_training_goes_on_to_the_same_bits(options, questions, tmp_path):
    path = write_recipe(tmp_path, **SETTINGS | EVERYTHING | options)

    def run(out: Path, *before: str) -> subprocess.CompletedProcess:
        words = [sys.executable, *before, *command(path, questions, out)]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    killed = run(tmp_path / "torn", "-c", KILLED, "5")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept = sorted(p.name for p in (tmp_path / "torn" / "checkpoints").iterdir())
    assert kept == ["checkpoint-3"] and not (tmp_path / "torn" / "adapter_model.safetensors").exists()
    for folder in ("torn", "whole"):
        done = run(tmp_path / folder, "-m", "mevqa")
        assert done.returncode == 0, done.stderr
    torn, whole = weights(tmp_path / "torn"), weights(tmp_path / "whole")
    assert torn.keys() == whole.keys() and all(torch.equal(value, torn[key]) for key, value in whole.items())
    records = [json.loads((tmp_path / f / "training.json").read_text())["finished"] for f in ("torn", "whole")]
    assert records[0] == records[1]
    assert content_digest(tmp_path / "torn") == content_digest(tmp_path / "whole")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals")
def test_an_interrupt_says_how_to_go_on(questions, tmp_path, monkeypatch, capsys):
    from mevqa.training.trainer.console import Console

    def interrupt(self, args, state, control, **kwargs):
        if state.global_step == 2:
            raise KeyboardInterrupt

    path = write_recipe(tmp_path, **SETTINGS | {"save_every": 1})
    with monkeypatch.context() as patch:
        patch.setattr(Console, "on_step_end", interrupt)
        assert main(command(path, questions, tmp_path / "out")) == 130
    assert "run the same command again to continue" in capsys.readouterr().err
    assert main(command(path, questions, tmp_path / "out")) == 0
    assert "3 steps" in capsys.readouterr().out


def test_the_folder_of_an_interrupted_training_is_neither_an_adapter_nor_a_model(make, tmp_path, monkeypatch):
    recipe = make(save_every=1)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt  # after the weights, before what says that they are whole

    with monkeypatch.context() as patch:
        patch.setattr("mevqa.training.adapters.artifact.model_card", killed)
        with pytest.raises(KeyboardInterrupt):
            train(recipe)
    out = tmp_path / "out"
    assert (out / "adapter_model.safetensors").is_file()
    mend = "its training was interrupted and is not finished; run the same command again to continue it"
    with pytest.raises(ModelError, match=mend):
        load_model("nano", ModelOptions(adapter=str(out), device="cpu"))
    with pytest.raises(ModelError, match=mend):
        find_adapter(str(out))
    with pytest.raises(ModelError, match=mend):
        train(make(adapter=str(out), output=str(tmp_path / "further")), tmp_path / "further")
    with pytest.raises(ModelError, match=mend):
        load_model(str(out), ModelOptions(device="cpu"))
    train(recipe)
    assert load_model("nano", ModelOptions(adapter=str(out), device="cpu")).revision


def test_equal_trainings_leave_equal_files(make, tmp_path, monkeypatch):
    """PEFT keeps the names of layers in a set, whose order is another in each process, and time passes."""
    from mevqa.training.trainer import weights as written

    train(make(lora={"rank": 4, "targets": ["everything"]}))
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["target_modules"] == sorted(config["target_modules"])
    assert "seconds" not in (tmp_path / "out" / "training.json").read_text()
    (tmp_path / "shuffled.json").write_text(json.dumps(config | {"target_modules": config["target_modules"][::-1]}))
    written._sort_names(tmp_path / "shuffled.json")
    assert json.loads((tmp_path / "shuffled.json").read_text()) == config

"""A training that is interrupted and goes on, and checkpoints that were not written whole."""

from __future__ import annotations

import json
import shutil

import pytest
from packed_trainings import (
    InterruptAfterSaving,
    equal,
    interrupted,
    kept,
    run,
    trainer,
)
from safetensors.torch import load_file

from mevqa.training.trainer.trained_parts import trained
from mevqa.training.trainer.trainer import checkpoints

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize(
    "options",
    [
        {"lora": {"dropout": 0.3}},
        {"lora": {"dropout": 0.3}, "average": 0.8, "accumulation": 2, "workers": 1},
        {"average": 0.8, "checkpointing": True, "feature_cache": 0.0},
    ],
)
@pytest.mark.parametrize("step", [1, 3, 4, 5])
def test_an_interrupted_training_ends_bit_by_bit_as_an_uninterrupted_one(tmp_path, options, step):
    options = {"steps": 6, "save_every": 2} | options
    whole = run(tmp_path / "whole", **options)
    interrupted(tmp_path / "torn", step, **options)
    assert equal(run(tmp_path / "torn", **options), whole)


@pytest.mark.parametrize("step", [3, 4, 5, 7])
def test_losses_are_reported_after_an_interruption_as_without_one(tmp_path, step):
    """Checkpoints fall between two reports."""
    options = {"steps": 8, "save_every": 2, "log_every": 3, "accumulation": 2}

    def losses(made):
        return [(entry["step"], entry["loss"]) for entry in made.state.log_history if "loss" in entry]

    whole = trainer(tmp_path / "whole", **options)
    whole.train()
    interrupted(tmp_path / "torn", step, **options)
    torn = trainer(tmp_path / "torn", **options)
    torn.train(resume_from_checkpoint=torn.last_checkpoint())
    assert losses(torn) == losses(whole) and [step for step, _ in losses(whole)] == [3, 6]


def test_a_checkpoint_of_an_earlier_release_holds_no_losses(tmp_path):
    options = {"steps": 6, "save_every": 2, "log_every": 3}
    interrupted(tmp_path, 5, **options)
    state = checkpoints(tmp_path)[-1] / "trainer_state.json"
    content = json.loads(state.read_text())
    del content["stateful_callbacks"]["UnreportedLoss"]
    state.write_text(json.dumps(content))
    made = trainer(tmp_path, **options)
    made.train(resume_from_checkpoint=made.last_checkpoint())
    first, last = (entry["loss"] for entry in made.state.log_history if "loss" in entry)
    assert last == pytest.approx(first, rel=0.5)


def test_a_training_can_be_interrupted_again_and_again(tmp_path):
    options = {"steps": 6, "save_every": 1, "lora": {"dropout": 0.3}, "average": 0.8}
    for step in (2, 3, 5, 6):
        interrupted(tmp_path / "torn", step, **options)
    assert equal(run(tmp_path / "torn", **options), run(tmp_path / "whole", **options))


@pytest.mark.parametrize("written", ["weights", "optimizer", "half of the state", "state"])
def test_a_checkpoint_that_was_not_written_whole_is_passed_over(tmp_path, written):
    """A kill can come while a checkpoint is being written: weights, optimiser, state and average, in this order."""
    options = {"steps": 6, "save_every": 2, "lora": {"dropout": 0.3}, "average": 0.8}
    whole = run(tmp_path / "whole", **options)
    interrupted(tmp_path / "torn", 5, **options)
    newest = checkpoints(tmp_path / "torn")[-1]
    assert newest.name == "checkpoint-4"
    (newest / "average.safetensors").unlink()
    state = newest / "trainer_state.json"
    text = state.read_text()
    if written != "state":
        state.write_text(text[: len(text) // 2]) if written == "half of the state" else state.unlink()
    if written == "weights":
        for path in newest.glob("*.pt*"):
            path.unlink()
    assert equal(run(tmp_path / "torn", **options), whole)


@pytest.mark.parametrize("name", ["trained.safetensors", "average.safetensors", "optimizer.pt", "rng_state.pth"])
@pytest.mark.parametrize("left", [0.0, 0.7])
def test_a_checkpoint_that_a_power_cut_shortened_is_passed_over(tmp_path, name, left):
    options = {"steps": 6, "save_every": 2, "lora": {"dropout": 0.3}, "average": 0.8}
    interrupted(tmp_path, 5, **options)
    path = checkpoints(tmp_path)[-1] / name
    content = path.read_bytes()
    path.write_bytes(content[: int(left * len(content))])
    assert trainer(tmp_path, **options).last_checkpoint() == str(tmp_path / "checkpoint-2")


def test_a_training_that_was_interrupted_at_its_very_end_is_done(tmp_path):
    options = {"steps": 4, "save_every": 2, "average": 0.8}
    whole = run(tmp_path / "whole", **options)
    torn = trainer(tmp_path / "torn", callbacks=[InterruptAfterSaving(4)], **options)
    with pytest.raises(KeyboardInterrupt):
        torn.train()
    again = trainer(tmp_path / "torn", **options)
    again.train(resume_from_checkpoint=again.last_checkpoint())
    assert again.state.global_step == 4 and equal(kept(again), whole)


def test_a_checkpoint_holds_what_is_trained_and_nothing_else_of_the_model(tmp_path):
    made = trainer(tmp_path, save_every=2, average=0.5)
    made.train()
    newest = checkpoints(tmp_path)[-1]
    stored = load_file(newest / "trained.safetensors")
    assert equal(stored, {key: value.detach() for key, value in trained(made.model)})
    assert set(load_file(newest / "average.safetensors")) == set(stored)
    assert not list(newest.glob("*.bin")) and not (newest / "model.safetensors").exists()
    assert json.loads((newest / "trainer_state.json").read_text())["global_step"] == 4
    assert len(checkpoints(tmp_path)) == 2
    shutil.rmtree(newest)
    assert made.last_checkpoint().endswith("checkpoint-2")

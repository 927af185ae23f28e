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


#: Dropout draws numbers at random, and the average goes on behind the weights.
ALL_KEPT = {"steps": 6, "save_every": 2, "lora": {"dropout": 0.3}, "average": 0.8}
PLAIN = {"steps": 6, "save_every": 2, "lora": {"dropout": 0.3}}
ACCUMULATED = ALL_KEPT | {"accumulation": 2, "workers": 1}
CHECKPOINTED = {"steps": 6, "save_every": 2, "average": 0.8, "checkpointing": True, "feature_cache": 0.0}
REPORTED = {"steps": 8, "save_every": 2, "log_every": 3, "accumulation": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Weights after trainings that nothing interrupts, each trained once."""
    trained_weights = {}

    def train(**options):
        key = repr(sorted(options.items()))
        if key not in trained_weights:
            trained_weights[key] = run(tmp_path_factory.mktemp("whole"), **options)
        return trained_weights[key]

    return train


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    """A training that was interrupted after its checkpoint of step 4."""
    folder = tmp_path_factory.mktemp("torn")
    interrupted(folder, 5, **ALL_KEPT)
    return folder


# Without a checkpoint (1), behind one (3, 5), and at the step of one that is not written yet (4).
@pytest.mark.parametrize(
    ("options", "step"),
    [
        (PLAIN, 5),
        (ALL_KEPT, 1),
        (ALL_KEPT, 5),
        (ACCUMULATED, 3),
        (ACCUMULATED, 4),
        (CHECKPOINTED, 3),
        (CHECKPOINTED, 5),
    ],
)
def test_an_interrupted_training_ends_bit_by_bit_as_an_uninterrupted_one(whole, tmp_path, options, step):
    interrupted(tmp_path, step, **options)
    assert equal(run(tmp_path, **options), whole(**options))


def losses(made):
    return [(entry["step"], entry["loss"]) for entry in made.state.log_history if "loss" in entry]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """The losses that an uninterrupted training reports."""
    made = trainer(tmp_path_factory.mktemp("reported"), **REPORTED)
    made.train()
    return losses(made)


@pytest.mark.parametrize("step", [3, 5, 7])
def test_losses_are_reported_after_an_interruption_as_without_one(reported, tmp_path, step):
    """The last checkpoint is two steps after a report, one step, and at a report."""
    interrupted(tmp_path, step, **REPORTED)
    made = trainer(tmp_path, **REPORTED)
    made.train(resume_from_checkpoint=made.last_checkpoint())
    assert losses(made) == reported and [step for step, _ in reported] == [3, 6]


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


def test_a_training_can_be_interrupted_again_and_again(whole, tmp_path):
    options = ALL_KEPT | {"save_every": 1}
    for step in (2, 5):
        interrupted(tmp_path, step, **options)
    assert equal(run(tmp_path, **options), whole(**ALL_KEPT))


def after_a_kill(folder, written):
    """Leave of the newest checkpoint what is there before the state is whole; weights come first, the average last."""
    newest = checkpoints(folder)[-1]
    assert newest.name == "checkpoint-4"
    (newest / "average.safetensors").unlink()
    state = newest / "trainer_state.json"
    text = state.read_text()
    if written != "state":
        state.write_text(text[: len(text) // 2]) if written == "half of the state" else state.unlink()
    if written == "weights":
        for path in newest.glob("*.pt*"):
            path.unlink()


@pytest.mark.parametrize("written", ["weights", "optimizer", "half of the state", "state"])
def test_a_checkpoint_that_was_not_written_whole_is_passed_over(whole, torn, tmp_path, written):
    """A kill can come while a checkpoint is being written: weights, optimiser, state and average, in this order."""
    folder = shutil.copytree(torn, tmp_path / "torn")
    after_a_kill(folder, written)
    assert trainer(folder, **ALL_KEPT).last_checkpoint() == str(folder / "checkpoint-2")
    assert equal(run(folder, **ALL_KEPT), whole(**ALL_KEPT))


@pytest.mark.parametrize("name", ["trained.safetensors", "average.safetensors", "optimizer.pt", "rng_state.pth"])
@pytest.mark.parametrize("left", [0.0, 0.7])
def test_a_checkpoint_that_a_power_cut_shortened_is_passed_over(torn, tmp_path, name, left):
    folder = shutil.copytree(torn, tmp_path / "torn")
    path = checkpoints(folder)[-1] / name
    content = path.read_bytes()
    path.write_bytes(content[: int(left * len(content))])
    assert trainer(folder, **ALL_KEPT).last_checkpoint() == str(folder / "checkpoint-2")


def test_a_training_that_was_interrupted_at_its_very_end_is_done(whole, tmp_path):
    stopped = trainer(tmp_path, callbacks=[InterruptAfterSaving(6)], **ALL_KEPT)
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    again = trainer(tmp_path, **ALL_KEPT)
    again.train(resume_from_checkpoint=again.last_checkpoint())
    assert again.state.global_step == 6 and equal(kept(again), whole(**ALL_KEPT))


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

"""The steps of a training: their loss, their rates, their checkpoints, and going on after an interruption."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from adapters import save_base
from safetensors.torch import load_file
from tiny import SYSTEM, views
from tiny_rows import TURNS, encoder, fresh, loss_and_gradients
from torch.utils.data import Dataset
from transformers import TrainerCallback

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import collate
from mevqa.training.recipe import Lora, Rates, Recipe, Validation
from mevqa.training.trainer.health import mean_loss
from mevqa.training.trainer.trained_parts import prepare, trained
from mevqa.training.trainer.trainer import PackedTrainer, checkpoints, rate_at

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class Rows(Dataset):
    """Rows of a few clips, over and over; each with its own questions and weights."""

    def __init__(self, name: str, length: int, clips: int = 7) -> None:
        own = encoder(name)
        self._length = length
        self._rows = [
            own(
                SYSTEM,
                views(n, 1 + n % 2),
                [replace(turn, weight=1.0 + (n + i) % 3) for i, turn in enumerate(TURNS[: 1 + n % 4])],
                key=("clip", n),
            )
            for n in range(clips)
        ]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: int):
        return self._rows[place % len(self._rows)]


def recipe(**settings) -> Recipe:
    lora = {"rank": 4, "dropout": 0.0} | settings.pop("lora", {})
    defaults = {
        "model": "tiny",
        "lora": Lora(**lora),
        "rates": Rates(adapter=1e-2),
        "steps": 4,
        "clips": 2,
        "save_every": 100,
        "log_every": 1,
        "feature_cache": 0.1,
    }
    return Recipe.model_validate(defaults | settings)


def unknown_ids() -> list:
    """Rows of two clips that are not trained on."""
    rows = Rows("llava", 1, clips=9)
    return [rows[place] for place in (7, 8)]


class Interrupt(TrainerCallback):
    """Kills a training after so many steps, as a user does."""

    def __init__(self, step: int | None) -> None:
        self._step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self._step:
            raise KeyboardInterrupt


class InterruptAfterSaving(TrainerCallback):
    """Kills a training right after a checkpoint."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_save(self, args, state, control, **kwargs):
        if state.global_step == self._step:
            raise KeyboardInterrupt


def trainer(folder: Path, *, name="llava", long_video=(), callbacks=(), model=None, **settings) -> PackedTrainer:
    given = recipe(**settings)
    torch.manual_seed(0)
    model = model or PackedModel(prepare(fresh(name).model, given, base_name="base"), memory=2**26)
    places = given.steps * given.clips * given.accumulation
    return PackedTrainer(model, given, given.steps, folder, Rows(name, places), long_video, list(callbacks))


def run(folder: Path, **options) -> dict[str, torch.Tensor]:
    """Train to the end and return the weights that are kept."""
    made = trainer(folder, **options)
    made.train(resume_from_checkpoint=made.last_checkpoint())
    return kept(made)


def kept(made: PackedTrainer) -> dict[str, torch.Tensor]:
    made.keep_average()
    return {key: value.detach().clone() for key, value in trained(made.model)}


def interrupted(folder: Path, step: int, **options) -> None:
    made = trainer(folder, callbacks=[Interrupt(step)], **options)
    with pytest.raises(KeyboardInterrupt):
        made.train(resume_from_checkpoint=made.last_checkpoint())


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[key]) for key, value in one.items())


def near(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], close: float) -> None:
    for key, value in one.items():
        assert torch.allclose(value, other[key], rtol=0, atol=close), key


def test_a_step_is_on_the_mean_loss_of_its_answers_tokens_by_weight(tmp_path):
    """Plain gradient descent, so that the step shows the gradient: over all rows of the step, not row by row."""
    options = {"optimizer": "sgd", "steps": 1, "warmup": 0.0, "schedule": "constant", "max_norm": 0.0, "decay": 0.0}
    made = trainer(tmp_path, clips=4, **options)
    before = {key: value.detach().clone() for key, value in trained(made.model)}
    rows = [Rows("llava", 4)[place] for place in range(4)]
    loss, gradients = loss_and_gradients(made.model, rows)
    weight = sum(weight for row in rows for weight in row.weights)
    made.train()
    for key, value in trained(made.model):
        assert torch.allclose(value, before[key] - 1e-2 * gradients[key] / weight, atol=1e-6), key
    (logged,) = (entry["loss"] for entry in made.state.log_history if "loss" in entry)
    assert logged == pytest.approx(loss / weight, rel=1e-4)


@pytest.mark.parametrize(
    "settings", [{"clips": 2, "accumulation": 2}, {"clips": 1, "accumulation": 4}, {"packed": False}]
)
def test_accumulated_and_unpacked_steps_are_the_steps_of_whole_batches(tmp_path, settings):
    """Rows with different numbers of questions and different weights.

    Adam divides by gradients that may be next to nothing, whose rounding differs between processors: 1.4e-5 was seen.
    """
    whole = run(tmp_path / "whole", clips=4, steps=3)
    near(run(tmp_path / "parts", **{"clips": 4, "steps": 3} | settings), whole, 3e-5)
    start = {key: value.detach() for key, value in trained(trainer(tmp_path / "start", clips=4).model)}
    assert max(float((value - start[key]).abs().max()) for key, value in whole.items()) > 1e-2


@pytest.mark.parametrize("accumulation", [1, 2])
def test_places_of_the_stream_are_trained_on_in_their_order_and_once(tmp_path, accumulation):
    seen = []

    class LongVideoResult(Rows):
        def __getitem__(self, place):
            seen.append(place)
            return super().__getitem__(place)

    made = trainer(tmp_path, steps=3, accumulation=accumulation)
    made.train_dataset = LongVideoResult("llava", 6 * accumulation)
    made.train()
    assert seen == list(range(6 * accumulation))


def test_rows_of_worker_processes_are_those_of_the_process_itself(tmp_path):
    """Chance in the model (dropout) is not moved by them either."""
    options = {"lora": {"dropout": 0.3}, "average": 0.9}
    alone = run(tmp_path / "alone", **options)
    assert equal(alone, run(tmp_path / "helped", workers=2, **options))
    assert not equal(alone, run(tmp_path / "dry", average=0.9))


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


def test_the_average_is_what_is_kept_and_what_is_validated(tmp_path):
    options = {"steps": 4, "average": 0.6, "validation": Validation(share=0.5, every=2, patience=0)}
    long_video = unknown_ids()
    made = trainer(tmp_path, long_video=long_video, **options)
    history = [{key: value.detach().clone() for key, value in trained(made.model)}]

    class Record(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            history.append({key: value.detach().clone() for key, value in trained(kwargs["model"])})

    made.add_callback(Record())
    made.train()
    average, reference = history[0], {}
    for step, weights in enumerate(history[1:], start=1):
        share = min(0.6, step / (step + 10))
        average = {key: share * average[key] + (1 - share) * value for key, value in weights.items()}
        reference[step] = average
    losses = {entry["step"]: entry["eval_loss"] for entry in made.state.log_history if "eval_loss" in entry}
    assert losses.keys() == {2, 4}
    best = min(losses, key=losses.get)
    kept_now = kept(made)
    near(kept_now, reference[best], 1e-6)
    assert losses[best] == pytest.approx(mean_loss(made.model, long_video), rel=1e-5)
    assert made.state.best_metric == losses[best]


#: Soon worse on clips that are not seen than it was, at far too high a rate.
OVERSHOOTING = {
    "rates": Rates(adapter=0.1),
    "schedule": "constant",
    "warmup": 0.0,
    "steps": 12,
    "clips": 1,
    "validation": Validation(share=0.5, every=1, patience=3),
}


def evaluations(made: PackedTrainer) -> dict[int, float]:
    return {entry["step"]: entry["eval_loss"] for entry in made.state.log_history if "eval_loss" in entry}


def test_early_stopping_keeps_the_best_weights(tmp_path):
    long_video = unknown_ids()
    made = trainer(tmp_path, long_video=long_video, **OVERSHOOTING)
    made.train()
    losses = evaluations(made)
    best = min(losses, key=losses.get)
    assert made.state.global_step == best + 3 < 12
    assert losses[best + 3] > losses[best]
    assert mean_loss(made.model, long_video) == pytest.approx(losses[best], rel=1e-5)
    assert made.state.best_metric == losses[best]


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_early_stopping_counts_on_after_an_interruption(tmp_path, after):
    """Looks without improvement before the interruption count, the last one that ends the training included."""
    options = OVERSHOOTING | {"lora": {"dropout": 0.2}, "average": 0.5}
    whole = trainer(tmp_path / "whole", long_video=unknown_ids(), **options)
    whole.train()
    best = min(evaluations(whole), key=evaluations(whole).get)
    assert whole.state.global_step == best + 3 < 12
    # The step after ends before its checkpoint is written; the very last one is interrupted after it was written.
    torn = trainer(
        tmp_path / "torn", long_video=unknown_ids(), callbacks=[InterruptAfterSaving(best + after)], **options
    )
    with pytest.raises(KeyboardInterrupt):
        torn.train()
    again = trainer(tmp_path / "torn", long_video=unknown_ids(), **options)
    again.train(resume_from_checkpoint=again.last_checkpoint())
    assert again.state.global_step == whole.state.global_step
    assert again.state.best_metric == whole.state.best_metric
    assert equal(kept(again), kept(whole))


@pytest.mark.parametrize("name", ["llava", "qwen3_5"])
def test_validation_is_the_mean_loss_of_an_answers_token(tmp_path, name):
    """Also for a family whose questions cannot share a row."""
    rows = [Rows(name, 1)[place] for place in range(5)]
    made = trainer(tmp_path, name=name, long_video=rows, validation=Validation(share=0.5, every=1))
    with torch.no_grad():
        results = [made.model(collate([row])) for row in rows]
    expected = sum(float(r["loss"]) for r in results) / sum(float(r["weight"]) for r in results)
    assert made.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)


def test_rates_follow_warm_up_and_schedule():
    given = recipe(steps=100, warmup=0.1, last_rate=0.2)
    rates = [rate_at(step, recipe=given, steps=100) for step in range(101)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1.0 and rates[55] == pytest.approx(0.6) and rates[100] == pytest.approx(0.2)
    assert all(earlier >= later for earlier, later in zip(rates[10:], rates[11:], strict=False))
    linear = recipe(steps=100, warmup=0.0, schedule="linear")
    assert [rate_at(step, recipe=linear, steps=100) for step in (0, 25, 100)] == pytest.approx([1.0, 0.75, 0.0])
    constant = recipe(steps=100, warmup=0.0, schedule="constant")
    assert {rate_at(step, recipe=constant, steps=100) for step in (0, 50, 100)} == {1.0}
    assert rate_at(0, recipe=recipe(steps=1), steps=1) == 1.0


def test_each_parts_rate_follows_the_schedule_and_is_reported_with_its_gradient(tmp_path):
    given = {"rates": Rates(adapter=1e-2, projector=1e-4), "steps": 4, "warmup": 0.5, "schedule": "linear"}
    made = trainer(tmp_path, **given)
    made.train()
    logs = [entry for entry in made.state.log_history if "loss" in entry]
    # What is reported after a step is the rate of the next one.
    shares = [rate_at(step, recipe=made.recipe, steps=4) for step in range(1, 5)]
    assert [entry["rate/adapter"] for entry in logs] == pytest.approx([1e-2 * share for share in shares])
    assert [entry["rate/projector"] for entry in logs] == pytest.approx([1e-4 * share for share in shares])
    assert all(entry["clipped_grad_norm/adapter"] > 0 and entry["clipped_grad_norm/projector"] > 0 for entry in logs)


def test_dead_gradients_stop_the_training_before_a_weight_moves(tmp_path):
    made = trainer(tmp_path)
    before = {key: value.detach().clone() for key, value in trained(made.model)}
    for _, parameter in trained(made.model):
        parameter.register_hook(torch.zeros_like)
    with pytest.raises(ModelError, match="step 1: the gradient of the adapter is exactly 0"):
        made.train()
    assert equal(before, {key: value.detach() for key, value in trained(made.model)})


def test_gradients_that_are_not_numbers_stop_the_training_before_a_weight_moves(tmp_path):
    made = trainer(tmp_path)
    moved = {}

    class Poison(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            moved.update({key: value.detach().clone() for key, value in trained(kwargs["model"])})
            if state.global_step == 2:
                with torch.no_grad():
                    made.model.base.lm_head.weight[5] = float("nan")

    made.add_callback(Poison())
    with pytest.raises(ModelError, match="step 3: the gradient of the adapter is nan"):
        made.train()
    assert equal(moved, {key: value.detach() for key, value in trained(made.model)})


def test_4_bit_weights_on_a_cpu_stay_alive_through_validation(tmp_path):
    """Nothing is remembered, so that every look at the validation side reads its prefixes anew."""
    pytest.importorskip("bitsandbytes")
    folder = save_base("llava", tmp_path / "base")
    given = recipe(quantization="4bit")
    loaded = load_model(str(folder), ModelOptions(device="cpu", dtype="float32", quantization="4bit"))
    model = PackedModel(prepare(loaded.model, given, base_name="base"), memory=0)
    long_video = unknown_ids()
    options = {"quantization": "4bit", "steps": 4, "validation": Validation(share=0.5, every=1, patience=0)}
    made = trainer(tmp_path / "run", long_video=long_video, model=model, **options)
    made.train()
    norms = [entry["clipped_grad_norm/adapter"] for entry in made.state.log_history if "loss" in entry]
    assert len(norms) == 4 and min(norms) > 0.1 * max(norms)
    whole = {key: value for key, value in trained(made.model) if "lora_B" in key}
    assert all(float(value.abs().max()) > 0 for value in whole.values())


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_other_precisions_are_trained_in_too(tmp_path, precision):
    made = trainer(tmp_path, precision=precision, steps=3, rates=Rates(adapter=1e-2, projector=1e-3, vision=1e-4))
    made.train()
    losses = [entry["loss"] for entry in made.state.log_history if "loss" in entry]
    assert len(losses) == 3 and all(loss > 0 for loss in losses)
    assert {value.dtype for _, value in trained(made.model)} == {torch.float32}


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

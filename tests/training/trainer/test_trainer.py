"""Steps of the trainer: what they are on, in which order, at which rates and precision."""

from __future__ import annotations

import pytest
import torch
from adapters import save_base
from packed_trainings import (
    Rows,
    equal,
    near,
    recipe,
    run,
    trainer,
    unknown_ids,
)
from tiny_rows import loss_and_gradients
from transformers import TrainerCallback

from mevqa.errors import ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipes.recipe import Rates, Validation
from mevqa.training.trainer.trained_parts import prepare, trained
from mevqa.training.trainer.trainer import rate_at

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


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


def test_rates_follow_warm_up_and_schedule():
    settings = recipe(steps=100, warmup=0.1, last_rate=0.2)
    rates = [rate_at(step, recipe=settings, steps=100) for step in range(101)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1.0 and rates[55] == pytest.approx(0.6) and rates[100] == pytest.approx(0.2)
    assert all(earlier >= later for earlier, later in zip(rates[10:], rates[11:], strict=False))
    linear = recipe(steps=100, warmup=0.0, schedule="linear")
    assert [rate_at(step, recipe=linear, steps=100) for step in (0, 25, 100)] == pytest.approx([1.0, 0.75, 0.0])
    constant = recipe(steps=100, warmup=0.0, schedule="constant")
    assert {rate_at(step, recipe=constant, steps=100) for step in (0, 50, 100)} == {1.0}
    assert rate_at(0, recipe=recipe(steps=1), steps=1) == 1.0


def test_each_parts_rate_follows_the_schedule_and_is_reported_with_its_gradient(tmp_path):
    settings = {"rates": Rates(adapter=1e-2, projector=1e-4), "steps": 4, "warmup": 0.5, "schedule": "linear"}
    made = trainer(tmp_path, **settings)
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
    settings = recipe(quantization="4bit")
    loaded = load_model(str(folder), ModelOptions(device="cpu", dtype="float32", quantization="4bit"))
    model = PackedModel(prepare(loaded.model, settings, base_name="base"), memory=0)
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

"""Validation during training, and early stopping."""

from __future__ import annotations

import pytest
import torch
from packed_trainings import (
    InterruptAfterSaving,
    Rows,
    equal,
    kept,
    near,
    trainer,
    unknown_ids,
)
from transformers import TrainerCallback

from mevqa.training.packing.rows import collate
from mevqa.training.recipes.recipe import Rates, Validation
from mevqa.training.trainer.health import mean_loss
from mevqa.training.trainer.trained_parts import trained
from mevqa.training.trainer.trainer import PackedTrainer

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


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

"""A recipe from its clips to an adapter that answers."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout

import pytest
import torch
from adapters import save_base
from safetensors.torch import load_file
from short_trainings import answers, train, weights
from tiny import same_replies, views
from tiny_rows import ALL

from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.models.transformers.model import TransformersModel
from mevqa.synthetic import synthesise
from mevqa.training.examples.clips import read_clips
from mevqa.training.finetune import finetune
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.result import CheckpointScore
from mevqa.training.trainable_model import load_trainable_model
from mevqa.training.training_log import read_log
from mevqa.types import Request

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def asks_as_its_card_says(folder, tmp_path):
    """The lines of Python on a model's card answer about a clip."""
    (block,) = re.findall(r"^```python\n(.*?)^```", (folder / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    made = synthesise(tmp_path / "synth", 1, 5, fps=(40.0,), size=(160, 160))
    (clip,) = (made.folder / "clips").glob("*.mp4")
    lines = block.replace("THIS_FOLDER", str(folder)).replace("clip.mp4", str(clip))
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(lines, "README.md", "exec"), {})
    assert len(printed.getvalue().splitlines()) == 2


def test_an_adapter_is_saved_with_all_that_it_takes_to_ask_it_and_answers_as_the_trained_model(make, tmp_path):
    recipe = make(steps=6, rates={"adapter": 1e-2}, probe=True, log_every=2)
    trainable = load_trainable_model(recipe)
    finished = finetune(recipe, read_clips(recipe), tmp_path / "out", trainable=trainable)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "mevqa.json", "training.json", "recipe.yaml"} <= names
    assert {"README.md", "prompts", "chat_template.jinja", "tokenizer.json"} <= names and "checkpoints" not in names
    assert finished.steps == 6 and finished.probe.clips == 8 and finished.loss > 0
    loaded = load_model("nano", ModelOptions(adapter=str(tmp_path / "out"), device="cpu", option_score="sum"))
    trained_model = TransformersModel(
        trainable.wrapped.model.eval(),
        trainable.wrapped.processor,
        name="t",
        revision="t",
        options=ModelOptions(option_score="sum"),
    )
    requests = [Request("What is the coarse expression class?", ("positive", "negative", "surprise"))]
    pictures = views(0, 1, 28)
    same_replies(loaded.ask("", pictures, requests), trained_model.ask("", pictures, requests))
    base = load_model("nano", ModelOptions(device="cpu", option_score="sum")).ask("", pictures, requests)
    assert abs(base[0].options["positive"] - loaded.ask("", pictures, requests)[0].options["positive"]) > 1e-3
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["finished"]["steps"] == 6 and record["decides"]["recipe"]["steps"] == 6
    asks_as_its_card_says(tmp_path / "out", tmp_path)
    logged = read_log(tmp_path / "out")
    assert [(row["step"], row["steps"]) for row in logged] == [(2, 6), (4, 6), (6, 6)]
    assert all(row["loss"] > 0 and row["gradient"] > 0 and "rate" in row for row in logged)
    assert logged[-1]["loss"] == pytest.approx(finished.loss, rel=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_every_family_is_trained_and_its_adapter_loaded(name, make, tmp_path):
    """On motion maps, its projector with it; the loaded adapter answers as the trained weights do."""
    base = save_base(name, tmp_path / "base")
    recipe = make(
        model=str(base), views=["motion"], variant="brief", rates={"adapter": 1e-2, "projector": 1e-3}, device="cpu"
    )
    trainable = load_trainable_model(recipe)
    finetune(recipe, read_clips(recipe), tmp_path / "out", trainable=trainable)
    options = {"device": "cpu", "dtype": "float32", "option_score": "sum"}
    loaded = load_model(str(base), ModelOptions(adapter=str(tmp_path / "out"), **options))
    assert loaded.preferences.views == ("motion",) and loaded.preferences.variant == "brief"
    own = TransformersModel(
        trainable.wrapped.model.eval(),
        trainable.wrapped.processor,
        name="t",
        revision="t",
        options=ModelOptions(option_score="sum"),
    )
    replies = answers(loaded)
    own_replies = answers(own)
    assert [reply.error for reply in replies] == [reply.error for reply in own_replies]
    assert sum(reply.error is not None for reply in replies) <= 1  # a random model may end its turn at once
    same_replies([r for r in replies if r.error is None], [r for r in own_replies if r.error is None])
    plain = answers(load_model(str(base), ModelOptions(**options)))
    assert any(a.confidence != pytest.approx(b.confidence, rel=1e-3) for a, b in zip(replies, plain, strict=True))


@pytest.mark.slow
def test_a_whole_model_is_trained_from_nothing_saved_and_answers(make, tmp_path):
    """The recipe of the embedded model, a few steps of it."""
    recipe = Recipe.model_validate(
        {
            "model": "untrained-nano",
            "attention": "eager",
            "rates": {"language": 1e-3, "projector": 1e-3, "vision": 1e-3},
            "synthetic": {"share": 1.0, "rendered": 4, "seeing_steps": 2, "seeing_weight": 0.2},
            "steps": 4,
            "clips": 8,
            "average": 0.9,
            "smoothing": 0.05,
            "precision": "bfloat16",
            "workers": 1,
            "output": str(tmp_path / "model"),
        }
    )
    finished = train(recipe)
    assert finished.probe.clips == 64 and set(finished.parameters) == {"language", "projector", "vision", "all"}
    assert finished.parameters["all"] == sum(finished.parameters[part] for part in ("language", "projector", "vision"))
    model = load_model(str(tmp_path / "model"))
    assert model.preferences.views == ("motion-centred",) and model.preferences.variant == "brief"
    assert model.preferences.option_score == "sum"
    stored = load_file(tmp_path / "model" / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    requests = [Request("What is the coarse expression class?", ("positive", "negative"))]
    (reply,) = model.ask("", views(0, 1, 28), requests)
    assert reply.error is None and abs(sum(reply.options.values()) - 1) < 1e-6
    start, end = load_trainable_model(recipe).wrapped.model.state_dict(), model.model.state_dict()
    for part in ("vision_tower", "multi_modal_projector", "language_model"):
        assert any(not torch.equal(start[key].half().float(), end[key]) for key in start if part in key)


def test_real_and_synthetic_clips_are_trained_on_together_and_seeing_too(make):
    finished = train(
        make(
            lora={"rank": 4, "targets": ["everything"]},
            synthetic={"share": 0.5, "seeing_weight": 0.3},
            clips=4,
            balance={"classes": "coarse"},
        )
    )
    assert finished.steps == 3 and finished.parameters["adapter"] > 0


def test_quantised_weights_are_trained_and_validated_on_a_cpu(make, tmp_path):
    pytest.importorskip("bitsandbytes")
    base = save_base("llava", tmp_path / "base")
    recipe = make(
        model=str(base),
        views=["motion"],
        variant="brief",
        quantization="4bit",
        device="cpu",
        steps=3,
        validation={"share": 0.25, "every": 1},
        feature_cache=0.0,
        probe=True,
    )
    finished = train(recipe)
    assert finished.validation is not None and finished.probe is not None
    assert all(float(v.abs().max()) > 0 for k, v in weights(recipe.output).items() if "lora_B" in k)


@pytest.mark.parametrize("rates", [{"adapter": 1e-3}, {"adapter": 1e-3, "projector": 1e-4}])
def test_half_precision_is_trained_validated_and_probed(make, tmp_path, rates):
    """Frozen weights are in bfloat16 then, trained ones in float32."""
    base = save_base("llava", tmp_path / "base")
    validation = {"share": 0.25, "every": 2}
    common = {"model": str(base), "views": ["motion"], "variant": "brief", "device": "cpu", "probe": True}
    recipe = make(**common, rates=rates, precision="bfloat16", validation=validation)
    finished = train(recipe)
    assert finished.probe is not None and finished.validation > 0
    assert {value.dtype for value in weights(recipe.output).values()} == {torch.float32}


def test_subjects_of_the_validation_side_are_not_trained_on(make, monkeypatch):
    from mevqa.training import finetune as module

    seen = {}
    original = module.PackedTrainer.__init__

    def spy(self, model, recipe, steps, folder, stream, validation=(), callbacks=()):
        seen["trained"] = {stream[place].key[0] for place in range(len(stream))}
        seen["watched"] = {row.key[0] for row in validation}
        original(self, model, recipe, steps, folder, stream, validation, callbacks)

    monkeypatch.setattr(module.PackedTrainer, "__init__", spy)
    finished = train(make(steps=8, validation={"share": 0.25, "every": 4}))
    subjects = {side: {clip.split("_")[0] for clip in clips} for side, clips in seen.items()}
    assert subjects["trained"] and subjects["watched"] and not subjects["trained"] & subjects["watched"]
    assert finished.validation is not None


def test_epochs_count_clips(make):
    assert train(make(steps=0, epochs=1.5, clips=4)).steps == 3


def test_the_checkpoint_whose_answers_score_best_is_kept(make, tmp_path, monkeypatch, capsys):
    recipe = make(steps=4, rates={"adapter": 1e-2}, validation={"share": 0.5, "every": 1, "choose": "score", "keep": 3})
    whole = train(recipe, tmp_path / "whole")
    assert [checkpoint.step for checkpoint in whole.checkpoints][-2:] == [3, 4] and len(whole.checkpoints) >= 3
    chosen = [checkpoint for checkpoint in whole.checkpoints if checkpoint.chosen]
    assert len(chosen) == 1 and chosen[0].score == max(checkpoint.score for checkpoint in whole.checkpoints)
    assert f"checkpoint at step {chosen[0].step}: {chosen[0].score:.3f} on other subjects (coarse.uf1" in "".join(
        whole.lines()
    )

    def interrupted(trainer, trainable, row_maker, validation, step):
        if step == 4:
            raise KeyboardInterrupt
        return CheckpointScore(step, {3: 2.0}.get(step, 0.1), {})

    with monkeypatch.context() as patch:
        patch.setattr("mevqa.training.trainer.checkpoints._score", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "torn")
    again = train(recipe, tmp_path / "torn")
    assert [checkpoint.step for checkpoint in again.checkpoints if checkpoint.chosen] == [3] and again == train(
        recipe, tmp_path / "torn"
    )
    stopped = train(make(steps=3, rates={"adapter": 1e-2}, validation={"share": 0.5, "every": 3}), tmp_path / "three")
    assert stopped.steps == 3 and not stopped.checkpoints


def test_features_that_training_remembered_are_not_those_of_the_probe(make, tmp_path, monkeypatch):
    """Versions of a clip are mirrored; the probe looks at the clip as it is."""
    from mevqa.training import finetune as module

    checked = []

    def probe(model, rows, batch=8):
        fresh_reader = PackedModel(model.model, memory=0)
        from mevqa.training.trainer.health import mean_loss

        checked.append((mean_loss(model, rows), mean_loss(fresh_reader, rows)))
        return original(model, rows, batch)

    original = module.probe_pictures
    monkeypatch.setattr(module, "probe_pictures", probe)
    train(make(steps=8, probe=True, augmentation={"versions": 1, "mirror": 1.0, "shift": 0.1}))
    ((own, expected),) = checked
    assert own == pytest.approx(expected, rel=1e-5)

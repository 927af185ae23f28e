"""A recipe from its clips to an adapter that answers: interrupted, continued, refused."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch
from adapters import save_base
from map_clips import write_maps
from safetensors.torch import load_file
from tiny import SYSTEM, built, requests, same_replies, views
from tiny_rows import ALL

from mevqa.cli import main
from mevqa.errors import InputError, ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.digest import content_digest
from mevqa.models.registry import load_model
from mevqa.models.transformers.model import TransformersModel
from mevqa.resources import resource_folder
from mevqa.synthetic import synthesise
from mevqa.training.adapters.adapter_source import find_adapter
from mevqa.training.examples.clips import read_clips, training_clips
from mevqa.training.finetune import divide, finetune
from mevqa.training.loso import make_folds
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipe import Recipe
from mevqa.training.result import CheckpointScore
from mevqa.training.splits import LeakError
from mevqa.training.trainable_model import load_trainable_model
from mevqa.training.trainer.trained_parts import prepare, trained
from mevqa.training.training_log import read_log
from mevqa.types import Request

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SETTINGS = {
    "model": "nano",
    "lora": {"rank": 4, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 3,
    "clips": 2,
    "probe": False,
}


@pytest.fixture(scope="module")
def questions(tmp_path_factory) -> Path:
    return write_maps(tmp_path_factory.mktemp("data"), subjects=4, each=2)


@pytest.fixture
def make(questions, tmp_path):
    def made(**settings) -> Recipe:
        places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
        return Recipe.model_validate(SETTINGS | places | {"output": str(tmp_path / "out")} | settings)

    return made


def train(recipe: Recipe, out: Path | None = None):
    alone = recipe.synthetic is not None and recipe.synthetic.share == 1
    return finetune(recipe, None if alone else read_clips(recipe), out or recipe.output)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def answers(model: TransformersModel):
    return model.ask(SYSTEM, views(), requests())


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
    asked = [Request("What is the coarse expression class?", ("positive", "negative", "surprise"))]
    pictures = views(0, 1, 28)
    same_replies(loaded.ask("", pictures, asked), trained_model.ask("", pictures, asked))
    base = load_model("nano", ModelOptions(device="cpu", option_score="sum")).ask("", pictures, asked)
    assert abs(base[0].options["positive"] - loaded.ask("", pictures, asked)[0].options["positive"]) > 1e-3
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
    told = answers(loaded)
    learned = answers(own)
    assert [reply.error for reply in told] == [reply.error for reply in learned]
    assert sum(reply.error is not None for reply in told) <= 1  # a random model may end its turn at once
    same_replies([r for r in told if r.error is None], [r for r in learned if r.error is None])
    plain = answers(load_model(str(base), ModelOptions(**options)))
    assert any(a.confidence != pytest.approx(b.confidence, rel=1e-3) for a, b in zip(told, plain, strict=True))


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
    asked = [Request("What is the coarse expression class?", ("positive", "negative"))]
    (reply,) = model.ask("", views(0, 1, 28), asked)
    assert reply.error is None and abs(sum(reply.options.values()) - 1) < 1e-6
    start, end = load_trainable_model(recipe).wrapped.model.state_dict(), model.model.state_dict()
    for part in ("vision_tower", "multi_modal_projector", "language_model"):
        assert any(not torch.equal(start[key].half().float(), end[key]) for key in start if part in key)


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


def test_an_adapter_is_trained_further(make, tmp_path):
    """It begins where the first training ended, keeps its views, prompts and shape, and is a whole adapter itself."""
    own = tmp_path / "prompts"
    own.mkdir()
    shipped = (resource_folder("prompts") / "coarse.yaml").read_text()
    (own / "coarse.yaml").write_text(shipped.replace("{question}", "Look closely. {question}"))
    first = make(rates={"adapter": 1e-2, "projector": 1e-3}, prompts=str(own))
    train(first, tmp_path / "first")
    before = weights(tmp_path / "first")
    more = {"adapter": str(tmp_path / "first"), "seed": 5}
    rest = make(rates={"adapter": 1e-12, "projector": 1e-12}, **more)
    finished = train(rest, tmp_path / "same")
    assert finished.parameters["adapter"] > 0 and finished.parameters["projector"] > 0
    after = weights(tmp_path / "same")
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name].float(), after[name].float(), atol=1e-6) for name in before)
    train(make(rates={"adapter": 1e-2, "projector": 1e-3}, **more), tmp_path / "second")
    moved = weights(tmp_path / "second")
    changed = {name for name in before if not torch.equal(before[name], moved[name])}
    assert any("lora_B" in name for name in changed) and any("projector" in name for name in changed)
    assert "Look closely" in (tmp_path / "second" / "prompts" / "coarse.yaml").read_text()
    assert "trained further from the adapter first\n" in (tmp_path / "second" / "README.md").read_text()
    load_model("nano", ModelOptions(adapter=str(tmp_path / "second"), device="cpu"))


@pytest.mark.parametrize(
    "override, message",
    [
        (
            ["model=FIRST"],
            "model: FIRST is an adapter; to train it further name its base too: model=nano adapter=FIRST",
        ),
        (["adapter=FIRST", "lora.rank=8"], "lora.rank: is 8, and the adapter FIRST has 4: set lora.rank=4"),
        (
            ["adapter=FIRST", "lora.dora=true"],
            "lora.dora: is True, and the adapter FIRST has False: set lora.dora=false",
        ),
        (
            ["adapter=FIRST", "rates.projector=0.1"],
            "the adapter FIRST holds no projector to train: set rates.projector=0",
        ),
        (["adapter=nowhere"], "no adapter 'nowhere': neither a folder nor on the hub"),
        (["adapter=FIRST", "prompts=nowhere"], "nowhere: is not a folder of prompt files"),
        (["variant=brif"], "unknown variant 'brif'; did you mean 'brief'?"),
    ],
)
def test_what_cannot_be_trained_further_is_one_line(questions, first, tmp_path, capsys, override, message):
    path = write_recipe(tmp_path, **SETTINGS)
    words = [word.replace("FIRST", str(first)) for word in override]
    assert main(command(path, questions, tmp_path / "out", *words)) == 2
    printed = capsys.readouterr().err
    assert message.replace("FIRST", str(first)) in printed and printed.count("mevqa finetune: ") == 1
    assert not (tmp_path / "out").exists()


def test_folds_hold_nobody_out_whom_their_adapter_was_trained_on(questions, first, tmp_path, capsys):
    words = command(write_recipe(tmp_path, **SETTINGS), questions, tmp_path / "out", f"adapter={first}")
    assert main(["loso", *words[1:], "--list"]) == 2
    assert "the adapter adapter was trained on subjects to test on, or may have been: sub01" in capsys.readouterr().err
    for unknown in (True, False):
        copy = tmp_path / f"copy-{unknown}"
        shutil.copytree(first, copy)
        record = json.loads((copy / "training.json").read_text())
        record.pop("subjects")
        record["decides"]["media"] = {"another": ""} if unknown else {}
        (copy / "training.json").write_text(json.dumps(record))
        words[-1] = f"adapter={copy}"
        assert main(["loso", *words[1:], "--list"]) == (2 if unknown else 0)
        assert ("does not tell which subjects it was trained on" in capsys.readouterr().err) == unknown


def test_an_adapter_of_other_subjects_is_trained_further_in_every_fold(questions, make, tmp_path, capsys):
    """Those it was trained on are trained on again, and neither held out nor validated on; the record holds both."""
    others = write_maps(tmp_path / "samm", subjects=2, dataset="samm", seed=3, prefix="s")
    places = {"questions": [str(others)], "precomputed": {"flow": [str(others.parent / "maps")]}}
    train(make(steps=1, **places), tmp_path / "first")
    both = {
        "questions": [str(questions), str(others)],
        "precomputed": {"flow": [str(file.parent / "maps") for file in (questions, others)]},
    }
    further = make(adapter=str(tmp_path / "first"), folds={"of": ["casme2"]}, **both)
    assert len(make_folds(further, read_clips(further))) == 4
    with pytest.raises(LeakError, match="sub01 of samm"):
        make_folds(make(adapter=str(tmp_path / "first"), **both), read_clips(further))
    clips = training_clips(read_clips(further), load_trainable_model(further).prompts)
    learning, validation = divide(make(adapter=str(tmp_path / "first"), validation={"share": 0.4}, **both), clips)
    assert {clip.clip.dataset for clip in validation} == {"casme2"} and len(learning) + len(validation) == 12
    train(further, tmp_path / "second")
    seen = json.loads((tmp_path / "second" / "training.json").read_text())["subjects"]
    assert {name: len(entry["subjects"]) for name, entry in seen["datasets"].items()} == {"casme2": 4, "samm": 2}
    (tmp_path / "first" / "training.json").write_text(
        (tmp_path / "first" / "training.json").read_text().replace("sha256:", "sha256:0")
    )
    with pytest.raises(InputError, match="was trained on a base model of revision sha256:0"):
        load_trainable_model(further)


def test_the_checkpoint_whose_answers_score_best_is_kept(make, tmp_path, monkeypatch, capsys):
    recipe = make(steps=4, rates={"adapter": 1e-2}, validation={"share": 0.5, "every": 1, "choose": "score", "keep": 3})
    whole = train(recipe, tmp_path / "whole")
    assert [one.step for one in whole.checkpoints][-2:] == [3, 4] and len(whole.checkpoints) >= 3
    kept = [one for one in whole.checkpoints if one.chosen]
    assert len(kept) == 1 and kept[0].score == max(one.score for one in whole.checkpoints)
    assert f"checkpoint at step {kept[0].step}: {kept[0].score:.3f} on other subjects (coarse.uf1" in "".join(
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
    assert [one.step for one in again.checkpoints if one.chosen] == [3] and again == train(recipe, tmp_path / "torn")
    stopped = train(make(steps=3, rates={"adapter": 1e-2}, validation={"share": 0.5, "every": 3}), tmp_path / "three")
    assert stopped.steps == 3 and not stopped.checkpoints


@pytest.fixture(scope="module")
def first(questions, tmp_path_factory) -> Path:
    """An adapter of nano."""
    folder = tmp_path_factory.mktemp("first") / "adapter"
    places = {"questions": [str(questions)], "precomputed": {"flow": [str(questions.parent / "maps")]}}
    train(Recipe.model_validate(SETTINGS | places | {"steps": 1, "output": str(folder)}))
    return folder


def command(recipe: Path, questions: Path, out: Path, *more: str) -> list[str]:
    maps = f"precomputed.flow={questions.parent / 'maps'}"
    return ["finetune", str(recipe), f"questions={questions}", maps, f"output={out}", *more]


def write_recipe(folder: Path, **settings) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(json.dumps({"probe": False} | settings))  # JSON is YAML
    return path


def test_the_command_says_when_a_model_does_not_look(questions, tmp_path, capsys):
    """A projector of zeros shows every picture as the same one."""
    model, processor = built("llava")
    blind = type(model)(model.config)
    state = {k: v * 0 if "multi_modal_projector" in k else v for k, v in model.state_dict().items()}
    blind.load_state_dict(state)
    blind.save_pretrained(tmp_path / "base")
    processor.save_pretrained(tmp_path / "base")
    settings = SETTINGS | {"model": str(tmp_path / "base"), "views": ["motion"], "variant": "brief", "probe": True}
    path = write_recipe(tmp_path, **settings, device="cpu")
    assert main(command(path, questions, tmp_path / "out")) == 1
    said = capsys.readouterr()
    assert "picture probe, 8 clips" in said.out and "saved to" in said.out
    assert "the loss does not depend on the pictures" in said.err
    path = write_recipe(tmp_path, **SETTINGS | {"probe": True})
    assert main(command(path, questions, tmp_path / "seeing")) == 0
    assert "the loss does not depend on the pictures" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "override, message",
    [
        ("lora.targets=q_porj", "lora.targets: 'q_porj' matches no linear module"),
        ("views=onset", "onset cannot be made for 8 clips without video"),
    ],
)
def test_what_cannot_be_trained_is_one_line(questions, tmp_path, capsys, override, message):
    path = write_recipe(tmp_path, **SETTINGS)
    assert main(command(path, questions, tmp_path / "out", override)) == 2
    assert message in capsys.readouterr().err


def test_a_gradient_of_zero_is_one_line(questions, tmp_path, capsys, monkeypatch):
    from mevqa.training import finetune as module

    def dead(model, recipe, *, base_name):
        prepared = prepare(model, recipe, base_name=base_name)
        for _, parameter in trained(prepared):
            parameter.register_hook(torch.zeros_like)
        return prepared

    monkeypatch.setattr(module, "prepare", dead)
    assert main(command(write_recipe(tmp_path, **SETTINGS), questions, tmp_path / "out")) == 2
    assert "step 1: the gradient of the adapter is exactly 0" in capsys.readouterr().err


def test_answering_before_training_is_no_trap_that_goes_unnoticed(make, tmp_path):
    """A 4-bit model on a CPU that was asked something is refused instead of trained with a part of its gradient."""
    pytest.importorskip("bitsandbytes")
    base = save_base("llava", tmp_path / "base")
    recipe = make(model=str(base), views=["motion"], variant="brief", quantization="4bit", device="cpu")
    trainable = load_trainable_model(recipe)
    answers(trainable.wrapped)
    layer = next(m for m in trainable.wrapped.model.modules() if type(m).__name__ == "Linear4bit")
    if not layer.support_avx512bf16_for_cpu:
        pytest.skip("this processor has no bfloat16 kernels: bitsandbytes does not pack its weights")
    with pytest.raises(ModelError, match="step 1: 14 layers with 4-bit weights on CPU were packed for inference"):
        finetune(recipe, read_clips(recipe), tmp_path / "out", trainable=trainable)


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


def test_a_training_is_not_continued_on_other_moments(make, questions, tmp_path):
    labels = tmp_path / "annotations.csv"
    clips = sorted({json.loads(line)["image_id"] for line in questions.read_text().splitlines()})
    labels.write_text("clip,onset,apex,offset\n" + "".join(f"{clip},0,5,9\n" for clip in clips))
    train(make(annotations=[str(labels)]))
    train(make(annotations=[str(labels)]))
    labels.write_text(labels.read_text().replace(",5,", ",6,"))
    with pytest.raises(InputError, match="annotations: then"):
        train(make(annotations=[str(labels)]))

"""From clips to answers: each recogniser is trained by its recipe, and answers as a model among others."""

import json

import numpy as np
import pytest
from map_clips import write_maps

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError, ModelError
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model
from mevqa.recognition.folder import read_recogniser
from mevqa.synthetic import synthesise
from mevqa.training import loso
from mevqa.training.examples.clips import of_clips, read_clips
from mevqa.training.recipes.recipe import read_any_recipe
from mevqa.training.recognition.train import train_recogniser

QUICK = {"mean": ["settings.epochs=3"], "child-cnn": ["settings.epochs=2", "settings.size=32"]}
QUICK |= {"child-graph": ["settings.epochs=2"], "child-lbp": ["settings.frames=4", "settings.blocks=2"]}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return synthesise(tmp_path_factory.mktemp("synth") / "set", 2, 5, subjects=2, fps=(40.0,), size=(160, 160))


def places(clips):
    return [f"questions={clips.train}", f"media={clips.folder / 'clips'}", f"annotations={clips.annotations}"]


@pytest.mark.parametrize("name", QUICK)
def test_a_recogniser_is_trained_and_answers_for_the_classes_only(clips, name, tmp_path, capsys):
    out = tmp_path / "weights"
    changes = [*places(clips), *QUICK[name], f"output={out}", "none=true", "device=cpu"]
    assert main(["finetune", f"recognition/{name}", *changes]) == 0
    assert f"--model {name}:{out}" in capsys.readouterr().out
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    kept = {"model.safetensors", "recogniser.json", "mevqa.json", "recipe.yaml", "training.json", "README.md"}
    # A support vector machine has no loss that falls.
    assert names == kept | {"log.jsonl", *(() if name == "child-lbp" else ("loss.png",))}
    run = mevqa.evaluate(
        clips.train,
        f"{name}:{out}",
        out=tmp_path / "run",
        consistency=False,
        limit=1,
        media=clips.folder / "clips",
        annotations=clips.annotations,
    )
    # The clip is one of those that it was trained on, and the run says so.
    assert run.manifest["trained_on"] == [run.questions[0].clip_id]
    classes = {}
    for question in run.questions:
        answer = run.answers[question.id]
        if question.type in ("coarse", "fine"):
            assert answer.error is None and answer.options[answer.text] == max(answer.options.values())
            assert sum(answer.options.values()) == pytest.approx(1) and "none" not in answer.options
            classes.setdefault(question.type, set()).add(frozenset(answer.options))
        else:
            assert answer.text == "" and "tells the coarse and fine class only" in answer.error
    assert classes.keys() == {"coarse", "fine"}
    video = clips.folder / "clips" / f"{run.questions[0].clip_id}.mp4"
    (shown,) = mevqa.ask(video, ["Is a facial expression shown in this clip?"], model=f"{name}:{out}").answers
    assert shown.text in ("yes", "no") and set(shown.options) == {"yes", "no"}


@pytest.fixture
def maps(tmp_path):
    file = write_maps(tmp_path / "data")
    return [f"questions={file}", f"precomputed.flow={file.parent / 'maps'}", "settings.epochs=5", "device=cpu"]


def recipe(maps, *changes):
    return read_any_recipe("recognition/mean-maps", [*maps, *changes])


def test_a_subject_is_left_out_of_everything_that_is_learned(maps, tmp_path):
    """The same weights, statistics and classes come of a set without the subject's clips as of one with them."""
    out = tmp_path / "out"
    chosen = recipe(maps, f"output={out}")
    result = mevqa.loso(chosen)
    assert [fold.name for fold in result.folds] == ["casme2-sub01", "casme2-sub02", "casme2-sub03"]
    assert set(result.run.answers) == {question.id for question in result.work.all_questions}
    assert {question.type for question in result.work.all_questions} == {"coarse", "fine"}
    assert not any(answer.error for answer in result.run.answers.values())
    for fold in result.folds:
        trained = read_recogniser(out / "folds" / fold.name / "adapter")
        held_out = {" ".join(("casme2", fold.name[-1]))}
        assert len(trained.record.fitted_on.subjects) == 2 and not held_out & set(trained.record.fitted_on.subjects)
        without = train_recogniser(chosen, of_clips(result.work, fold.train), tmp_path / f"without-{fold.name}")
        alone = read_recogniser(without.folder)
        assert alone.revision == trained.revision and alone.record == trained.record


def test_an_interrupted_training_ends_as_an_uninterrupted_one(maps, tmp_path, monkeypatch):
    chosen = recipe(maps)
    work = read_clips(chosen)
    whole = train_recogniser(chosen, work, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr("mevqa.training.recognition.train.write_recogniser", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_recogniser(chosen, work, tmp_path / "torn")
    assert not (tmp_path / "torn" / "recogniser.json").exists()
    torn = train_recogniser(chosen, work, tmp_path / "torn")
    for name in ("model.safetensors", "recogniser.json", "training.json"):
        assert (whole.folder / name).read_bytes() == (torn.folder / name).read_bytes()
    monkeypatch.setattr("mevqa.training.recognition.train.measure_clips", _interrupt)
    assert train_recogniser(chosen, work, tmp_path / "torn") == torn
    with pytest.raises(InputError, match="has changed since this training was begun"):
        train_recogniser(recipe(maps, "seed=1"), work, tmp_path / "torn")


def _interrupt(*args, **kwargs):
    raise KeyboardInterrupt


def test_a_still_clip_has_no_answer(maps, tmp_path):
    from PIL import Image

    from mevqa.types import Request, View

    chosen = read_any_recipe("recognition/mean", [*maps[2:], "settings.size=12"])
    kind = chosen.make()
    rng = np.random.default_rng(0)
    face = rng.integers(0, 255, (256, 256, 3)).astype(np.uint8)
    views = [View(name, Image.fromarray(face), "", (at,)) for at, name in enumerate(("onset", "apex"))]
    out = _weights(kind, tmp_path)
    model = load_model(f"mean:{out}")
    (reply,) = model.ask("", views, [Request("What is the coarse expression class?", ("negative", "positive"))])
    assert reply.text == "" and "sees no motion: the pictures of onset and apex are the same" in reply.error


def _weights(kind, tmp_path):
    from mevqa.recognition.base import Example, Fitting
    from mevqa.recognition.folder import FittedOn, RecogniserRecord, write_recogniser

    classes = {"coarse": ("negative", "positive")}
    inputs = np.random.default_rng(0).normal(size=(2, 3, 12, 12)).astype(np.float32)
    learned = [
        Example(array, array, {"coarse": name}, name) for array, name in zip(inputs, classes["coarse"], strict=True)
    ]
    fitted = FittedOn(subjects=("a 1", "a 2"), clips=2, rest=0, counts={}, data="")
    record = RecogniserRecord(
        recogniser="mean",
        settings=kind.settings.model_dump(mode="json"),
        classes=classes,
        face="auto",
        seed=0,
        fitted_on=fitted,
    )
    folder = tmp_path / "mean"
    folder.mkdir()
    write_recogniser(folder, record, kind.fit(learned, Fitting(classes)))
    return folder


def test_a_folder_that_is_none_is_one_line(tmp_path):
    kind = read_any_recipe("recognition/mean", ["settings.size=12", "settings.epochs=1"]).make()
    folder = _weights(kind, tmp_path)
    for name, message in (
        ("mean", "needs the folder of its weights"),
        (f"mean:{tmp_path / 'gone'}", "is not a folder; give the folder that `mevqa finetune` wrote"),
        (f"mean:{tmp_path}", "holds no recogniser"),
        (f"child-cnn:{folder}", "holds the recogniser 'mean', not 'child-cnn'; write mean:"),
    ):
        _one_line(name, message)
    content = (folder / "recogniser.json").read_text()
    record = json.loads(content)
    for broken, message in (
        (content[:40], "is not JSON"),
        (json.dumps(record | {"recogniser": "meen"}), "holds the recogniser 'meen', not 'mean'"),
        (json.dumps(record | {"settings": {"size": 13}}), "settings: size: Value error, must be even"),
        (json.dumps(record | {"settings": {"size": 24}}), None),
        (json.dumps(record | {"classes": {"coarse": ["a", "b", "c"]}}), "does not fit recogniser.json beside it"),
        (json.dumps({"format": "mevqa recogniser 1"}), "is no record of a recogniser: recogniser: Field required"),
    ):
        (folder / "recogniser.json").write_text(broken)
        if message is not None:
            _one_line(f"mean:{folder}", message)
    (folder / "recogniser.json").write_text(content)
    (folder / "model.safetensors").write_bytes(b"\x00" * 20)
    _one_line(f"mean:{folder}", "holds no weights")
    (folder / "model.safetensors").unlink()
    _one_line(f"mean:{folder}", "cannot be read")


def _one_line(name, message):
    with pytest.raises((InputError, ModelError)) as refused:
        load_model(name)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_what_is_for_language_models_is_refused(tmp_path):
    kind = read_any_recipe("recognition/mean", ["settings.size=12", "settings.epochs=1"]).make()
    folder = _weights(kind, tmp_path)
    with pytest.raises(ModelError, match="no language model; leave --quantization and --thinking away"):
        load_model(f"mean:{folder}", ModelOptions(quantization="4bit", thinking=9))


def test_a_recipe_is_refused_with_the_key_that_is_wrong(maps):
    for change, message in (
        ("recogniser=meen", "unknown recogniser 'meen'; did you mean 'mean'"),
        ("settings.epoch=3", "settings.epoch: Extra inputs are not permitted"),
        ("none=true", "none needs moments of rest"),
        ("levels=coarse,coarse", "levels names one twice"),
    ):
        with pytest.raises(InputError, match=message):
            recipe(maps, change)


def test_a_set_of_one_class_teaches_nothing(maps, tmp_path):
    chosen = recipe(maps)
    work = read_clips(chosen)
    positive = [
        name
        for name, questions in work.questions.items()
        if any(question.type == "coarse" and question.reference == "positive" for question in questions)
    ]
    with pytest.raises(InputError, match=r"coarse: the clips show one class \(positive\)"):
        train_recogniser(chosen, of_clips(loso.check_answers(chosen, work), positive[:1]), tmp_path / "out")


def test_a_device_that_is_not_there_is_one_line(maps, tmp_path):
    with pytest.raises(ModelError, match="this machine has no device 'xpu'"):
        train_recogniser(recipe(maps, "device=xpu"), read_clips(recipe(maps)), tmp_path / "out")
    assert not (tmp_path / "out" / "training.json").exists()
    kind = read_any_recipe("recognition/mean", ["settings.size=12", "settings.epochs=1"]).make()
    with pytest.raises(ModelError, match="this machine has no device 'xpu'"):
        load_model(f"mean:{_weights(kind, tmp_path)}", ModelOptions(device="xpu"))

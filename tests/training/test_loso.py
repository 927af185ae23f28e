from __future__ import annotations

import json

import pytest
from map_clips import write_maps

from mevqa.cli import main
from mevqa.inference.runs import open_run
from mevqa.training import loso
from mevqa.training.examples.clips import read_clips
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.splits import LeakError

SETTINGS = {
    "model": "nano",
    "lora": {"rank": 2, "alpha": 4, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 2,
    "clips": 2,
    "save_every": 1,
    "probe": False,
}


def recipe_in(folder):
    file = write_maps(folder / "data")
    places = {"questions": [str(file)], "precomputed": {"flow": [str(file.parent / "maps")]}}
    return Recipe.model_validate(SETTINGS | places | {"output": str(folder / "out")})


@pytest.fixture
def recipe(tmp_path):
    return recipe_in(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A recipe of which every fold is trained and answered, with its clips and folds."""
    recipe = recipe_in(tmp_path_factory.mktemp("finished"))
    return recipe, *run_all(recipe, recipe.output)


def run_all(recipe, out, *, only=slice(None)):
    work = loso.check_answers(recipe, read_clips(recipe))
    folds = loso.make_folds(recipe, work)
    loso.start(recipe, folds, out)
    for fold in folds[only]:
        loso.run_fold(recipe, work, fold, out)
    return work, folds


def answers(folder):
    return {key: (answer.text, answer.confidence) for key, answer in open_run(folder).answers.items()}


def test_every_clip_is_answered_once_by_a_model_that_never_saw_its_subject(finished):
    recipe, work, folds = finished
    out = recipe.output
    assert [fold.name for fold in folds] == ["casme2-sub01", "casme2-sub02", "casme2-sub03"]
    for fold in folds:
        trained_on = json.loads((out / "folds" / fold.name / "adapter" / "training.json").read_text())["decides"][
            "media"
        ]
        assert set(trained_on) == set(fold.train) and not set(trained_on) & set(fold.test)
    runs = loso.finished_folds(work, folds, out)
    pooled = open_run(loso.pool(recipe, work, folds, runs, out))
    assert set(pooled.answers) == {question.id for question in work.all_questions}
    assert not [answer for answer in pooled.answers.values() if answer.error]
    adapters = {run.manifest["decides"]["model"]["revision"] for run in runs.values()}
    assert len(adapters) == 3


def test_finished_folds_are_not_trained_again(finished, monkeypatch):
    recipe, _, folds = finished
    before = answers(recipe.output / "folds" / folds[0].name / "run")

    def refuse(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr("mevqa.training.trainer.trainer.PackedTrainer.train", refuse)
    monkeypatch.setattr("mevqa.training.loso.load_model", refuse)
    run_all(recipe, recipe.output)
    assert answers(recipe.output / "folds" / folds[0].name / "run") == before


def test_an_interrupted_fold_ends_as_an_uninterrupted_one(finished, tmp_path, monkeypatch):
    recipe, _, _ = finished
    whole, torn = (folder / "folds" / "casme2-sub01" for folder in (recipe.output, tmp_path / "torn"))
    from mevqa.training.trainer.console import Console

    def interrupt(self, args, state, control, **kwargs):
        if state.global_step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Console, "on_step_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_all(recipe, tmp_path / "torn", only=slice(1))
    kept = torn / "adapter" / "checkpoints"
    assert [path.name for path in kept.iterdir()] == ["checkpoint-1"]
    run_all(recipe, tmp_path / "torn", only=slice(1))
    assert answers(torn / "run") == answers(whole / "run")
    logs = [folder / "adapter" / "log.jsonl" for folder in (torn, whole)]
    assert logs[0].read_text() == logs[1].read_text() != ""


def test_an_adapter_that_was_trained_on_a_held_out_person_answers_nothing(recipe, tmp_path, monkeypatch):
    work = loso.check_answers(recipe, read_clips(recipe))
    fold = loso.make_folds(recipe, work)[0]

    def leaking(folder):
        return {"decides": {"media": {fold.train[0]: "", fold.test[0]: ""}}}

    monkeypatch.setattr("mevqa.training.loso.read_manifest", leaking)
    with pytest.raises(LeakError, match="sub01"):
        loso.run_fold(recipe, work, fold, tmp_path / "out")
    assert not (tmp_path / "out" / "folds" / fold.name / "run").exists()


def nameless(file, prefix):
    """The same clips under other names, of nobody knows whom."""
    for picture in list((file.parent / "maps").iterdir()):
        picture.rename(picture.with_name(prefix + picture.name))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        row |= {"subject": "", "image_id": prefix + row["image_id"], "filename": prefix + row["filename"]}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_data_set_is_held_out_though_its_subjects_are_unknown(tmp_path):
    names = ("casme2", "samm")
    files = [nameless(write_maps(tmp_path / name, dataset=name, subjects=2, each=1), name) for name in names]
    places = {"questions": [str(f) for f in files], "precomputed": {"flow": [str(f.parent / "maps") for f in files]}}
    recipe = Recipe.model_validate(SETTINGS | places | {"folds": {"by": "dataset"}})
    work, folds = run_all(recipe, tmp_path / "out")
    assert [fold.name for fold in folds] == ["without-casme2", "without-samm"]
    assert set(loso.finished_folds(work, folds, tmp_path / "out")) == {fold.name for fold in folds}


def command(recipe, *more):
    places = [f"questions={recipe.questions[0]}", f"precomputed.flow={recipe.precomputed['flow'][0]}"]
    small = ["steps=1", "clips=2", "lora.rank=2", "synthetic=null", "probe=false"]
    return main(["loso", "nano-casme2", *places, *small, f"output={recipe.output}", *more])


def test_shards_are_pooled_by_the_last_and_others_wait(recipe, capsys):
    assert command(recipe, "--shard", "1/2") == 0
    assert "2 of 3 folds are finished; missing: casme2-sub02" in capsys.readouterr().out
    assert command(recipe, "--shard", "2/2") == 0
    printed = capsys.readouterr().out
    assert "3 folds by subject, 6 held-out clips" in printed and "casme2-sub02" in printed and "UF1" in printed
    assert main(["score", str(recipe.output / "run"), "--draws", "10"]) == 0


def test_folds_are_listed_without_training(recipe, capsys):
    assert command(recipe, "--list", "folds.by=group", "folds.k=2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["fold-1-of-2", "fold-2-of-2"]
    assert not recipe.output.exists()


def test_other_settings_are_refused_and_named(recipe, capsys):
    assert command(recipe, "--shard", "1/3", "rates.adapter=0.001") == 0
    capsys.readouterr()
    assert command(recipe, "--shard", "1/3", "rates.adapter=0.01") == 2
    assert "recipe.rates.adapter: then 0.001, now 0.01" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/2", "3/2", "half"])
def test_a_shard_that_is_none_is_one_line(recipe, capsys, text):
    with pytest.raises(SystemExit) as end:
        command(recipe, "--shard", text)
    (line,) = capsys.readouterr().err.splitlines()
    assert end.value.code == 2 and "--shard" in line and text in line

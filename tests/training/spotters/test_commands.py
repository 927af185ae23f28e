"""Spotters from the command line: trained, interrupted, applied, left out."""

from __future__ import annotations

import csv
import json

import pytest
from annotated_set import AnnotatedSet

import mevqa
from mevqa.cli import main
from mevqa.inference.fingerprint import view_config_record
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.training.spotters import finetune, loso
from mevqa.training.training_log import read_log


@pytest.fixture(scope="session")
def trained(tmp_path_factory, clips):
    folder = tmp_path_factory.mktemp("trained")
    annotated = AnnotatedSet(folder, clips)
    assert main(annotated.arguments("finetune", folder / "weights")) == 0
    return folder / "weights"


def test_a_spotter_is_trained_and_spots(trained, clips, tmp_path, capsys):
    record = json.loads((trained / "training.json").read_text())
    assert record["finished"]["epochs"] == 1 and len(record["decides"]["media"]) == 3
    assert not (trained / "checkpoints").exists()
    logged = read_log(trained)
    assert {row["epoch"] for row in logged} == {1} and "all subjects" in {row["part"] for row in logged}
    assert (trained / "loss.png").is_file()
    settings = json.loads((trained / "spotter.json").read_text())
    assert settings["trained_on"]["subjects"] == ["s1", "s2", "s3"] and settings["view"] == "me-tst"
    table, text = tmp_path / "e.csv", tmp_path / "e.json"
    assert main(["spot", str(clips), "--weights", str(trained), "--out", str(table), "--json", str(text)]) == 0
    assert len(json.loads(text.read_text())) == 3 and "micro-expressions" in capsys.readouterr().out
    # Any threshold of a hardly trained network: what counts is that events have times, evidence and classes.
    (first, *_) = clips.glob("*.mp4")
    result = mevqa.spot(first, weights=trained, threshold=1e-6)
    assert len(result.trace) == 120 and result.events
    for event in result.events:
        assert 0 <= event.onset <= event.apex <= event.offset < 120 and event.kind == "micro" and event.regions
        assert event.coarse in {"positive", "negative", "surprise"}
        assert sum(event.class_probabilities.values()) == pytest.approx(1)


def test_the_same_training_again_is_finished_and_another_is_refused(make_set, tmp_path, capsys):
    annotated = make_set()
    command = annotated.arguments("finetune", tmp_path / "weights")
    assert main([*command, "training.epochs=2"]) == 0
    before = (tmp_path / "weights" / "model.safetensors").read_bytes()
    (summary,) = (line for line in capsys.readouterr().out.splitlines() if "2 epochs" in line)
    assert main([*command, "training.epochs=2"]) == 0
    assert summary in capsys.readouterr().out.splitlines()
    assert main(command) == 2
    assert "recipe.training.epochs" in capsys.readouterr().err
    assert (tmp_path / "weights" / "model.safetensors").read_bytes() == before


def test_minutes_before_an_interruption_count(make_set, tmp_path, monkeypatch):
    command = make_set().arguments("finetune", tmp_path / "weights")
    with monkeypatch.context() as patched:
        patched.setattr(finetune.TrainingLog, "add", interrupted)
        assert main(command) == 130
    (tmp_path / "weights" / "checkpoints" / "seconds.json").write_text('{"seconds": 1000.0}')
    assert main(command) == 0
    assert 1000 < json.loads((tmp_path / "weights" / "training.json").read_text())["seconds"] < 1500


def interrupted(*_):
    raise KeyboardInterrupt


def test_folds_are_spotted_by_who_has_not_seen_them_and_pooled(make_set, tmp_path, capsys):
    annotated = make_set()
    command = annotated.arguments("loso", tmp_path / "out")
    assert main([*command, "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 3 and "finished" not in listed[0]
    assert main([*command, "--shard", "1/2"]) == 0
    assert "2 of 3 folds are finished; missing: unknown-s2" in capsys.readouterr().out
    assert main([*command, "--list"]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["finished", "waiting"] + [
        "finished"
    ] * 2
    assert main(command) == 0
    assert "3 folds by subject, 3 held-out videos" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "out" / "events.csv").open()))
    assert {row["video"] for row in rows} == {path.stem for path in annotated.media.glob("*.mp4")}
    for fold in (tmp_path / "out" / "folds").iterdir():
        settings = json.loads((fold / "weights" / "spotter.json").read_text())
        assert fold.name.removeprefix("unknown-") not in settings["trained_on"]["subjects"]


def test_labels_of_the_tested_subject_change_nothing_that_is_learned(make_set, tmp_path):
    other = "{0},s3,30,4,9,80,fear,negative,macro\n{0},s3,30,60,70,71,fear,negative,micro\n"
    weights = []
    for name, rows in (("one", {}), ("two", {"s3": other})):
        annotated = make_set(name, **rows)
        out = tmp_path / f"out-{name}"
        assert main([*annotated.arguments("loso", out), "--shard", "3/3"]) == 0
        folder = out / "folds" / "unknown-s3" / "weights"
        weights.append([(folder / file).read_bytes() for file in ("model.safetensors", "spotter.json")])
    assert weights[0] == weights[1]


def test_a_fold_that_was_trained_on_its_subject_is_refused(make_set, tmp_path, monkeypatch):
    annotated = make_set()
    monkeypatch.setattr(loso, "read_manifest", lambda folder: {"decides": {"media": {held_out: ""}}})
    held_out = sorted(path.stem for path in annotated.media.glob("*.mp4"))[0]
    with pytest.raises(mevqa.MevqaError, match="trained and tested on the same clips"):
        mevqa.loso(str(annotated.recipe), part="1/3", **places(annotated, tmp_path / "out"))


def places(annotated, out):
    return {
        "annotations": str(annotated.labels),
        "media": str(annotated.media),
        "features": str(annotated.features),
        "output": str(out),
    }


def test_missing_options_are_reported_together(make_set, capsys):
    annotated = make_set()
    assert main(["finetune", str(annotated.recipe)]) == 2
    error = capsys.readouterr().err
    assert all(option in error for option in ("--annotations FILE", "--media DIR", "--out DIR"))
    annotated.labels.write_text(annotated.labels.read_text().replace("micro", "macro"))
    assert main(annotated.arguments("finetune", annotated.labels.parent / "out")) == 2
    assert "has no micro-expression among the training subjects" in capsys.readouterr().err


def test_a_run_knows_the_weights_that_spotted(trained):
    options, problems = ViewOptions(weights=trained).check()
    assert not problems
    record = view_config_record(ViewConfig(("motion",), spotter=options))["spotter"]
    assert record["spotter"] == "me-tst" and record["calibrator"].startswith("sha256:")

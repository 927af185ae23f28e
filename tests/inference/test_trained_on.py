"""A run about subjects whom the model was trained on says so where its scores are read."""

import json
import shutil
from pathlib import Path

import pytest

import mevqa
from mevqa.cli import main
from mevqa.inference.trained_on import TRAINED_ON, trained_on_warning
from mevqa.recognition.folder import RecogniserRecord
from mevqa.training.adapters.trained_subjects import clips_trained_on, subjects_of
from mevqa.types import Clip, Question

KEPT = Path(__file__).parents[1] / "kept_run"
ASKED = [Clip("a", "casme2", "sub01"), Clip("b", "casme2", "2"), Clip("c", "samm", "2")]
LINE = "1 of 2 clips shows a subject that the model was trained on: scores say nothing of other people"


@pytest.fixture
def runs(tmp_path):
    """Two runs; the model of the first was trained on a subject of theirs."""
    shutil.copytree(KEPT, tmp_path / "kept")
    shutil.copytree(tmp_path / "kept" / "run", tmp_path / "kept" / "other")
    for name, clip_ids in (("run", ["synth5_s01_0001"]), ("other", [])):
        manifest = tmp_path / "kept" / name / "manifest.json"
        content = json.loads(manifest.read_text("utf-8").replace("FOLDER", (tmp_path / "kept").as_posix()))
        manifest.write_text(json.dumps({**content, TRAINED_ON: clip_ids}), "utf-8")
    return tmp_path / "kept"


def test_clips_of_trained_subjects_are_found_in_the_record_of_an_adapter(tmp_path, monkeypatch):
    record = {"subjects": subjects_of([Clip("x", "casme2", "s1")]).as_record()}
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert clips_trained_on("nano", str(tmp_path), ASKED) == ["a"]  # Another clip and spelling of the subject.
    assert clips_trained_on(str(tmp_path), None, ASKED) == ["a"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nano").mkdir()
    (tmp_path / "nano" / "training.json").write_text(json.dumps(record))  # A folder here is not the embedded model.
    assert clips_trained_on("nano", None, ASKED) == clips_trained_on("org/model", "org/adapter", ASKED) == []


def test_clips_of_trained_subjects_are_found_in_the_record_of_a_recogniser(tmp_path):
    fitted = {"subjects": ["casme2 2"], "clips": 1, "rest": 0, "counts": {}, "data": ""}
    record = RecogniserRecord.model_construct(
        recogniser="mean", settings={}, classes={"coarse": ["negative", "positive"]}, face="auto", seed=0
    ).model_dump(warnings=False)
    (tmp_path / "recogniser.json").write_text(json.dumps({**record, "fitted_on": fitted}))
    assert clips_trained_on(f"mean:{tmp_path}", None, ASKED) == ["b"]


def test_clips_of_trained_subjects_are_found_in_the_record_of_a_spotter(tmp_path):
    (tmp_path / "spotter.json").write_text(json.dumps({"trained_on": {"subjects": ["s2"], "videos": ["c"]}}))
    assert clips_trained_on("nano", None, ASKED, spotter=tmp_path) == ["c"]
    assert clips_trained_on("nano", None, ASKED, spotter=tmp_path / "none") == []


def test_clips_that_were_not_asked_about_do_not_count():
    questions = [Question(name, name, "?", "coarse") for name in ("a", "b", "c")]
    assert trained_on_warning({}, questions) is None
    assert trained_on_warning({TRAINED_ON: ["d"]}, questions) is None
    assert trained_on_warning({TRAINED_ON: ["a", "c"]}, questions).startswith("2 of 3 clips show subjects")
    limited = {TRAINED_ON: ["a", "c"], "decides": {"media": {"a": "", "b": ""}}}
    assert trained_on_warning(limited, questions) == LINE


def test_scores_comparisons_and_reports_say_it(runs, tmp_path, capsys):
    assert main(["score", str(runs / "run"), "--draws", "0"]) == 0
    assert capsys.readouterr().out.startswith(f"Warning: {LINE}.")
    assert mevqa.score(runs / "other", draws=0).warnings == []
    assert mevqa.compare(runs / "run", runs / "other", draws=0).warnings == [f"{runs / 'run'}: {LINE}"]
    mevqa.report(runs / "run", tmp_path / "page", draws=0)
    assert f'<p class="warning">{LINE}.</p>' in (tmp_path / "page" / "index.html").read_text("utf-8")

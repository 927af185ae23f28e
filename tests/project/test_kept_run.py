"""A run folder that an earlier version wrote can still be scored, reported, submitted, and continued or refused."""

import json
import shutil
from pathlib import Path

import pytest

from mevqa.cli import main
from mevqa.inference.fingerprint import package_versions
from mevqa.inference.loading import AskOptions, load_answerer
from mevqa.inference.runs import open_run

#: Two synthetic clips (128x128), nano's answers to 24 questions, and what was made of them.
KEPT = Path(__file__).parents[1] / "kept_run"


@pytest.fixture
def kept(tmp_path):
    """A copy whose manifest names the files where they are now, and the packages, prompts and weights of today."""
    folder = tmp_path / "kept"
    shutil.copytree(KEPT, folder)
    manifest = folder / "run" / "manifest.json"
    content = json.loads(manifest.read_text("utf-8").replace("FOLDER", folder.as_posix()))
    today = load_answerer(AskOptions())
    content["decides"] |= {"packages": package_versions(), "prompts": today.prompts.digest}
    content["decides"]["model"]["revision"] = today.model.revision
    manifest.write_text(json.dumps(content), "utf-8")
    return folder


def evaluate(kept, *more):
    data = kept / "data"
    files = [data / "me_vqa_synthetic_train.jsonl", data / "me_vqa_synthetic_test_to_answer.jsonl"]
    words = ["eval", *files, "--media", data, "--annotations", data / "annotations.csv", "--out", kept / "run", *more]
    return main([str(word) for word in words])


def test_it_has_the_scores_that_it_had(kept, capsys):
    assert main(["score", str(kept / "run"), "--draws", "20", "--json", "-"]) == 0
    scores, before = json.loads(capsys.readouterr().out), json.loads((KEPT / "scores.json").read_text("utf-8"))
    assert scores["metrics"] == pytest.approx(before["metrics"], rel=1e-9)
    assert scores["counts"] == before["counts"]


def test_it_is_submitted_as_it_was(kept, tmp_path):
    questions = kept / "data" / "me_vqa_synthetic_test_to_answer.jsonl"
    assert main(["submit", str(kept / "run"), "--questions", str(questions), "--out", str(tmp_path / "out")]) == 0
    name = "me_vqa_synthetic_test_pred.jsonl"
    assert (tmp_path / "out" / name).read_bytes() == (KEPT / name).read_bytes()


def test_it_is_reported_with_pictures(kept, tmp_path, capsys):
    assert main(["report", str(kept / "run"), "--out", str(tmp_path / "report"), "--draws", "0"]) == 0
    printed = capsys.readouterr().out
    assert "2 clips, 24 questions" in printed and " 0 pictures" not in printed


def test_it_is_continued(kept, capsys):
    log = kept / "run" / "answers.jsonl"
    before = log.read_bytes()
    assert evaluate(kept) == 0
    assert log.read_bytes() == before
    log.write_bytes(b"".join(before.splitlines(keepends=True)[:-1]))
    last = json.loads(before.splitlines()[-1])
    assert evaluate(kept) == 0
    # Answered anew as the weights of today answer.
    again = open_run(kept / "run").answers[last["question_id"]]
    shutil.rmtree(kept / "run")
    assert evaluate(kept) == 0
    today = open_run(kept / "run").answers[last["question_id"]]
    assert (again.text, again.error) == (today.text, None)
    assert again.confidence == pytest.approx(today.confidence, abs=1e-4)


def test_answers_of_other_weights_are_not_continued(kept, capsys):
    manifest = kept / "run" / "manifest.json"
    content = json.loads(manifest.read_text("utf-8"))
    content["decides"]["model"] = json.loads((KEPT / "run" / "manifest.json").read_text("utf-8"))["decides"]["model"]
    manifest.write_text(json.dumps(content), "utf-8")
    assert evaluate(kept) == 2
    assert "the run was made: model.revision: then sha256:714d23d764a09045, now " in capsys.readouterr().err


def test_other_settings_are_refused_in_one_line_each(kept, capsys):
    manifest = kept / "run" / "manifest.json"
    content = json.loads(manifest.read_text("utf-8"))
    content["decides"]["packages"]["torch"] = "1.0"
    manifest.write_text(json.dumps(content), "utf-8")
    before = (kept / "run" / "answers.jsonl").read_bytes()
    assert evaluate(kept, "--seed", "3") == 2
    *changed, mend = capsys.readouterr().err.splitlines()
    assert [line.partition("since ")[2].partition(", now")[0] for line in changed] == [
        "the run was made: packages.torch: then 1.0",
        "the run was made: settings.seed: then 0",
    ]
    assert "name a new folder (--out DIR)" in mend
    assert (kept / "run" / "answers.jsonl").read_bytes() == before

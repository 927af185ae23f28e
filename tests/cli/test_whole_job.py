"""The whole job through the command line, on one small synthetic set with the embedded model."""

import json
import zipfile

import pytest

from mevqa.cli import main
from mevqa.inference.runs import open_run


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    assert main(["demo", "--out", str(folder), "--clips", "3", "--seed", "11"]) == 0
    return folder


def evaluate(job, out, *more):
    data = job / "data"
    words = ["eval", data / "me_vqa_synthetic_train.jsonl", "--media", data, "--out", out, *more]
    return main([str(word) for word in (*words, "--annotations", data / "annotations.csv")])


def test_the_demo_leaves_a_valid_submission(job):
    with zipfile.ZipFile(job / "submission" / "submission.zip") as archive:
        assert archive.namelist() == ["me_vqa_synthetic_test_pred.jsonl"]
        rows = [json.loads(line) for line in archive.read("me_vqa_synthetic_test_pred.jsonl").splitlines()]
    question_lines = (job / "data" / "me_vqa_synthetic_test_to_answer.jsonl").read_text().splitlines()
    assert [row["video_id"] for row in rows] == [json.loads(line)["video_id"] for line in question_lines]
    assert all(row["answer"] for row in rows)


def test_the_same_command_continues_and_another_is_refused(job, capsys):
    assert evaluate(job, job / "again", "--limit", "1") == 0
    before = open_run(job / "again").answers
    assert evaluate(job, job / "again") == 0
    after = open_run(job / "again").answers
    assert len(after) > len(before) and all(after[key] == before[key] for key in before)
    capsys.readouterr()
    assert evaluate(job, job / "again", "--seed", "5") == 2
    assert "settings.seed: then 0, now 5" in capsys.readouterr().err


def test_reusing_the_prefix_changes_no_answer(job):
    assert evaluate(job, job / "anew", "--no-prefix-cache", "--batch-size", "1") == 0
    reused, anew = open_run(job / "run").answers, open_run(job / "anew").answers
    for key, answer in anew.items():
        assert reused[key].text == answer.text
        if answer.options is not None:
            assert reused[key].options == pytest.approx(dict(answer.options), abs=1e-3)


def test_ask_answers_with_evidence(job, capsys):
    clip = next((job / "data" / "clips").glob("*.mp4"))
    assert main(["ask", str(clip), "What are the action units?", "Which coarse class is it?", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["localised"] is True and result["onset"] <= result["apex"] <= result["offset"]
    assert sum(result["answers"][1]["options"].values()) == pytest.approx(1)
    assert all(answer["answer"] and answer["confidence"] > 0 for answer in result["answers"])
    assert main(["ask", str(clip), "What is the action unit?", "--apex", "9999"]) == 2


@pytest.mark.parametrize(
    "more, message",
    [
        (("--model", "nanoo"), "did you mean 'nano'"),
        (("--views", "apx"), "unknown view 'apx'"),
        (("--sampler", "oa"), "unknown sampler 'oa'"),
        (("--precomputed", "flow"), "is not VIEW=DIR"),
        (("--prompts", "nowhere"), "nowhere"),
        (("--variant", "breif"), "did you mean 'brief'"),
    ],
)
def test_mistakes_of_eval_are_named(job, tmp_path, capsys, more, message):
    assert evaluate(job, tmp_path / "run", *more) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()

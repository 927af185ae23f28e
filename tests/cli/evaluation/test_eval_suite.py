"""A suite on made-up frames with scripted models."""

import json
from shutil import rmtree

import numpy as np
import pytest
from PIL import Image

from mevqa.cli import main

SCRIPT = "answers:\n  - {type: coarse, answer: negative}\n"


@pytest.fixture
def suite(tmp_path):
    rows = []
    for place in range(4):
        folder = tmp_path / "data" / "clips" / f"c{place}"
        folder.mkdir(parents=True)
        noise = np.random.default_rng(place).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        for number in range(3):
            Image.fromarray(np.roll(noise, number, axis=0)).save(folder / f"{number}.png")
        row = {"id": f"q{place}", "dataset": "casme2", "image_id": f"c{place}", "subject": f"s{place}"}
        row |= {"filename": "x", "question": "What is the coarse expression class?"}
        rows.append({**row, "answer": ("negative", "positive")[place % 2]})
    (tmp_path / "data" / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "mine.yaml").write_text(
        "title: Mine\ntask: vqa\npreset: megc2026-vqa\nmodels: [mock]\npublished: [megc2025-vqa]\n"
        "parts: [{dataset: casme2, questions: questions.jsonl, media: clips}]\n"
    )
    (tmp_path / "negative.yaml").write_text(SCRIPT)
    return tmp_path


def run(suite, *models, more=()):
    model_words = [word for model in models for word in ("--model", model)]
    out = ["--out", str(suite / "out"), "--data-root", str(suite / "data"), "--face", "none"]
    return main(["eval", "--suite", str(suite / "mine.yaml"), *out, *model_words, *more])


def test_a_model_that_fails_does_not_stop_the_others(suite, capsys):
    assert run(suite, str(suite / "no-such-model"), "mock") == 1
    result = json.loads((suite / "out" / "comparison.json").read_text())
    assert [entry["status"] for entry in result.values()] == ["failed", "4/4"]
    printed = capsys.readouterr().out
    assert "failed" in printed and "coarse UF1" in printed
    assert "[megc2025-vqa]" in printed and "arXiv 2506.15298" in printed
    table = (suite / "out" / "comparison.md").read_text()
    assert "mock" in table and "no-such-model" in table
    assert str(suite) not in table


def test_a_suite_goes_on_where_it_stopped(suite):
    assert run(suite, "mock", more=["--limit", "2"]) == 0
    log = suite / "out" / "mock" / "answers.jsonl"
    first = log.read_bytes()
    assert run(suite, "mock") == 0
    assert log.read_bytes().startswith(first)
    assert len(log.read_bytes().splitlines()) == 4
    again = log.read_bytes()
    assert run(suite, "mock") == 0
    assert log.read_bytes() == again
    assert json.loads((suite / "out" / "mock" / "manifest.json").read_text())["suite"] == "mine"


def test_processes_answer_parts_of_a_suite_and_the_last_one_compares(suite, capsys):
    models = [f"mock:{suite / 'negative.yaml'}", "mock"]
    assert run(suite, *models) == 0
    alone = (suite / "out" / "comparison.json").read_bytes()
    capsys.readouterr()
    rmtree(suite / "out")
    assert run(suite, *models, more=["--shard", "1/2"]) == 0
    printed = capsys.readouterr().out
    assert "2 of 2 questions answered" in printed and "2 of 4 clips are not answered yet (c1, c3)" in printed
    assert not (suite / "out" / "comparison.json").exists()
    assert run(suite, *models, more=["--shard", "2/2"]) == 0
    assert (suite / "out" / "comparison.json").read_bytes() == alone
    assert "coarse UF1" in capsys.readouterr().out


def test_events_are_scored_part_by_part(tmp_path, capsys):
    coded = "subject,video,onset,offset,emotion\ns1,v1,10,20,negative\ns2,v2,30,44,positive\n"
    (tmp_path / "coded.csv").write_text(coded)
    (tmp_path / "spotter").mkdir()
    (tmp_path / "spotter" / "found.csv").write_text(coded)
    (tmp_path / "str.yaml").write_text(
        "title: Spots\ntask: events\npreset: megc2025-str\nmodels: []\n"
        "parts: [{dataset: samm, reference: coded.csv, detections: found.csv, fps: 200}]\n"
    )
    common = [
        "eval",
        "--suite",
        str(tmp_path / "str.yaml"),
        "--data-root",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*common, "--model", str(tmp_path / "spotter")]) == 0
    (entry,) = json.loads((tmp_path / "out" / "comparison.json").read_text()).values()
    assert entry["scores"]["metrics"]["strs"] == 1
    assert main(common) == 2
    assert "names no model" in capsys.readouterr().err
    for option in (["--shard", "1/2"], ["--engine", "ray"]):
        assert main([*common, "--model", "mock", *option]) == 2
        assert f"{option[0]}: the suite str asks no questions" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, message",
    [
        (["eval", "--suite", "megc2026-vqa"], "--data-root"),
        (["eval", "--suite", "synthetic", "--media", "x"], "the suite says which files"),
        (
            ["eval", "--suite", "synthetic", "--shots-from", "f", "--shots-media", "d", "--shots-by", "random"],
            "--shots-from, --shots-media, --shots-by: the suite says which files are used; leave it out",
        ),
        (
            ["eval", "x.jsonl", "--out", "r", "--shots-by", "random", "--shots-seed", "3"],
            "--shots-by, --shots-seed: say how many answered clips are shown: --shots K",
        ),
        (["eval"], "name question files"),
        (["eval", "x.jsonl"], "--out"),
        (["eval", "x.jsonl", "--out", "r", "--data-root", "d"], "goes with --suite"),
        (["eval", "x.jsonl", "--out", "r", "--model", "a", "--model", "b"], "several models"),
        (["eval", "--suite", "synthetic", "--model", "nano", "--model", "nano"], "same name"),
    ],
)
def test_conflicting_and_missing_options_are_refused(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not any(tmp_path.iterdir())

"""Two commands that write the same output: the second is refused in one line before it does any work."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from mevqa.cli import main
from mevqa.files.lock import LOCK_NAME, hold_file, hold_folder
from mevqa.files.whole import part_of
from mevqa.inference.engine import answer_clip


@pytest.fixture
def questions(tmp_path):
    (tmp_path / "maps").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for clip in range(3):
        Image.fromarray(rng.integers(0, 255, (28, 28, 3), dtype=np.uint8)).save(tmp_path / "maps" / f"clip{clip}.png")
        row = {"video_id": f"q{clip}", "video": f"clip{clip}", "question": "What are the action units?", "answer": ""}
        rows.append(json.dumps(row) + "\n")
    (tmp_path / "questions.jsonl").write_text("".join(rows))
    return tmp_path / "questions.jsonl"


def words(questions, out):
    maps = f"flow={questions.parent / 'maps'}"
    return ["eval", str(questions), "--precomputed", maps, "--views", "motion", "--model", "mock", "--out", str(out)]


def test_a_half_line_of_a_run_that_is_being_written_is_said_and_no_error(questions, tmp_path, capsys):
    official = questions.with_name("me_vqa_x_v2_test_to_answer.jsonl")
    questions.rename(official)
    run = tmp_path / "run"
    assert main(words(official, run)) == 0
    log = run / "answers.jsonl"
    log.write_bytes(log.read_bytes() + b'{"question_id": "q0", "te')
    reference = tmp_path / "reference.jsonl"
    rows = [json.loads(line) | {"answer": "brow lowerer"} for line in official.read_text().splitlines()]
    reference.write_text("".join(json.dumps(row) + "\n" for row in rows))
    note = "the last line of run/answers.jsonl is not finished and was left out: mevqa eval is still writing"
    for command in (
        ["score", str(run), str(reference), "--draws", "0"],
        ["report", str(run), "--out", str(tmp_path / "page"), "--no-pictures"],
        ["submit", str(run), "--questions", str(official), "--out", str(tmp_path / "handed-in")],
    ):
        capsys.readouterr()
        assert main(command) == 0
        printed = capsys.readouterr()
        assert (printed.out + printed.err).count(note) == 1, command
    complete_lines = log.read_bytes().rpartition(b"\n")[0] + b"\n"
    assert main(words(official, run)) == 0 and log.read_bytes() == complete_lines
    capsys.readouterr()
    assert main(["score", str(run), str(reference), "--draws", "0"]) == 0
    assert note not in capsys.readouterr().out


@pytest.fixture
def held_elsewhere():
    """Hold an output in another process, as long as the test lasts."""
    running = []

    def hold(function, path):
        code = (
            f"import sys; from pathlib import Path; from mevqa.files.lock import {function.__name__} as hold\n"
            "with hold(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, str(path)]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "held\n"
        return running[-1]

    yield hold
    for process in running:
        process.kill()
        process.communicate()


def refused(command, pid, capsys, monkeypatch):
    monkeypatch.setattr("mevqa.inference.loading.load_model", lambda *args: pytest.fail("the model was loaded"))
    assert main(command) == 2
    printed = capsys.readouterr()
    last = printed.err.splitlines()[-1]
    assert (
        last.startswith(f"mevqa {command[0]}: ") and f"(process {pid}, since " in last and "is being written by" in last
    )
    assert printed.err.count("is being written by") == 1


def test_a_second_eval_of_a_run_is_refused(questions, tmp_path, held_elsewhere, capsys, monkeypatch):
    other = held_elsewhere(hold_folder, tmp_path / "run")
    refused(words(questions, tmp_path / "run"), other.pid, capsys, monkeypatch)


def test_an_eval_goes_on_after_one_that_was_killed(questions, tmp_path, held_elsewhere, capsys):
    other = held_elsewhere(hold_folder, tmp_path / "run")
    other.kill()
    other.wait()
    assert main(words(questions, tmp_path / "run")) == 0
    printed = capsys.readouterr()
    assert f"note: {tmp_path / 'run'}: taken over from" in printed.err and f"process {other.pid}" in printed.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"manifest.json", "answers.jsonl"}
    assert len((tmp_path / "run" / "answers.jsonl").read_text().splitlines()) == 3


def test_what_a_kill_left_of_the_manifest_is_no_foreign_file(questions, tmp_path):
    (tmp_path / "run").mkdir()
    part_of(tmp_path / "run" / "manifest.json").write_text('{"form')
    assert main(words(questions, tmp_path / "run")) == 0
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"manifest.json", "answers.jsonl"}


def test_a_refused_eval_leaves_no_folder(questions, tmp_path, capsys):
    assert main([*words(questions, tmp_path / "new" / "run"), "--variant", "brif"]) == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_run_is_refused_before_the_model_is_loaded(questions, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mevqa.inference.loading.load_model", lambda *args: pytest.fail("the model was loaded"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    assert main(words(questions, tmp_path / "run")) == 2
    assert "exists and is not a run" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_two_synth_into_one_folder(tmp_path, held_elsewhere, capsys, monkeypatch):
    other = held_elsewhere(hold_folder, tmp_path / "clips")
    refused(["synth", str(tmp_path / "clips"), "--clips", "1"], other.pid, capsys, monkeypatch)


def test_two_str_into_one_table(tmp_path, held_elsewhere, capsys, monkeypatch):
    (tmp_path / "video.mp4").write_bytes(b"")
    other = held_elsewhere(hold_file, tmp_path / "str.csv")
    refused(["str", str(tmp_path / "video.mp4"), "--out", str(tmp_path / "str.csv")], other.pid, capsys, monkeypatch)
    assert not (tmp_path / "str.csv").exists()


@pytest.mark.parametrize("option", ["--out", "--json", "--plot"])
def test_two_spot_into_one_file(option, tmp_path, held_elsewhere, capsys, monkeypatch):
    (tmp_path / "video.mp4").write_bytes(b"")
    out = tmp_path / "events.svg"
    other = held_elsewhere(hold_file, out)
    refused(["spot", str(tmp_path / "video.mp4"), option, str(out)], other.pid, capsys, monkeypatch)
    assert not out.exists()


def test_two_reports_and_two_submissions_into_one_folder(questions, tmp_path, held_elsewhere, capsys, monkeypatch):
    official = questions.rename(tmp_path / "me_vqa_synthetic_test_to_answer.jsonl")
    assert main(words(official, tmp_path / "run")) == 0
    other = held_elsewhere(hold_folder, tmp_path / "out")
    refused(["report", str(tmp_path / "run"), "--out", str(tmp_path / "out")], other.pid, capsys, monkeypatch)
    submit = ["submit", str(tmp_path / "run"), "--questions", str(official), "--out", str(tmp_path / "out"), "--fill"]
    refused(submit, other.pid, capsys, monkeypatch)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [LOCK_NAME]


def test_a_request_to_terminate_waits_for_the_clip(questions, tmp_path, capsys, monkeypatch):
    clip_ids = []

    def asked_to_end(clip, *args, **options):
        clip_ids.append(clip.id)
        if len(clip_ids) == 2:
            signal.raise_signal(signal.SIGTERM)
        return answer_clip(clip, *args, **options)

    monkeypatch.setattr("mevqa.inference.answering.clips.answer_clip", asked_to_end)
    assert main(words(questions, tmp_path / "run")) == 143
    assert len(clip_ids) == 2 and len((tmp_path / "run" / "answers.jsonl").read_text().splitlines()) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("mevqa eval: terminated; ")


def test_the_lock_is_no_part_of_a_finished_run(questions, tmp_path):
    assert main(words(questions, tmp_path / "run")) == 0
    assert not (tmp_path / "run" / LOCK_NAME).exists() and os.path.isfile(tmp_path / "run" / "manifest.json")

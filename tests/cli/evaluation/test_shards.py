"""A run that three processes answer, one of which is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.files.lock import part_holders
from mevqa.inference.shards import Shard, launched_shard, parse_shard

CLIPS = 12


@pytest.fixture
def questions(tmp_path):
    """Two questions with answers about each of twelve clips, and their maps."""
    (tmp_path / "maps").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for clip in range(CLIPS):
        picture = Image.fromarray(rng.integers(0, 255, (28, 28, 3), dtype=np.uint8))
        picture.save(tmp_path / "maps" / f"clip{clip:02d}.png")
        clip_fields = {"dataset": "samm", "image_id": f"clip{clip:02d}", "subject": f"s{clip % 3}", "filename": ""}
        for number, (question, answer) in enumerate(
            (("What is the coarse expression class?", "negative"), ("What are the action units?", "brow lowerer"))
        ):
            rows.append(
                json.dumps({"id": f"q{clip}_{number}", **clip_fields, "question": question, "answer": answer}) + "\n"
            )
    path = tmp_path / "me_vqa_samm_v2_test_to_answer.jsonl"
    path.write_text("".join(rows))
    return path


def words(questions, out, *more):
    maps = f"flow={questions.parent / 'maps'}"
    command = ["eval", str(questions), "--precomputed", maps, "--views", "motion", "--model", "mock", "--out", str(out)]
    return [*command, *more]


def logged(run):
    return [
        json.loads(line)["question_id"] for log in run.glob("answers*.jsonl") for line in log.read_text().splitlines()
    ]


#: The process with part 2/3 stops before its third clip.
STUCK = """
import sys, time
import mevqa.models.mock as mock
asked, ask = [], mock.MockModel.ask
def stuck(*args, **more):
    asked.append(1)
    if "2/3" in sys.argv and len(asked) > 2:
        time.sleep(600)
    return ask(*args, **more)
mock.MockModel.ask = stuck
from mevqa.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_killed_process_loses_nothing_and_any_number_goes_on(questions, tmp_path, capsys):
    run = tmp_path / "run"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STUCK, *words(questions, run, "--shard", f"{part}/3")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for part in (1, 2, 3)
    ]
    texts = [processes[part].communicate(timeout=120)[0] for part in (0, 2)]
    assert [processes[part].returncode for part in (0, 2)] == [0, 0]
    assert all("8 of 8 questions answered, 4 clips" in text and "clips are not answered yet" in text for text in texts)
    stuck, deadline = run / "answers-2-of-3.jsonl", time.monotonic() + 60
    while time.monotonic() < deadline and (not stuck.exists() or len(stuck.read_text().splitlines()) < 4):
        time.sleep(0.1)
    # What overlaps with it is refused; its own kind is not.
    for more in ((), ("--shard", "1/2"), ("--shard", "2/3")):
        assert main(words(questions, run, *more)) == 2
        assert f"process {processes[1].pid}" in capsys.readouterr().err
    assert main(words(questions, run, "--shard", "1/3")) == 0
    assert list(part_holders(run)) == ["2-of-3"]
    os.kill(processes[1].pid, signal.SIGKILL)
    processes[1].communicate()

    capsys.readouterr()
    assert main(["score", str(run), "--draws", "0"]) == 0
    printed = capsys.readouterr()
    assert "2 of 12 clips are not answered yet (clip07, clip10)" in printed.out + printed.err
    report = ["report", str(run), "--out", str(tmp_path / "page"), "--no-pictures"]
    assert main(report) == 0
    assert "2 of 12 clips are not answered yet (clip07, clip10)" in (tmp_path / "page" / "index.html").read_text()
    capsys.readouterr()
    assert main(["submit", str(run), "--questions", str(questions), "--out", str(tmp_path / "handed-in")]) == 2
    assert "2 of 12 clips are not answered yet (clip07, clip10)" in capsys.readouterr().err

    for part in ("1/2", "2/2"):
        assert main(words(questions, run, "--shard", part)) == 0
    assert "24 of 24 questions answered, 12 clips" in capsys.readouterr().out
    assert len(logged(run)) == len(set(logged(run))) == 2 * CLIPS
    assert main(words(questions, tmp_path / "whole")) == 0
    shared, whole = mevqa.open_run(run), mevqa.open_run(tmp_path / "whole")
    assert {name: replace(answer, seconds=0) for name, answer in shared.answers.items()} == {
        name: replace(answer, seconds=0) for name, answer in whole.answers.items()
    }
    assert shared.manifest["decides"] == whole.manifest["decides"]
    assert shared.score(draws=0).metrics == whole.score(draws=0).metrics
    assert main(["submit", str(run), "--questions", str(questions), "--out", str(tmp_path / "handed-in")]) == 0
    # The whole command, with nothing left to do.
    assert main(words(questions, run)) == 0 and len(logged(run)) == 2 * CLIPS


def test_the_rank_of_a_launcher_chooses_the_part(questions, tmp_path, monkeypatch, capsys):
    assert launched_shard({"RANK": "1", "WORLD_SIZE": "4"}) == "2/4"
    assert launched_shard({"RANK": "0", "WORLD_SIZE": "1"}) is None and launched_shard({}) is None
    assert launched_shard({"RANK": "x", "WORLD_SIZE": "4"}) is None
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert main(words(questions, tmp_path / "run")) == 0
    assert sorted(path.name for path in (tmp_path / "run").glob("answers*")) == [
        "answers-1-of-2.jsonl",
        "answers-2-of-2.jsonl",
    ]


def test_each_process_of_a_launcher_takes_a_gpu_of_its_own(monkeypatch):
    import torch

    from mevqa.models.transformers.placement import choose_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == "cuda"
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert choose_device("auto") == "cuda:1"
    assert choose_device("cuda:0") == "cuda:0"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("auto") == "cuda"


def test_parts_are_all_clips_each_once():
    clips = [f"c{number}" for number in range(11)]
    for count in (1, 2, 3, 11, 20):
        parts = [Shard(index, count).of(clips) for index in range(count)]
        assert sorted(name for part in parts for name in part) == sorted(clips)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    with pytest.raises(InputError, match="is no shard"):
        parse_shard("3/2")

"""Drawing views in several processes: the same views as in one, and an orderly end of the processes."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError, MediaError, Problem
from mevqa.inference.drawing.processes import AHEAD, DrawingProcesses, LostProcess
from mevqa.inference.view_config import ViewConfig
from mevqa.types import Clip

NAME = "me_vqa_synthetic_test_to_answer.jsonl"
CONFIG = ViewConfig(("motion-centred",), sampler="onset-apex")


def answers(run):
    lines = [json.loads(line) for line in (run / "answers.jsonl").read_text("utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_answers_and_errors_are_those_of_one_process(small_set, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(small_set.folder, broken)
    sorted((broken / "clips").iterdir())[1].write_bytes(b"no video")
    runs = [
        mevqa.evaluate(broken / NAME, media=broken, out=tmp_path / f"with-{workers}", workers=workers)
        for workers in (1, 3)
    ]
    alone, shared = (answers(run.path) for run in runs)
    assert alone == shared and len(alone) == len(runs[0].questions)
    assert {answer["error"] for answer in alone if "error" in answer} != set()
    assert any("error" not in answer for answer in alone)
    assert runs[0].manifest["decides"] == runs[1].manifest["decides"]
    # Gone on with: only the clip without answers is looked at.
    again = mevqa.evaluate(broken / NAME, media=broken, out=tmp_path / "with-3", workers=2)
    assert len(answers(again.path)) == len(shared) + sum("error" in answer for answer in shared)


def test_the_clips_ahead_are_bounded_and_come_in_any_order(small_set):
    clips = [Clip(path.stem, media=path) for path in sorted((small_set.folder / "clips").iterdir())]
    looks = [(clip, False) for clip in clips] + [(Clip(f"again-{clip.id}", media=clip.media), False) for clip in clips]
    drawing = DrawingProcesses(1)
    try:
        drawing.look_ahead(CONFIG, looks)
        assert len(drawing._under_way) == AHEAD
        last = drawing.render(clips[-1], long_video=False)
        assert len(drawing._under_way) == AHEAD
        first = drawing.render(clips[0], long_video=False)
        for clip, drawn in ((clips[-1], last), (clips[0], first)):
            live = CONFIG.render(clip, long_video=False)
            assert [view.image.tobytes() for view in drawn.views] == [view.image.tobytes() for view in live.views]
            assert (drawn.onset, drawn.apex, drawn.offset, drawn.warnings) == (
                live.onset,
                live.apex,
                live.offset,
                live.warnings,
            )
        os.kill(drawing._all[0].process.pid, signal.SIGKILL)
        with pytest.raises(LostProcess, match="--workers: one of 1 processes was ended by the system"):
            for clip, _ in looks[1:3] + looks[4:]:
                drawing.render(clip, long_video=False)
    finally:
        drawing.close()
    assert not any(worker.process.is_alive() for worker in drawing._all)


def test_a_clip_that_cannot_be_drawn_makes_room_for_the_next(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    clips = [Clip(f"broken-{number}", media=tmp_path / "broken.mp4") for number in range(2 * AHEAD)]
    drawing = DrawingProcesses(1)
    try:
        drawing.look_ahead(CONFIG, [(clip, False) for clip in clips])
        for clip in clips[:AHEAD]:
            with pytest.raises(MediaError):
                drawing.render(clip, long_video=False)
        assert set(drawing._under_way) == {(clip.id, False) for clip in clips[AHEAD:]}
    finally:
        drawing.close()


@pytest.mark.parametrize(("number", "code", "line"), [(signal.SIGINT, 130, "interrupted")])
def test_an_interrupt_is_one_line_and_the_same_command_goes_on(small_set, tmp_path, number, code, line, capsys):
    words = ["eval", str(small_set.folder / NAME), "--media", str(small_set.folder), "--out", str(tmp_path / "run")]
    # The model never answers: it is interrupted while the processes are at work.
    program = "import sys, time; import mevqa.models.mock as m; m.MockModel.ask = lambda *a, **k: time.sleep(60)\n"
    program += "from mevqa.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, *words, "--model", "mock", "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    started = psutil.Process(process.pid)
    while time.monotonic() < deadline and len(started.children()) < 2:
        time.sleep(0.1)
    workers = started.children()
    time.sleep(1)
    os.killpg(process.pid, number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == code
    assert message == f"mevqa eval: {line}; run the same command again to continue\n"
    psutil.wait_procs(workers, timeout=10)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    assert main([*words, "--model", "mock"]) == 0
    assert "questions answered" in capsys.readouterr().out


def test_errors_pass_from_process_to_process():
    for error in (MediaError("a/b.mp4", "is no video"), InputError([Problem("x", "y", 3), Problem("x", "z")])):
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is type(error) and str(back) == str(error)
    assert back.problems == error.problems

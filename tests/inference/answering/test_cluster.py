"""Looking and answering on a cluster of Ray: the rows and answers of this machine, also where a worker is killed."""

from __future__ import annotations

import os
import threading
import time

import psutil
import pytest

import mevqa
from mevqa.cli import main
from mevqa.errors import InputError
from mevqa.inference.prepared import Prepared
from mevqa.synthetic import synthesise

ray = pytest.importorskip("ray", reason="Ray is not installed (pip install 'mevqa[ray]')")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    synthesise(folder, clips=4, subjects=2, seed=5)
    return folder


@pytest.fixture(scope="module")
def cluster():
    """Two workers, started once for all tests; they import what this process does."""
    try:
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            runtime_env={"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}},
        )
    except (RuntimeError, OSError, TimeoutError) as error:
        pytest.skip(f"Ray cannot start its processes on this machine: {error}")
    yield
    ray.shutdown()


def evaluation_inputs(folder):
    options = {"media": folder, "annotations": folder / "annotations.csv"}
    return folder / "me_vqa_synthetic_test_to_answer.jsonl", options


def test_rows_are_those_of_this_machine(cluster, clips, tmp_path):
    questions, options = evaluation_inputs(clips)
    rows = {}
    for engine in ("local", "ray"):
        out = tmp_path / engine
        mevqa.prepare(questions, out=out, engine=engine, workers=2, views_cache="none", **options)
        rows[engine] = [(row["clip_id"], row["questions"], row["moments"]) for row in Prepared(out).rows]
        rows[engine].append([view["image"].tobytes() for row in Prepared(out).rows for view in row["views"]])
    assert rows["local"] == rows["ray"]


def test_answers_are_those_of_this_machine_though_a_worker_is_killed(cluster, clips, tmp_path):
    questions, options = evaluation_inputs(clips)
    here = mevqa.evaluate(questions, "mock", out=tmp_path / "here", views_cache="none", **options)
    killed = []

    def kill_one():
        for _ in range(1200):
            for process in psutil.process_iter(["cmdline"]):
                if "Worker.call" in " ".join(process.info["cmdline"] or ()):
                    killed.append(process.pid)
                    process.kill()
                    return
            time.sleep(0.05)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    away = mevqa.evaluate(
        questions, "mock", out=tmp_path / "away", engine="ray", workers=2, views_cache="none", **options
    )
    killer.join(1)
    assert killed and {name: answer.text for name, answer in away.answers.items()} == {
        name: answer.text for name, answer in here.answers.items()
    }
    assert not any(answer.error for answer in away.answers.values())
    assert away.manifest["decides"] == here.manifest["decides"], "the same run: either goes on with the other"


def test_errors_of_the_model_are_one_line(cluster, clips, tmp_path, capsys):
    questions, options = evaluation_inputs(clips)
    words = [str(questions), "--media", str(clips), "--out", str(tmp_path / "x"), "--engine", "ray"]
    assert main(["eval", *words, "--model", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    loaded = mevqa.load_model("mock")
    with pytest.raises(InputError, match="each worker loads the model"):
        mevqa.evaluate(questions, loaded, out=tmp_path / "y", engine="ray", **options)
    with pytest.raises(InputError, match="there is no engine 'rays'"):
        mevqa.evaluate(questions, out=tmp_path / "y", engine="rays", **options)

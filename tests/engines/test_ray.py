"""A cluster of Ray on this machine: the results of the local engine, also where a worker is killed."""

from __future__ import annotations

import sys
import threading
import time

import psutil
import pytest

import mevqa
from mevqa.engines import Lost, find_engine
from mevqa.errors import InputError
from mevqa.synthetic.encoding import write_mp4

ray = pytest.importorskip("ray", reason="Ray is not installed (pip install 'mevqa[ray]')")


@pytest.fixture(scope="module")
def cluster():
    """Two workers, started once for all tests."""
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    except (RuntimeError, OSError, TimeoutError) as error:
        pytest.skip(f"Ray cannot start its processes on this machine: {error}")
    yield
    ray.shutdown()


@pytest.fixture
def media(tmp_path, walls):
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(3):
        write_mp4(folder / f"v{number}.mp4", walls(number, 80), 30.0, crf=10)
    return folder


@pytest.fixture
def walls():
    import numpy as np

    def moving(seed, frames):
        picture = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        return [np.roll(picture, number, axis=1) for number in range(frames)]

    return moving


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_results_losses_and_second_tries(cluster, tmp_path):
    def work(item):
        import os
        import signal
        from pathlib import Path

        if item == "raises":
            raise RuntimeError("no\nreason")
        tried = Path(tmp_path) / item
        if item == "dies" or (item == "dies once" and not tried.exists()):
            tried.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return item.upper()

    items = ["plain", "dies once", "dies", "raises"]
    results = {items[place]: result for place, result in find_engine("ray", 2).map(work, items)}
    assert (results["plain"], results["dies once"]) == ("PLAIN", "DIES ONCE")
    assert isinstance(results["dies"], Lost) and "was ended 3 times" in results["dies"].reason
    assert results["raises"] == Lost("failed on the cluster: RuntimeError: no reason")


def test_features_are_those_of_the_local_engine_though_a_worker_is_killed(cluster, media, tmp_path):
    killed = []

    def kill_one():
        while not killed:
            for process in psutil.process_iter(["cmdline"]):
                if "ray::work_on" in " ".join(process.info["cmdline"] or ()):
                    killed.append(process.pid)
                    process.kill()
                    return
            time.sleep(0.05)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    away = mevqa.measure_features(media.as_uri(), features=tmp_path / "away", engine="ray", workers=2)
    here = mevqa.measure_features(media, features=tmp_path / "here")
    killer.join(1)
    assert killed and files(tmp_path / "away") == files(tmp_path / "here") and len(files(tmp_path / "here")) == 3
    assert [str(video.path) for video in away] == [f"{media.as_uri()}/v{number}.mp4" for number in range(3)]
    assert [(video.seconds, video.share, video.new) for video in away] == [
        (video.seconds, video.share, video.new) for video in here
    ]
    again = mevqa.measure_features(media, features=tmp_path / "away", engine="ray", workers=2)
    assert [video.new for video in again] == [False] * 3


def test_events_are_those_of_the_local_engine(cluster, media, tmp_path):
    (media / "broken.mp4").write_bytes(b"noise" * 100)
    tables = []
    for name, options in (("one", {}), ("several", {"workers": 2}), ("ray", {"workers": 2, "engine": "ray"})):
        with pytest.raises(InputError, match="broken.mp4: cannot be read"):
            mevqa.spot_folder(media, json=tmp_path / f"{name}.json", csv=tmp_path / f"{name}.csv", **options)
        tables.append((tmp_path / f"{name}.json").read_bytes() + (tmp_path / f"{name}.csv").read_bytes())
    assert tables[0] == tables[1] == tables[2]


def test_without_ray_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'mevqa\[ray\]'"):
        find_engine("ray", 2)


def test_a_cluster_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(InputError, match="no cluster of Ray answers at '127.0.0.1:1': .*refused"):
        list(find_engine("ray", 2).map(len, ["a"]))

    def refused(**options):
        raise ConnectionError("nobody\nthere")

    monkeypatch.setenv("RAY_ADDRESS", "auto")
    monkeypatch.setattr(ray, "init", refused)
    with pytest.raises(InputError, match="no cluster of Ray answers at 'auto': nobody there"):
        list(find_engine("ray", 2).map(len, ["a"]))


def test_a_relative_path_is_one_of_the_folder_in_which_the_command_runs(cluster, media, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    measured = mevqa.measure_features("media/v0.mp4", features="c", engine="ray", workers=2)
    assert [video.new for video in measured] == [True] and len(files(tmp_path / "c")) == 1

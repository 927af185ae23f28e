"""The cache filled ahead: by several processes as by one, on from where it was interrupted, problems at the end."""

import os
import signal
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from made_records import resting

from mevqa import measure_features
from mevqa.cli import main
from mevqa.engines import find_engine
from mevqa.errors import InputError
from mevqa.inference.view_config import ViewOptions
from mevqa.spotting.features import filling
from mevqa.spotting.features.cache import FeatureCache, read_record
from mevqa.spotting.features.export import export_record, export_series
from mevqa.spotting.features.filling import MeasuredVideo, ToMeasure, fill
from mevqa.spotting.features.folder import named_cache, user_cache
from mevqa.spotting.features.views import channel_names, regional_channels
from mevqa.spotting.registry import spot_options
from mevqa.synthetic.encoding import write_mp4


def moving_wall(seed, frames=8):
    """Frames without a face, which are quick to measure."""
    picture = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return [np.roll(picture, number, axis=1) for number in range(frames)]


def use_opencv_threads():
    """Have OpenCV start its threads, which a fork does not copy."""
    cv2.setNumThreads(4)
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (31, 31), 5)


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(3):
        write_mp4(folder / f"v{number}.mp4", moving_wall(number), 30.0, crf=10)
    return folder


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_several_processes_store_what_one_does(media, tmp_path):
    use_opencv_threads()
    single = measure_features(media, features=tmp_path / "one")
    several = measure_features(media, features=tmp_path / "several", workers=3)
    assert [video.path.name for video in several] == ["v0.mp4", "v1.mp4", "v2.mp4"]
    assert files(tmp_path / "one") == files(tmp_path / "several") and len(files(tmp_path / "one")) == 3
    assert [(video.seconds, video.share, video.new) for video in single] == [
        (pytest.approx(7 / 30, abs=1e-3), 0.0, True)
    ] * 3


def test_what_is_there_is_not_measured_again(media, tmp_path, monkeypatch):
    measure_features(media / "v0.mp4", features=tmp_path / "c")
    seen = []
    real = filling.measure
    monkeypatch.setattr(
        filling, "measure", lambda video, progress: seen.append(video.path.name) or real(video, progress)
    )
    videos = measure_features([media, media / "v0.mp4"], features=tmp_path / "c")
    assert seen == ["v1.mp4", "v2.mp4"] and [video.new for video in videos] == [False, True, True]


@pytest.mark.parametrize("workers", [1, 2])
def test_problems_of_videos_are_reported_together_at_the_end(media, tmp_path, workers, capsys):
    for name in ("a", "z"):
        (media / f"{name}.mp4").write_bytes(b"noise" * 100)
    assert main(["features", str(media), "--features", str(tmp_path / "c"), "--workers", str(workers)]) == 2
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if "cannot be read" in line]
    assert len(lines) == 2 and "a.mp4" in lines[0] and "z.mp4" in lines[1]
    assert len(files(tmp_path / "c")) == 3 and printed.out.count("measured") == 3


def test_a_process_that_the_system_ends_costs_its_video_only(media, tmp_path, monkeypatch):
    real = filling.fill_one

    def killed(video, folder, progress=None):
        if video.path.name == "v1.mp4":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(video, folder)

    monkeypatch.setattr(filling, "fill_one", killed)
    with pytest.raises(InputError, match=r"v1.mp4: the process .* was ended by the system"):
        measure_features(media, features=tmp_path / "c", workers=2)
    assert len(files(tmp_path / "c")) == 2


def test_an_interruption_keeps_what_is_done_and_ends_the_processes(media, tmp_path):
    outcomes = fill(
        [ToMeasure(path) for path in sorted(media.iterdir())], tmp_path / "c", engine=find_engine("local", 2)
    )
    _, first = next(outcomes)
    outcomes.close()
    assert isinstance(first, MeasuredVideo) and read_record(first.file) is not None
    assert not [path for path in (tmp_path / "c").iterdir() if read_record(path) is None]


def test_the_videos_of_a_label_file_are_measured_at_its_rates(media, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,subject,onset,apex,offset,fps\nv1,s1,1,2,3,25\n", "utf-8")
    (video,) = measure_features(media, annotations=labels, features=tmp_path / "c")
    record = read_record(video.file)
    assert record.video == "v1" and record.fps == 25.0 and record.times_ms[1] == 40.0
    with pytest.raises(InputError, match="one folder of media"):
        measure_features([media, media], annotations=labels, features=tmp_path / "c")


def test_the_folder_is_the_one_that_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("MEVQA_FEATURES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert named_cache(None) is None and user_cache() == tmp_path / "mevqa" / "features"
    monkeypatch.setenv("MEVQA_FEATURES", str(tmp_path / "named"))
    assert named_cache(None) == tmp_path / "named" and named_cache(tmp_path) == tmp_path


def test_what_was_stored_by_another_process_meanwhile_will_do(tmp_path, monkeypatch):
    cache, record = FeatureCache(tmp_path), resting(np.arange(5.0))
    cache.store(tmp_path / "x.safetensors", record)

    def refused(path, content):
        raise InputError([])

    monkeypatch.setattr("mevqa.spotting.features.cache.write_whole", refused)
    cache.store(tmp_path / "x.safetensors", record)
    with pytest.raises(InputError):
        cache.store(tmp_path / "y.safetensors", record)


def test_a_record_as_numpy_and_as_csv(tmp_path):
    record = resting(np.arange(4) * 40.0, missing=np.array([0, 0, 1, 0], np.uint8), reasons=("", "no face"))
    record.displacement[1, 0] = 0.25, -0.5
    export_record(tmp_path / "r.npz", record)
    export_record(tmp_path / "r.csv", record)
    arrays = np.load(tmp_path / "r.npz", allow_pickle=False)
    assert np.array_equal(arrays["displacement"], record.displacement) and arrays["missing"][2] == "no face"
    assert arrays["regions"].tolist() == list(record.regions) and arrays["fps"] == 30.0
    rows = [line.split(",") for line in (tmp_path / "r.csv").read_text("utf-8").splitlines()]
    assert rows[0][:6] == ["frame", "time_ms", "stretch", "missing", "left inner brow right", "left inner brow down"]
    assert rows[2][:7] == ["1", "40.000", "0", "", "0.25", "-0.5", "0.05"]
    assert rows[3][3] == "no face" and set(rows[3][4:]) == {""}


def test_channels_as_numpy_and_as_csv(media, tmp_path):
    series = regional_channels(resting(np.arange(4) * 40.0), "me-tst")
    export_series(tmp_path / "s.npz", series, channel_names("me-tst"))
    arrays = np.load(tmp_path / "s.npz", allow_pickle=False)
    assert arrays["values"].shape == (4, 10) and arrays["channels"][0] == "right whole brow right"
    options = SimpleNamespace(features=tmp_path / "c", export=tmp_path / "x", format="csv", channels="nodes")
    measure_features(media / "v0.mp4", **vars(options))
    rows = [line.split(",") for line in (tmp_path / "x" / "v0.csv").read_text("utf-8").splitlines()]
    assert rows[0][:3] == ["time_ms", "frame", "measured"] and len(rows[0]) == 27 and rows[1][2] == "0"
    with pytest.raises(InputError, match="known are record, me-tst"):
        measure_features(media, features=tmp_path / "c", channels="me-tsd")


def test_commands_look_measured_videos_up_where_the_folder_is_named(media, tmp_path, monkeypatch, capsys):
    cache = tmp_path / "c"
    measure_features(media, features=cache)

    def never(*_, **__):
        raise AssertionError("measured although it is stored")

    monkeypatch.setattr("mevqa.spotting.motion.stream.FaceTracker.read", never)
    assert main(["spot", str(media), "--features", str(cache)]) == 0
    monkeypatch.setenv("MEVQA_FEATURES", str(cache))
    assert main(["spot", str(media / "v1.mp4")]) == 0
    assert capsys.readouterr().out.count("micro-expressions 0") == 4
    assert ViewOptions(features=tmp_path).check()[0].features == tmp_path
    monkeypatch.delenv("MEVQA_FEATURES")
    assert spot_options().features is None

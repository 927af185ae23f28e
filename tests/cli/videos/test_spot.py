from __future__ import annotations

import csv
import hashlib
import json
import os

import numpy as np
import pytest
from PIL import Image
from spotted_events import spotted

from mevqa.api.spotting.spot import plot_files
from mevqa.benchmarks.trial_videos import trial_plans, write_trial
from mevqa.cli import main
from mevqa.data.events.read import read_events
from mevqa.spotting.base import Spotting
from mevqa.spotting.motion.calibration import read_calibrator
from mevqa.spotting.motion.features import FEATURES


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    plans = trial_plans(1, 902, seconds=8.0, fps=(30.0,), content="events")
    return write_trial(tmp_path_factory.mktemp("spot"), plans, "events", 902, size=(256, 256))[0]


@pytest.fixture(autouse=True)
def features(video, monkeypatch):
    """A cache of motion features that the tests of this file share."""
    monkeypatch.setenv("MEVQA_FEATURES", str(video.path.parent.parent / "features"))


def test_events_are_printed_and_written(video, tmp_path, capsys):
    files = {name: tmp_path / f"out.{name}" for name in ("csv", "json", "png")}
    words = ["--out", files["csv"], "--json", files["json"], "--plot", files["png"]]
    assert main(["spot", str(video.path), *map(str, words)]) == 0
    printed = capsys.readouterr().out
    assert "micro-expressions" in printed and "AU " in printed
    rows = list(csv.DictReader(files["csv"].open()))
    (content,) = json.loads(files["json"].read_text())
    assert len(rows) == len(content["events"]) > 0
    assert {row["video"] for row in rows} == {content["video"]} == {video.path.stem}
    assert len(content["curve"]["ms"]) > 200 and set(content["events"][0]["regions"])
    Image.open(files["png"]).verify()


def test_score_and_report_read_the_file(video, tmp_path):
    assert main(["spot", str(video.path), "--out", str(tmp_path / "events.csv")]) == 0
    read = read_events(tmp_path / "events.csv", "predictions")
    assert read.events and all(event.score is not None and event.kind for event in read.events)


def test_a_video_without_face_says_so_and_has_an_empty_list(tmp_path, capsys):
    folder = tmp_path / "wall"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    for number in range(12):
        Image.fromarray(np.roll(noise, number, axis=0)).save(folder / f"{number}.png")
    words = ["--fps", "25", "--out", str(tmp_path / "e.csv"), "--json", str(tmp_path / "e.json")]
    assert main(["spot", str(folder), *words]) == 0
    printed = capsys.readouterr()
    assert "micro-expressions 0" in printed.out and "no face in the whole video" in printed.err
    assert read_events(tmp_path / "e.csv", "predictions").events == ()
    assert json.loads((tmp_path / "e.json").read_text())[0]["face"] is False


def test_several_videos_of_a_folder(video, tmp_path, capsys):
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "one.mp4").write_bytes(video.path.read_bytes())
    (folder / "broken.mp4").write_bytes(b"nothing")
    assert main(["spot", str(folder), "--out", str(tmp_path / "all.csv")]) == 2
    printed = capsys.readouterr()
    assert "one:" in printed.out and "broken.mp4" in printed.err
    assert {row["video"] for row in csv.DictReader((tmp_path / "all.csv").open())} == {"one"}


def test_two_videos_of_one_name_are_told_apart_in_the_table(video, tmp_path, capsys):
    for name in ("talk.mp4", "talk.mov"):
        (tmp_path / name).write_bytes(video.path.read_bytes())
    assert main(["spot", str(tmp_path), "--out", str(tmp_path / "all.csv")]) == 0
    assert {row["video"] for row in csv.DictReader((tmp_path / "all.csv").open())} == {"talk.mov", "talk.mp4"}
    assert "talk.mov: 8.0 s" in capsys.readouterr().out


def test_a_frame_that_cannot_be_read_and_a_pipe_are_named(tmp_path, capsys):
    frames = tmp_path / "frames"
    frames.mkdir()
    for number, size in enumerate((100, 100, 50)):
        Image.new("L", (size, size)).save(frames / f"img{number}.png")
    assert main(["spot", str(frames)]) == 2
    assert "frames/img2.png: is 50x50" in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe.mp4")
    assert main(["spot", str(tmp_path / "pipe.mp4")]) == 2
    assert "pipe.mp4: is neither a file nor a folder" in capsys.readouterr().err


def test_one_picture_for_several_videos_is_refused_before_the_work(video, tmp_path, capsys):
    for name in ("one.mp4", "two.mp4"):
        (tmp_path / name).write_bytes(b"nothing")
    assert main(["spot", str(tmp_path), "--plot", str(tmp_path / "out.png")]) == 2
    assert "there are 2 videos: name a folder" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_videos_of_one_name_have_a_picture_each(tmp_path):
    paths = [tmp_path / name for name in ("talk.avi", "talk.mp4", "walk.mp4")]
    for path in paths:
        path.write_bytes(b"nothing")
    plots = plot_files(tmp_path / "plots", [*paths, tmp_path])
    assert [path.name for path in plots.values()] == [
        "talk.avi.png",
        "talk.mp4.png",
        "walk.png",
        f"{tmp_path.name}.png",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--kinds", "tiny"], "--kinds"), (["--threshold", "-1"], "--threshold"), (["--fps", "0"], "fps")],
)
def test_wrong_options_are_one_line(video, words, message, capsys):
    assert exit_code(["spot", str(video.path), *words]) == 2
    printed = capsys.readouterr().err
    assert message in printed and printed.count("\n") == 1


def exit_code(words):
    """Exit code of a command line, refused by the parser or by the command."""
    try:
        return main(words)
    except SystemExit as end:
        return end.code


def test_a_missing_video_is_one_line(tmp_path, capsys):
    assert main(["spot", str(tmp_path / "none.mp4")]) == 2
    assert "no such file" in capsys.readouterr().err


ROWS = "clip,subject,fps,onset,apex,offset,kind\n" + "".join(
    f"v{number},s{number // 2},30,{onset},{onset + 8},{onset + 20},micro\n"
    for number in range(6)
    for onset in (120, 600, 1200)
)


@pytest.fixture
def annotated(tmp_path, monkeypatch):
    """Six annotated videos of three people; strong candidates are marked, weak ones are not, nearly always."""
    media = tmp_path / "media"
    media.mkdir()
    for number in range(6):
        (media / f"v{number}.mp4").write_bytes(bytes([number]))
    (tmp_path / "labels.csv").write_text(ROWS)

    def fake(path, *, fps, options, progress):
        progress(1800, 1800)
        rng = np.random.default_rng(int(path.stem[1:]))
        events = []
        for index in range(30):
            values = dict.fromkeys(FEATURES, 0.0) | {"strength": rng.normal(1.5 if index in (2, 10, 20) else 0.3, 0.2)}
            frames = (60 * index, 60 * index + 8, 60 * index + 20)
            times = [frame * 1000 / 30 for frame in frames]
            events.append(spotted(frames, times, "micro", 0.5, features=values, clear=values["strength"] > 1.4))
        return Spotting(path.stem, path, 30.0, 1800, 60.0, tuple(events), (), (), True)

    monkeypatch.setattr("mevqa.spotting.motion.spotter.spot_by_motion", fake)
    return ["--fit", str(tmp_path / "labels.csv"), "--media", str(media), "--out", str(tmp_path / "own.json")]


def test_a_calibrator_is_fitted_and_used(annotated, video, tmp_path, capsys):
    assert main(["spot", *annotated]) == 0
    printed = capsys.readouterr()
    lines = [line.split() for line in printed.out.splitlines()]
    assert ["without", "calibrator", "overall", "18"] in [line[:4] for line in lines]
    (overall,) = [line for line in lines if line[:2] == ["calibrated", "overall"]]
    assert overall[2] == "18" and float(overall[-1]) > 0.9
    assert "log loss" in printed.out and "Brier" in printed.out and "3 subjects" in printed.out
    calibrator = read_calibrator(tmp_path / "own.json")
    assert calibrator.fitted_on.sha256 == hashlib.sha256((tmp_path / "labels.csv").read_bytes()).hexdigest()
    assert (calibrator.fitted_on.videos, calibrator.fitted_on.subjects, calibrator.fitted_on.events) == (6, 3, 18)
    words = ["--calibrator", str(tmp_path / "own.json"), "--out", str(tmp_path / "events.csv")]
    assert main(["spot", str(video.path), *words]) == 0
    scores = [float(row["score"]) for row in csv.DictReader((tmp_path / "events.csv").open()) if row["score"]]
    assert scores and all(score >= calibrator.threshold - 1e-4 for score in scores)


def test_a_calibrator_that_believes_nothing_returns_nothing(annotated, video, tmp_path):
    assert main(["spot", *annotated]) == 0
    content = json.loads((tmp_path / "own.json").read_text()) | {"threshold": 1.0, "intercept": -50.0}
    (tmp_path / "own.json").write_text(json.dumps(content))
    words = ["--calibrator", str(tmp_path / "own.json"), "--json", str(tmp_path / "events.json")]
    assert main(["spot", str(video.path), *words]) == 0
    assert json.loads((tmp_path / "events.json").read_text())[0]["events"] == []


def test_annotations_that_cannot_be_fitted_are_one_line(annotated, tmp_path, capsys):
    (tmp_path / "labels.csv").write_text(ROWS.replace("s1", "s0").replace("s2", "s0"))
    assert main(["spot", *annotated]) == 2
    assert "one subject" in capsys.readouterr().err
    (tmp_path / "labels.csv").write_text("clip,subject,onset,offset\nv0,a,5,9\nv1,b,1700,1790\n")
    assert main(["spot", *annotated]) == 2
    message = capsys.readouterr().err
    assert "none of 60 candidates overlaps" in message or "none of 30 candidates overlaps" in message
    assert "Traceback" not in message and not (tmp_path / "own.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a video or a folder"),
        (["--fit", "x.csv"], "--media: is needed with --fit"),
        (["--fit", "x.csv", "--media", "m", "--out", "o", "--json", "c"], "--json: is of no use with --fit"),
        (["v.mp4", "--media", "o"], "--media: is of no use without --fit"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(words, message, capsys):
    assert main(["spot", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_foreign_calibrator_is_one_line(video, tmp_path, capsys):
    (tmp_path / "other.json").write_text('{"a": 1}')
    assert main(["spot", str(video.path), "--calibrator", str(tmp_path / "other.json")]) == 2
    message = capsys.readouterr().err
    assert "other.json: is not a calibrator" in message and message.count("\n") == 1

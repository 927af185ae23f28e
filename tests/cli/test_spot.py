from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from mevqa.cli import main
from mevqa.scoring.event_files import read_events
from mevqa.spotting.trial_videos import trial_plans, write_trial


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    plans = trial_plans(1, 902, seconds=8.0, fps=(30.0,), content="events")
    return write_trial(tmp_path_factory.mktemp("spot"), plans, "events", 902, size=(256, 256))[0]


def test_events_are_printed_and_written(video, tmp_path, capsys):
    files = {name: tmp_path / f"out.{name}" for name in ("csv", "json", "png")}
    words = ["--csv", files["csv"], "--json", files["json"], "--plot", files["png"]]
    assert main(["spot", str(video.path), *map(str, words)]) == 0
    said = capsys.readouterr().out
    assert "micro-expressions" in said and "AU " in said
    rows = list(csv.DictReader(files["csv"].open()))
    (content,) = json.loads(files["json"].read_text())
    assert len(rows) == len(content["events"]) > 0
    assert {row["video"] for row in rows} == {content["video"]} == {video.path.stem}
    assert len(content["curve"]["ms"]) > 200 and set(content["events"][0]["regions"])
    Image.open(files["png"]).verify()


def test_score_and_report_read_the_file(video, tmp_path):
    assert main(["spot", str(video.path), "--csv", str(tmp_path / "events.csv")]) == 0
    read = read_events(tmp_path / "events.csv", "predictions")
    assert read.events and all(event.score is not None and event.kind for event in read.events)


def test_a_video_without_face_says_so_and_has_an_empty_list(tmp_path, capsys):
    folder = tmp_path / "wall"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    for number in range(12):
        Image.fromarray(np.roll(noise, number, axis=0)).save(folder / f"{number}.png")
    words = ["--fps", "25", "--csv", str(tmp_path / "e.csv"), "--json", str(tmp_path / "e.json")]
    assert main(["spot", str(folder), *words]) == 0
    told = capsys.readouterr()
    assert "micro-expressions 0" in told.out and "no face in the whole video" in told.err
    assert read_events(tmp_path / "e.csv", "predictions").events == ()
    assert json.loads((tmp_path / "e.json").read_text())[0]["face"] is False


def test_several_videos_of_a_folder(video, tmp_path, capsys):
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "one.mp4").write_bytes(video.path.read_bytes())
    (folder / "broken.mp4").write_bytes(b"nothing")
    assert main(["spot", str(folder), "--csv", str(tmp_path / "all.csv")]) == 2
    told = capsys.readouterr()
    assert "one:" in told.out and "broken.mp4" in told.err
    assert {row["video"] for row in csv.DictReader((tmp_path / "all.csv").open())} == {"one"}


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--kinds", "tiny"], "--kinds"), (["--threshold", "-1"], "--threshold"), (["--fps", "0"], "fps")],
)
def test_wrong_options_are_one_line(video, words, said, capsys):
    assert main(["spot", str(video.path), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_video_is_one_line(tmp_path, capsys):
    assert main(["spot", str(tmp_path / "none.mp4")]) == 2
    assert "no such file" in capsys.readouterr().err

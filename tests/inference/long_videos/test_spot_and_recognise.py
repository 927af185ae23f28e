"""The official table of ME-STR."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from spotted_events import spotted

from mevqa.cli import main
from mevqa.data.events.read import read_events
from mevqa.data.events.write import CHALLENGE_COLUMNS
from mevqa.datasets import canonical_dataset, video_name_pattern
from mevqa.errors import InputError
from mevqa.facs import ActionUnit
from mevqa.inference.long_videos import analysis as long_video
from mevqa.inference.long_videos.analysis import LongVideoResult
from mevqa.inference.long_videos.spot_and_recognise import LOG_ENDING, Naming, StrTable, rows_of
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import SpottedEvent


def event(onset, offset, kind="micro", fine=None, coarse=None) -> SpottedEvent:
    times = (onset * 33.3, onset * 33.3 + 33, offset * 33.3)
    units = (ActionUnit(14),)
    return spotted((onset, onset + 1, offset), times, kind, action_units=units, fine=fine, coarse=coarse)


def long_result(path: Path, *rows) -> LongVideoResult:
    """Return made-up events: (onset, offset, kind, fine, coarse)."""
    events = [event(*row) for row in rows]
    name = path.stem if path.is_file() else path.name
    spotting = Spotting(name, path, 30.0, 40, 1.3, tuple(events), (), (), True)
    return LongVideoResult(spotting, tuple(events), "half-second")


@pytest.mark.parametrize(
    ("dataset", "name", "subject", "video"),
    [
        ("samm", "006_1", "006", "006_1"),
        ("casme3", "spNO.1_a", "spNO.1", "a"),
        ("casme3", "dzw_a1", "dzw", "a1"),
        ("cas(me)^2", "15_0101disgustingteeth", "15", "15_0101disgustingteeth"),
        ("synthetic", "synth12_s01_0001", "s01", "synth12_s01_0001"),
        ("unknown", "anna_2", "anna", "anna_2"),
        ("unknown", "talk", "", "talk"),
    ],
)
def test_names_are_split_as_the_data_sets_do(dataset, name, subject, video):
    assert canonical_dataset(dataset) == dataset
    assert Naming(video_name_pattern(dataset)).split(name) == (subject, video)


@pytest.mark.parametrize("pattern", ["(", "(?P<video>.*)"])
def test_a_pattern_without_a_subject_is_refused(pattern):
    with pytest.raises(ValueError, match=r"no regular expression|no group"):
        Naming(pattern)


def test_rows_hold_the_kinds_asked_for_and_the_classes_asked_for(tmp_path):
    result = long_result(
        tmp_path / "anna_1",
        (3, 9, "micro", "anger", "negative"),
        (12, 30, "macro", "happiness", "positive"),
    )
    (tmp_path / "anna_1").mkdir()
    naming = Naming(video_name_pattern("unknown"), "index")
    assert rows_of(tmp_path / "anna_1", result, naming, ["micro"]) == [["anna", "anna_1", "3", "9", "negative"]]
    fine = Naming(video_name_pattern("unknown"), "index", "fine")
    assert [row[2:] for row in rows_of(tmp_path / "anna_1", result, fine, ["micro", "macro"])] == [
        ["3", "9", "anger"],
        ["12", "30", "happiness"],
    ]


def test_frames_of_a_folder_are_the_numbers_in_their_names(tmp_path):
    folder = tmp_path / "006_1"
    folder.mkdir()
    for number in range(40):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / f"006_{561 + number:05}.png")
    result = long_result(folder, (3, 9, "micro", "anger", "negative"))
    assert rows_of(folder, result, Naming(video_name_pattern("samm")), ["micro"]) == [
        ["006", "006_1", "564", "570", "negative"]
    ]
    assert rows_of(folder, result, Naming(video_name_pattern("samm"), "index"), ["micro"])[0][2:4] == ["3", "9"]


def test_an_event_without_an_emotion_is_an_error_and_no_row(tmp_path):
    result = long_result(tmp_path / "v.mp4", (3, 9, "micro", None, None))
    with pytest.raises(InputError, match="frame 3 has no emotion"):
        rows_of(tmp_path / "v.mp4", result, Naming(video_name_pattern("unknown"), "index"), ["micro"])


def test_the_table_is_official_and_is_continued_after_an_interruption(tmp_path):
    out = tmp_path / "new" / "str.csv"
    StrTable(out, {"model": "nano"}).put("a_1", "hash", [["a", "a_1", "3", "9", "negative"]])
    log = out.with_name(out.name + LOG_ENDING)
    with log.open("a") as file:
        file.write('{"name": "b_1", "me')  # a line that a kill tore
    table = StrTable(out, {"model": "nano"})
    assert table.has("a_1", "hash") and not table.has("a_1", "another") and not table.has("b_1", "hash")
    table.put("b_1", "hash", [])
    table.put("c_1", "hash", [["c", "c_1", "5", "8", "positive"]])
    with out.open(newline="") as file:
        read = list(csv.reader(file))
    assert tuple(read[0]) == CHALLENGE_COLUMNS and [row[1] for row in read[1:]] == ["a_1", "c_1"]
    written = out.read_bytes()
    out.unlink()
    assert StrTable(out, {"model": "nano"}).has("b_1", "hash") and out.read_bytes() == written
    assert len(read_events(out, "predictions").events) == 2


def test_other_settings_and_foreign_files_are_refused(tmp_path):
    StrTable(tmp_path / "str.csv", {"model": "nano"}).put("a_1", "hash", [])
    with pytest.raises(InputError, match="model: then nano, now mock"):
        StrTable(tmp_path / "str.csv", {"model": "mock"})
    (tmp_path / "mine.csv").write_text("subject\n")
    with pytest.raises(InputError, match="was not made here"):
        StrTable(tmp_path / "mine.csv", {})
    (tmp_path / f"torn.csv{LOG_ENDING}").write_text("no JSON\n")
    with pytest.raises(InputError, match="is not a line of this log"):
        StrTable(tmp_path / "torn.csv", {})


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """Two videos with one spotted micro-expression each: their folder, and the list of those spotted."""
    from mevqa.synthetic.writer import synthesise

    data = synthesise(tmp_path / "set", 2, 31, long=True, seconds=4.0, size=(128, 128))
    spotted = []

    def spot(path, *, fps=None, options=None, progress=None):
        spotted.append(path.stem)
        return Spotting(path.stem, path, 30.0, 120, 4.0, (event(10, 20),), (), (), True)

    monkeypatch.setattr(long_video, "spot_video", spot)
    return data.media, spotted


def test_the_command_writes_scores_and_goes_on(videos, tmp_path, capsys):
    media, spotted = videos
    out = tmp_path / "str.csv"
    command = ["str", str(media), "--out", str(out), "--dataset", "synthetic", "--face", "none"]
    assert main(command) == 0
    assert "2 of 2 videos, 2 new rows" in capsys.readouterr().out
    before = out.read_bytes()
    assert main(command) == 0 and len(spotted) == 2 and out.read_bytes() == before
    assert main(["score", str(out), str(media.parent / "annotations.csv"), "--preset", "megc2025-str"]) == 0
    assert "spotting (preset megc2025-str" in capsys.readouterr().out
    assert main([*command, "--emotion", "fine"]) == 2
    assert "emotion: then coarse, now fine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--kinds", "tiny"], "--kinds: 'tiny' is not micro"),
        (["--names", "("], "--names: '(' is no regular expression"),
        (["--threshold", "1", "--kinds", ","], "--kinds"),
        (["--calibrator", "nowhere.json"], "nowhere.json"),
    ],
)
def test_wrong_options_are_one_line(videos, tmp_path, capsys, more, message):
    media, spotted = videos
    assert main(["str", str(media), "--out", str(tmp_path / "str.csv"), *more]) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err and spotted == []


def test_two_videos_of_one_name_would_share_rows_and_are_refused(videos, tmp_path, capsys):
    media, spotted = videos
    first = min(media.iterdir())
    first.with_suffix(".mov").write_bytes(first.read_bytes())
    assert main(["str", str(media), "--out", str(tmp_path / "str.csv"), "--face", "none"]) == 2
    assert f"{first.stem}.mov: has the name of another video" in capsys.readouterr().err and not spotted


def test_a_video_that_cannot_be_read_is_reported_and_the_others_are_written(videos, tmp_path, capsys, monkeypatch):
    media, _ = videos
    spot = long_video.spot_video

    def fails_once(path, **more):
        if path.stem.endswith("0001"):
            from mevqa.errors import MediaError

            raise MediaError(path, "is damaged")
        return spot(path, **more)

    monkeypatch.setattr(long_video, "spot_video", fails_once)
    out = tmp_path / "str.csv"
    assert main(["str", str(media), "--out", str(out), "--dataset", "synthetic", "--face", "none"]) == 2
    printed = capsys.readouterr()
    assert "1 of 2 videos, 1 new rows" in printed.out and "is damaged" in printed.err
    assert len(out.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "content"),
    [
        *((1, content) for content in (b"[]", b"5", b"\xff", b"[" * 5000, b"")),
        *((2, content) for content in (b"[]", b"{}", b"\xff", b'{"name": 3, "media": "m", "rows": []}')),
        *((2, content) for content in (b'{"name": "n", "media": "m", "rows": [[3]]}', b'{"name": "\\ud800"}')),
    ],
)
def test_a_damaged_line_of_the_log_is_named(tmp_path, line, content):
    out = tmp_path / "str.csv"
    log = [b"{}", b'{"name": "n", "media": "m", "rows": []}']
    log[line - 1] = content
    out.with_name(out.name + LOG_ENDING).write_bytes(b"".join(entry + b"\n" for entry in log))
    with pytest.raises(InputError, match=rf"\.jsonl:{line}: is not a line of this log"):
        StrTable(out, {})

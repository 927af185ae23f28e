"""The table of the events of a run."""

from __future__ import annotations

import csv

import pytest
from spotted_events import spotted

from mevqa.data.events import write
from mevqa.data.events.read import read_events
from mevqa.data.events.write import RUN_COLUMNS
from mevqa.errors import InputError
from mevqa.facs import ActionUnit
from mevqa.inference.long_videos.analysis import LongVideoResult
from mevqa.inference.long_videos.event_log import EVENTS, EventLog, read_curve, read_not_looked_at
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import UnitCandidate
from mevqa.spotting.tracking.gaps import Gap

GAPS = (Gap(2000.0, 3500.0, "no face"),)


def long_video(tmp_path, *events) -> LongVideoResult:
    recognised = [
        spotted(
            (a, b, c),
            (a * 33.3, b * 33.3, c * 33.3),
            units=(UnitCandidate(ActionUnit(4), 1.0),),
            action_units=(ActionUnit(4), ActionUnit(7)),
            fine="anger",
            coarse="negative",
            event_probability=probability,
        )
        for a, b, c, probability in events
    ]
    trace = tuple((frame * 33.3, 0.02 if frame == 100 else 0.001) for frame in range(300))
    spotting = Spotting("talk", tmp_path, 30.0, 900, 30.0, tuple(recognised), trace, (), True, GAPS, (9000.0,))
    return LongVideoResult(spotting, tuple(recognised), "half-second")


def rows(folder):
    with (folder / EVENTS).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_events_that_count_are_written_and_read_by_the_scorer(tmp_path):
    log = EventLog(tmp_path)
    log.put("one", long_video(tmp_path, (10, 15, 20, 0.8), (100, 105, 110, 0.1)))
    log.put("two", long_video(tmp_path))
    assert tuple(rows(tmp_path)[0]) == RUN_COLUMNS
    assert [(row["video"], row["onset"], row["score"]) for row in rows(tmp_path)] == [
        ("one", "10", "0.8000"),
        ("two", "", ""),
    ]
    file = read_events(tmp_path / EVENTS, "predictions")
    assert [video.video for video in file.videos] == ["one", "two"]
    (event,) = file.events
    assert (event.onset, event.apex, event.offset, event.kind, event.emotion) == (10, 15, 20, "micro", "anger")


def test_a_continued_log_keeps_other_videos_and_replaces_its_own(tmp_path):
    EventLog(tmp_path).put("one", long_video(tmp_path, (10, 15, 20, 0.8)))
    EventLog(tmp_path).put("two", long_video(tmp_path, (30, 35, 40, 0.8)))
    EventLog(tmp_path).put("one", long_video(tmp_path, (50, 55, 60, 0.8)))
    assert sorted((row["video"], row["onset"]) for row in rows(tmp_path)) == [("one", "50"), ("two", "30")]


def test_new_videos_are_added_at_the_end_and_the_table_is_not_written_anew(tmp_path, monkeypatch):
    written = []
    write_whole = write.write_whole
    monkeypatch.setattr(write, "write_whole", lambda path, text: (written.append(path.name), write_whole(path, text)))
    log = EventLog(tmp_path)
    for number in range(20):
        log.put(f"video {number}", long_video(tmp_path, (10, 15, 20, 0.8)))
    assert written.count(EVENTS) == 1
    assert [row["video"] for row in rows(tmp_path)] == [f"video {number}" for number in range(20)]


def test_a_row_that_was_cut_off_is_left_out_when_the_log_is_continued(tmp_path):
    for name in ("one", "two"):
        EventLog(tmp_path).put(name, long_video(tmp_path, (10, 15, 20, 0.8)))
    whole = (tmp_path / EVENTS).read_bytes()
    (tmp_path / EVENTS).write_bytes(whole[:-20])
    EventLog(tmp_path).put("two", long_video(tmp_path, (10, 15, 20, 0.8)))
    assert (tmp_path / EVENTS).read_bytes() == whole


def test_the_curve_is_kept_with_its_peaks(tmp_path):
    EventLog(tmp_path).put("folder/one", long_video(tmp_path))
    curve = read_curve(tmp_path, "folder/one")
    assert 40 <= len(curve) <= 60 and max(curve, key=lambda point: point[1]) == (3.33, 2.0)
    assert [seconds for seconds, _ in curve] == sorted(seconds for seconds, _ in curve)
    assert read_curve(tmp_path, "two") is None


def test_what_was_not_looked_at_is_kept_with_its_reason(tmp_path):
    EventLog(tmp_path).put("one", long_video(tmp_path))
    assert read_not_looked_at(tmp_path, "one") == [(2.0, 3.5, "no face"), (9.0, 9.0, "another shot or pose begins")]
    assert read_not_looked_at(tmp_path, "two") == []


def test_curves_of_earlier_releases_are_read(tmp_path):
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "one.json").write_text("[[0.0, 1.5], [0.2, 2]]")
    assert read_curve(tmp_path, "one") == [(0.0, 1.5), (0.2, 2.0)]
    assert read_not_looked_at(tmp_path, "one") == []


def test_a_table_of_another_kind_is_not_overwritten(tmp_path):
    (tmp_path / EVENTS).write_text("video,onset\nmine,3\n")
    with pytest.raises(InputError, match="move it away"):
        EventLog(tmp_path)
    assert "mine" in (tmp_path / EVENTS).read_text()


@pytest.mark.parametrize("video", ["微" * 80, "x" * 255, "clip\udcff"])
def test_names_that_are_longer_in_a_file_name_have_a_curve_too(video, tmp_path):
    EventLog(tmp_path).put(video, long_video(tmp_path, (10, 20, 30, 0.9)))
    assert read_curve(tmp_path, video) and read_not_looked_at(tmp_path, video)


def test_processes_that_share_a_run_write_one_table(tmp_path):
    first, second = (EventLog(tmp_path, shared=True) for _ in range(2))
    first.put("one", long_video(tmp_path, (10, 15, 20, 0.8)))
    second.put("two", long_video(tmp_path, (30, 35, 40, 0.8)))
    first.put("three", long_video(tmp_path))
    second.put("two", long_video(tmp_path, (31, 35, 40, 0.8)))
    assert sorted((row["video"], row["onset"]) for row in rows(tmp_path)) == [
        ("one", "10"),
        ("three", ""),
        ("two", "31"),
    ]

"""The coding file of MMME, whose frames are named by the time."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.data.frame_numbers import place_events, time_number
from mevqa.datasets.label_layout import Numbering
from mevqa.facs import ActionUnit

HEADER = (
    "Subject", "Filename", "Marker", "OnsetTime", "ApexTime", "OffsetTime", "OnsetFrame", "ApexFrame", "OffsetFrame",
    "Action Units", "Estimated Emotion", "Date", "dif", "Macro/Micro",
)  # fmt: skip
ROWS = (
    ("p01", "rec_20230101", 107, 9.5, 9.7, 9.9, "16-00-41-100-950", "16-00-41-300-970", "16-00-41-500-990", "AU12",
     "happy", "20230101", 20, "Macro"),
    ("p01", "rec_20230101", 107, 1.5, 1.7, 1.9, "16-00-31-433-3", "16-00-31-446-5", "16-00-31-460-7", "AU4, AU7",
     "angry", "20230101", 2, "Micro"),
    ("p01", "rec_20230101", 110, 1.5, 1.7, 1.9, "16-05-31-433-3", "/", "16-05-31-460-7", "AU4", "tense",
     "20230101", 2, "Micro"),
    ("p02", "rec_20230102", 107, 1.5, 1.7, 1.9, "31.4", "/", "16-05-31-460-7", "AU4", "tense", "20230101", 2, "Micro"),
)  # fmt: skip


@pytest.fixture
def file(save_table):
    return read_annotations(save_table("coding_file.xlsx", HEADER, *ROWS))


def test_a_stimulus_of_a_recording_is_a_video(file):
    assert list(file) == ["rec_20230101_107", "rec_20230101_110", "rec_20230102_107"]
    video = file["rec_20230101_107"]
    assert (video.dataset, video.subject, video.fps, video.lines) == ("mmme", "p01", 150.0, (3, 2))
    assert video.numbering == Numbering(first=0, video=False, names="time")
    assert [(e.kind, e.fine, e.coarse) for e in video.events] == [
        ("micro", "anger", "negative"),
        ("macro", "happiness", "positive"),
    ]
    assert video.events[0].action_units == (ActionUnit(4), ActionUnit(7))
    assert video.events[0].onset == time_number("16-00-31-433-3") < video.events[0].apex
    tense = file["rec_20230101_110"].events[0]
    assert (tense.apex, tense.fine, tense.coarse) == (None, "tense", None)
    assert "onset must be the time of a frame" in file["rec_20230102_107"].errors[0]


def test_events_are_placed_by_the_names_of_the_frames(file, tmp_path, save_frames):
    names = [f"2023-1-1-16-0-31-{420 + 6 * n}-{n}-107.tif" for n in range(1, 9)]
    names[2], names[4], names[6] = (
        "2023-1-1-16-0-31-433-3-107.tif", "2023-1-1-16-0-31-446-5-107.tif", "2023-1-1-16-0-31-460-7-107.tif"
    )  # fmt: skip
    folder = save_frames(tmp_path / "rec_20230101_107", *names)
    placement = place_events(file["rec_20230101_107"], folder)
    (event,) = placement.events
    assert (event.onset, event.apex, event.offset) == (2, 4, 6) and placement.lines == (3,)
    assert "names onset 16-00-41-100-950, apex 16-00-41-300-970" in placement.missing[2]
    assert "holds frames 16-00-31-426-1 to 16-00-31-468-8" in placement.missing[2]

"""The label file of SAMM Long Videos, and its join with that of SAMM."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations, read_long_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.facs import ActionUnit

HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units", "Notes",
)  # fmt: skip
PREAMBLE = [(f"Remark {number}",) for number in range(9)]
ROWS = (
    ("006", "006_1_3", 1, 900, 950, 1000, 101, "Macro", "B28", None),
    (6, "006_1_2", 1, 62, 88, 132, 71, "Micro - 1/2", "4+7", "left"),
    (6, "006_1_2", 1, 500, -1, 560, 61, "Macro", "R14A or 17A", None),
    ("011", "011_2_1", 2, 0, 40, 70, 71, "Macro", "L12A+AU14", None),
    ("011", "011_2_2", 2, 90, 95, 0, 0, "Micro - 1/2", "/", None),
)
CLIP_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip
CLIPS = (
    ("006", "006_1_2", 1, 62, 88, 132, 71, "1/2", "4", "Anger", 3, None),
    ("011", "011_2_2", 2, 90, 95, 120, 31, "1/2", "L14", "Contempt", 7, None),
    ("012", "012_1_1", 2, 90, 95, 120, 31, "1/2", "L14", "Contempt", 7, None),
)


@pytest.fixture
def long_file(save_table):
    return save_table("SAMM_LongVideos_V3_Release.xlsx", *PREAMBLE, HEADER, *ROWS)


@pytest.mark.parametrize("name", ["SAMM_LongVideos_V3_Release.xlsx", "samm_long.xls"])
def test_rows_are_events_of_videos(save_table, name):
    videos = read_annotations(save_table(name, *PREAMBLE, HEADER, *ROWS))
    assert list(videos) == ["006_1", "011_2"] == list(videos.videos)
    video = videos["006_1"]
    assert (video.dataset, video.subject, video.fps) == ("samm", "6", 200.0)
    assert (video.lines, video.numbering) == ((12, 13, 11), Numbering(first=1, video=True))
    assert video.events == (
        Event(61, 87, 131, (ActionUnit(4), ActionUnit(7)), None, None, "micro"),
        Event(499, None, 559, (), None, None, "macro"),
        Event(899, 949, 999, (ActionUnit(28),), None, None, "macro"),
    )
    assert len(video.notes) == 1 and "leaves a choice" in video.notes[0]
    other = videos["011_2"]
    assert [(e.onset, e.apex, e.offset) for e in other.events] == [(39, 39, 69), (89, 94, None)]
    assert other.notes == ("onset read as the apex: the onset is not coded", "an event without offset")


def test_emotions_come_from_the_short_clips(long_file, save_table):
    clips = save_table("SAMM_Micro_FACS_Codes_v2.xlsx", ("text",), CLIP_HEADER, *CLIPS)
    videos = read_long_annotations(long_file, clips=clips)
    # The macro-expression of the same name is another event.
    assert [(e.fine, e.coarse) for e in videos["006_1"].events] == [("anger", "negative"), (None, None), (None, None)]
    assert videos["006_1"].events[0].action_units == (ActionUnit(4), ActionUnit(7))
    assert videos["011_2"].events[1].fine == "contempt"
    assert videos["011_2"].events[1].action_units == (ActionUnit(14, "left"),)
    assert "012_1" not in videos
    assert read_long_annotations(long_file)["006_1"].events[0].fine is None


def test_the_file_of_the_short_clips_is_none_of_long_videos(save_table):
    path = save_table("samm.xlsx", ("text",), CLIP_HEADER, *CLIPS)
    with pytest.raises(InputError, match="tells of short clips only"):
        read_long_annotations(path)


def test_a_type_that_is_no_kind(save_table):
    row = (6, "006_1_2", 1, 62, 88, 132, 71, "Eye", "4", None)
    video = read_annotations(save_table("s.xlsx", HEADER, row))["006_1"]
    assert video.errors == ("row 2 of its label file: the type must be micro or macro, not 'Eye'",)

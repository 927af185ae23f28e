"""CAS(ME)^3 label files."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations, read_long_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event
from mevqa.facs import ActionUnit

HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")


def test_the_onset_belongs_to_the_id(save_table):
    path = save_table(
        "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
        HEADER,
        ("spNO.1", "a", 160, 166, 180, "4+R2", 4, "Disgust"),
        ("spNO.1", "a", 300, 300, 310, "B28", 7, "others"),
        ("spNO.2", "j", 28, 31, 40, "L14", 7, "Happy"),
    )
    labels = read_annotations(path)
    assert list(labels) == ["spNO.1_a_160", "spNO.1_a_300", "spNO.2_j_28"]
    first = labels["spNO.1_a_160"]
    assert (first.dataset, first.subject, first.fps) == ("casme3", "spNO.1", 30.0)
    assert first.numbering == Numbering(first=0, video=False)
    assert first.annotation == Event(
        160, 166, 180, (ActionUnit(4), ActionUnit(2, "right")), "disgust", "negative", "micro"
    )
    assert labels["spNO.1_a_300"].annotation == Event(300, 300, 310, (ActionUnit(28),), "others", None, "micro")
    assert labels["spNO.2_j_28"].annotation.fine == "happiness"


def test_the_older_workbook_tells_the_kind_and_has_other_sheets(save_table):
    path = save_table(
        "CAS(ME)3_part_A_v2.xls",
        (*HEADER[:6], "Expression type", "Objective class", "emotion"),
        ("spNO.1", "a", 160, 166, 180, "4", "Micro-expression", 4, "disgust"),
        ("spNO.1", "a", 400, 460, 600, "6+12", "Macro-expression", 1, "happy"),
        blinks=[("Subject", "Filename", "Onset", "Offset"), ("spNO.1", "a", 5, 9)],
    )
    labels = read_annotations(path)
    assert {name: clip.annotation.kind for name, clip in labels.items()} == {
        "spNO.1_a_160": "micro",
        "spNO.1_a_400": "macro",
    }


PART_A = (*HEADER[:6], "Expression type", "Objective class", "emotion")
ROWS = (
    ("spNO.1", "a", 400, 460, 600, "6+12", "Macro-expression ", 1, "happy"),
    ("spNO.1", "A", 160, 160, 180, "4+R2", "Micro-expression", 4, "disgust"),
    ("spNO.1", "b", 30, 0, 44, "L14 or 12", "Micro-expression", 7, "Others"),
    ("spNO.1", "a", 400, 460, 600, "6+12", "Macro-expression ", 1, "happy"),
    ("spNO.2", "c", 50, 90, 80, "14", "Micro-expression", 7, "sad"),
    ("spNO.2", "d", 50, 60, 40, "14", "Micro-expression", 7, "sad"),
)
BLINKS = [
    ("Subject", "Filename", "Onset", "Offset"),
    ("spNO.1", "a", 90, 95),
    ("spNO.1", "a", 10, 14),
    ("spNO.1", "a", 14, "x"),
    ("spNO.3", "a", 5, 9),
]


def test_long_videos_beside_the_clips(save_table):
    file = read_annotations(save_table("CAS(ME)3_part_A_v2.xls", *[PART_A, *ROWS], **{"eye blink": BLINKS}))
    assert list(file)[:3] == ["spNO.1_a_400", "spNO.1_A_160", "spNO.1_b_30"]
    assert list(file.videos) == ["spNO.1_a", "spNO.1_b", "spNO.2_c", "spNO.2_d", "spNO.3_a"]
    video = file.videos["spNO.1_a"]
    assert (video.lines, video.subject, video.fps) == ((3, 2), "spNO.1", 30.0)
    assert [(e.onset, e.apex, e.offset, e.kind) for e in video.events] == [
        (160, 160, 180, "micro"),
        (400, 460, 600, "macro"),
    ]
    assert video.blinks == ((10, 14), (90, 95))
    assert video.notes == (
        "an event that stands in the file twice is counted once",
        "a blink that runs from no frame to another left out",
    )
    unsure = file.videos["spNO.1_b"]
    assert (unsure.events[0].apex, unsure.events[0].action_units, unsure.events[0].fine) == (None, (), "others")
    assert file.videos["spNO.2_c"].events[0].apex is None
    assert file.videos["spNO.2_c"].notes == ("an apex outside its event left out",)
    assert file.videos["spNO.2_d"].errors == ("row 7 of its label file: the offset 40 comes before the onset 50",)
    assert file.videos["spNO.3_a"].events == () and file.videos["spNO.3_a"].blinks == ((5, 9),)


@pytest.mark.parametrize("name", ["spNO.1_a", "spno.1_A", "spNO.1/a", "part_A/spNO.1/a/color"])
def test_a_video_is_found_under_every_name(save_table, name):
    file = read_annotations(save_table("c.xls", PART_A, *ROWS))
    assert file.find(name, long=True) is file.videos["spNO.1_a"]
    assert file.find("spNO.1_a_400", long=False) is file["spNO.1_a_400"]
    assert file.find("spNO.1_zz", long=True) is None


def test_the_videos_of_the_challenge_have_the_same_kind_of_name(save_table):
    file = read_annotations(save_table("c.xls", PART_A, ("dzw", "a1", *ROWS[1][2:])))
    assert file.find("dzw_a1", long=True) is file.videos["dzw_a1"]


def test_blinks_in_columns_that_are_not_known_are_noted(save_table):
    file = read_annotations(save_table("c.xls", PART_A, ROWS[0], **{"eye blink": [("a", "b"), (1, 2)]}))
    assert file.videos["spNO.1_a"].blinks == ()
    assert "its blinks are not read" in file.videos["spNO.1_a"].notes[0]


def test_the_file_of_the_macro_expressions(save_table):
    header = ("sub", "seq", "onset", "apex", "offset", "emotion")
    videos = read_long_annotations(save_table("MaE.xlsx", header, ("spNO.1", "a", 400, 460, 600, "happy")))
    assert videos["spNO.1_a"].events == (Event(400, 460, 600, (), "happiness", "positive", "macro"),)


def test_a_file_that_is_named_after_the_macro_expressions_holds_them(save_table):
    row = ("spNO.1", "a", 400, 460, 600, "6+12", 1, "happy")
    for name, kind in (("cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx", "macro"), ("maelstrom.xlsx", "micro")):
        assert read_annotations(save_table(name, HEADER, row)).videos["spNO.1_a"].events[0].kind == kind


def test_part_c_counts_its_events(save_table):
    header = ("sub", "count", "onset", "offset", "au", "emotion", "PHY")
    rows = ((1, 2, 500, 510, "4,7", "negative", "x"), (1, 1, 373, 384, 12, "positive", "x"))
    file = read_annotations(save_table("CAS(ME)3_part_C_ME.xlsx", header, *rows))
    assert list(file) == ["01_2", "01_1"] and list(file.videos) == ["01_a"]
    video = file.find("part_C/01/a/color", long=True)
    assert video is not None and video.notes == () and video.lines == (3, 2)
    assert video.events[0] == Event(373, None, 384, (ActionUnit(12),), None, "positive", "micro")
    assert file.find("1", long=True) is video
    other = read_annotations(save_table("CAS(ME)3_part_C.xlsx", header, *rows))
    assert "part_C_ME is recommended" in other.videos["01_a"].notes[0]

"""CAS(ME)^3 label files."""

from __future__ import annotations

from mevqa.data.annotations import Numbering, read_annotations
from mevqa.facs import ActionUnit
from mevqa.records import Annotation

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
    assert first.annotation == Annotation(
        160, 166, 180, (ActionUnit(4), ActionUnit(2, "right")), "disgust", "negative", "micro"
    )
    assert labels["spNO.1_a_300"].annotation == Annotation(300, 300, 310, (ActionUnit(28),), "others", None, "micro")
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

"""CASME II label files."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event
from mevqa.facs import ActionUnit

HEADER = (
    "Subject",
    "Filename",
    None,
    "OnsetFrame",
    "ApexFrame",
    "OffsetFrame",
    None,
    "Action Units",
    "Estimated Emotion",
)


@pytest.mark.parametrize("name", ["CASME2-coding-updated.xlsx", "CASME2_label_Ver_2.xls", "coding.csv"])
def test_rows_of_every_kind_of_file(save_table, name):
    path = save_table(
        name,
        HEADER,
        (1, "EP02_01f", None, 46, 59, 86, None, "12", "happiness"),
        (2.0, "EP06_02f", None, 1.0, 5.0, 9.0, None, "4+L10", "Others"),
        ("26", "EP18_50", None, "10", "/", "30", None, "R12 +U17", "repression"),
    )
    labels = read_annotations(path)
    assert list(labels) == ["sub01_EP02_01f", "sub02_EP06_02f", "sub26_EP18_50"]
    first = labels["sub01_EP02_01f"]
    assert (first.dataset, first.subject, first.fps, first.lines) == ("casme2", "sub01", 200.0, (2,))
    assert first.numbering == Numbering(first=1, video=True)
    # img46.jpg is frame 45 of the recording.
    assert first.annotation == Event(45, 58, 85, (ActionUnit(12),), "happiness", "positive", "micro")
    others = labels["sub02_EP06_02f"].annotation
    assert others is not None and (others.fine, others.coarse) == ("others", None)
    assert others.action_units == (ActionUnit(4), ActionUnit(10, "left"))
    missing = labels["sub26_EP18_50"].annotation
    assert missing is not None and (missing.onset, missing.apex, missing.offset) == (9, None, 29)
    assert missing.action_units == (ActionUnit(12, "right"), ActionUnit(17))


def test_a_blank_row_and_a_remark_below_the_table(save_table):
    path = save_table(
        "c.xlsx",
        HEADER,
        (1, "EP02_01f", None, 46, 59, 86, None, 12, "happiness"),
        (),
        ("remark: 255 samples",),
        (3, "EP01_2", None, 1, 2, 3, None, "2", "surprise"),
    )
    labels = read_annotations(path)
    assert {name: clip.lines for name, clip in labels.items()} == {"sub01_EP02_01f": (2,), "sub03_EP01_2": (5,)}


@pytest.mark.parametrize("subject", ["1", "01", "1.0", "S1", "s01", "Sub 1", "sub001", "subject_1"])
def test_every_spelling_of_a_subject_is_one_clip(tmp_path, subject):
    path = tmp_path / "labels.csv"
    header = "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion"
    path.write_text(f"{header}\n{subject},EP02_01f,21,31,47,6+12,happiness\n")
    assert list(read_annotations(path)) == ["sub01_EP02_01f"]


@pytest.mark.parametrize("name", ["coding.xlsx", "coding.csv"])
def test_remarks_beside_the_table_are_noted_and_change_nothing(save_table, name):
    row = (1, "EP02_01f", None, 46, 59, 86, None, 12, "happiness")
    (plain,) = read_annotations(save_table(name, HEADER, row)).values()
    (clip,) = read_annotations(save_table(name, (*HEADER, None, None), (*row, None, "checked twice"))).values()
    assert clip.events == plain.events and clip.errors == () and plain.notes == ()
    (note,) = clip.notes
    assert note.startswith(f"{name}: cells beyond the last heading are not read (line 2)")

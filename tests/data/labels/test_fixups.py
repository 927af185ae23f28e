"""Corrections of known mistakes in released label files."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations
from mevqa.data.labels.read import label_layouts
from mevqa.datasets.fixups import is_missing
from mevqa.facs import parse_units
from mevqa.files.tables.headers import LabelRow


def rows(count: int, **cells: str) -> list[LabelRow]:
    return [LabelRow(index + 2, dict(cells), index) for index in range(count)]


def fixups(title: str):
    return next(layout.fixups for layout in label_layouts() if layout.title == title)


def test_every_correction_is_usable_and_has_a_source():
    for layout in label_layouts():
        fixes = layout.fixups
        for entry in (*fixes.not_coded, *fixes.substitutions, *fixes.remarks, *fixes.corrections):
            assert entry.source and getattr(entry, "note", True)
        for entry in fixes.corrections:
            assert entry.rows
            assert entry.missing or entry.contains or entry.file_rows, "a correction without a guard"
            for value in entry.rows.values():
                assert parse_units(value) if entry.field == "action_units" else int(value) > 0
    assert len(next(entry.rows for entry in fixups("CASME II").corrections if entry.field == "apex")) == 21


def test_frames_that_mean_not_coded():
    assert all(is_missing(cell) for cell in ("", "/", "-1", "-", "nan", "NaN"))
    assert not any(is_missing(cell) for cell in ("0", "1", "12"))


def test_a_missing_apex_is_filled_and_noted():
    fixed = fixups("CASME II").apply(rows(80, onset="40", apex="/", offset="99"))
    changed = {row.index: row.cells["apex"] for row, _ in fixed if row.cells["apex"] != "/"}
    assert changed == {29: "279", 35: "68", 43: "77", 45: "81", 51: "166", 53: "100", 60: "78"}
    row, notes = fixed[60]
    assert (row.cells["offset"], len(notes)) == ("91", 2)
    assert notes[0] == "apex / read as 78: the apex is not coded; estimated from optical flow"
    assert fixed[0][1] == ()


def test_guards_leave_other_releases_alone():
    coded = rows(159, onset="1", apex="5", offset="9", action_units="4")
    assert [row for row, _ in fixups("CASME II").apply(coded)] == coded
    samm = {row.index: row.cells for row, notes in fixups("SAMM").apply(coded) if notes}
    assert samm == {56: {"onset": "1", "apex": "5", "offset": "5739", "action_units": "4"}}
    assert [row for row, _ in fixups("SAMM").apply(coded[:158])] == coded[:158]
    assert [row for row, _ in fixups("CAS(ME)^3").apply(coded)] == coded


def test_units_with_a_choice_are_decided():
    fixed = fixups("SAMM").apply(rows(158, onset="1", apex="5", offset="9", action_units="R14A or 17A"))
    assert {row.index: row.cells["action_units"] for row, notes in fixed if notes} == {
        15: "R12 + R15",
        18: "R12 + R15",
        41: "L14",
        64: "R14",
        154: "R14A",
    }
    assert not any(notes for _, notes in fixups("SAMM").apply(rows(158, apex="5", action_units="corner 4")))


@pytest.mark.parametrize(
    ("onset", "apex", "offset", "read"),
    [
        ("5", "9", "0", "9"),
        ("5", "9", "7", "9"),
        ("5", "9", "9", None),
        ("5", "9", "30", None),
        ("5", "0", "0", None),
        ("5", "/", "0", None),
        ("5", "9", "", None),
    ],
)
def test_an_offset_that_is_not_coded_is_the_apex(onset, apex, offset, read):
    ((row, notes),) = fixups("CAS(ME)^2").apply(rows(1, onset=onset, apex=apex, offset=offset))
    assert row.cells["offset"] == (read or offset)
    assert notes == (("offset read as the apex: the offset is not coded",) if read else ())
    assert fixups("CAS(ME)^3").apply(rows(1, onset=onset, apex=apex, offset=offset))[0][1] == ()


def test_corrections_of_the_short_clips_are_not_those_of_the_long_videos():
    uncoded = rows(159, onset="4", apex="-1", offset="9", action_units="4 or 7")
    assert all(notes == () for _, notes in fixups("SAMM Long Videos").apply(uncoded))
    ((row, notes),) = fixups("SAMM Long Videos").apply(rows(1, onset="0", apex="7", offset="9"))
    assert row.cells["onset"] == "7" and notes == ("onset read as the apex: the onset is not coded",)


def test_frames_that_one_file_does_not_code():
    assert fixups("CAS(ME)^3").is_not_coded("apex", "0") and fixups("SAMM Long Videos").is_not_coded("offset", "0")
    assert not fixups("CAS(ME)^3").is_not_coded("onset", "0") and not fixups("CASME II").is_not_coded("apex", "0")


def test_a_remark_depends_on_the_name_of_the_file():
    assert fixups("CAS(ME)^3 Part C").notes("CAS(ME)3_part_C_ME.xlsx") == ()
    assert "part_C_ME is recommended" in fixups("CAS(ME)^3 Part C").notes("CAS(ME)3_part_C.xlsx")[0]
    assert fixups("CAS(ME)^3").notes("other.xlsx") == ()


def test_corrections_reach_the_annotations(save_table):
    header = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
    path = save_table("c.xlsx", header, *((1, f"EP{i:02d}", 30, "/", 90, "4", "disgust") for i in range(40)))
    labels = read_annotations(path)
    fixed = labels["sub01_EP35"]
    assert fixed.annotation is not None and fixed.annotation.apex == 67
    assert "estimated from optical flow" in fixed.notes[0]
    assert labels["sub01_EP34"].annotation.apex is None and labels["sub01_EP34"].notes == ()

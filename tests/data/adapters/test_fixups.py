"""The table of known defects."""

from __future__ import annotations

from mevqa.data.adapters import LAYOUTS
from mevqa.data.adapters.fixups import apply_fixups, fixup_table, is_missing
from mevqa.data.adapters.table import LabelRow
from mevqa.data.annotations import read_annotations
from mevqa.facs import parse_units


def rows(count: int, **cells: str) -> list[LabelRow]:
    return [LabelRow(index + 2, index, dict(cells)) for index in range(count)]


def test_every_correction_is_usable_and_has_a_source():
    fields = {layout.dataset: set(layout.columns) for layout in LAYOUTS}
    for entry in fixup_table().corrections:
        assert entry.field in fields[entry.dataset] and entry.source and entry.note and entry.rows
        assert entry.missing or entry.contains or entry.file_rows, "a correction without a guard hits other releases"
        for value in entry.rows.values():
            assert parse_units(value) if entry.field == "action_units" else int(value) > 0
    assert len(next(e.rows for e in fixup_table().corrections if e.dataset == "casme2" and e.field == "apex")) == 21


def test_frames_that_mean_not_coded():
    assert all(is_missing(cell) for cell in ("", "/", "-1", "-", "nan", "NaN"))
    assert not any(is_missing(cell) for cell in ("0", "1", "12"))


def test_a_missing_apex_is_filled_and_noted():
    fixed = apply_fixups("casme2", rows(80, onset="40", apex="/", offset="99"))
    changed = {row.index: row.cells["apex"] for row, _ in fixed if row.cells["apex"] != "/"}
    assert changed == {29: "279", 35: "68", 43: "77", 45: "81", 51: "166", 53: "100", 60: "78"}
    row, notes = fixed[60]
    assert (row.cells["offset"], len(notes)) == ("91", 2)
    assert notes[0] == "apex / read as 78: the apex is not coded; estimated from optical flow"
    assert fixed[0][1] == ()


def test_guards_leave_other_releases_alone():
    coded = rows(159, onset="1", apex="5", offset="9", action_units="4")
    assert [row for row, _ in apply_fixups("casme2", coded)] == coded
    samm = {row.index: row.cells for row, notes in apply_fixups("samm", coded) if notes}
    assert samm == {56: {"onset": "1", "apex": "5", "offset": "5739", "action_units": "4"}}
    assert [row for row, _ in apply_fixups("samm", coded[:158])] == coded[:158]
    assert [row for row, _ in apply_fixups("casme3", coded)] == coded


def test_units_with_a_choice_are_decided():
    fixed = apply_fixups("samm", rows(158, onset="1", apex="5", offset="9", action_units="R14A or 17A"))
    assert {row.index: row.cells["action_units"] for row, notes in fixed if notes} == {
        15: "R12 + R15",
        18: "R12 + R15",
        41: "L14",
        64: "R14",
        154: "R14A",
    }
    assert not any(notes for _, notes in apply_fixups("samm", rows(158, apex="5", action_units="corner 4")))


def test_corrections_reach_the_annotations(save_table):
    header = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
    path = save_table("c.xlsx", header, *((1, f"EP{i:02d}", 30, "/", 90, "4", "disgust") for i in range(40)))
    labels = read_annotations(path)
    fixed = labels["sub01_EP35"]
    assert fixed.annotation is not None and fixed.annotation.apex == 67
    assert "estimated from optical flow" in fixed.notes[0]
    assert labels["sub01_EP34"].annotation.apex is None and labels["sub01_EP34"].notes == ()

"""The annotation that the page saves of a clip, its export, and the draft made from answers."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import mevqa
from mevqa.app.clips.annotating import (
    UNIT_CHOICES,
    Draft,
    answered_draft,
    coded_draft,
    save_clip,
    saved_clip,
    with_draft,
    with_event,
    without_event,
)
from mevqa.app.clips.asking import ModelAnswers
from mevqa.app.clips.export import export_name, export_zip
from mevqa.app.clips.open_clip import OpenClip, set_event_moments, set_moments
from mevqa.app.rendering import events_html
from mevqa.app.settings import AppSettings

CLIP = mevqa.Clip("one", "casme2", media=Path("one.mp4"), annotation=mevqa.Event(4, 10, 19))
SHORT = OpenClip(CLIP, "one.mp4", 100, 200.0, 0.495, long=False)
EVENTS = (mevqa.Event(40, 45, 50), mevqa.Event(100, 115, 130))
LONG = OpenClip(replace(CLIP, id="talk", annotation=None), "talk.mp4", 600, 30.0, 19.97, long=True, events=EVENTS)
ASKED = [
    ModelAnswers(
        "nano",
        ("What is the coarse expression class?", "What are the action units?", "Why?"),
        (
            mevqa.Answer("1", "negative", value="negative", confidence=0.75),
            mevqa.Answer("2", "brow lowerer, lid tightener", value=(4, 7)),
            mevqa.Answer("3", "", error="nothing was read"),
        ),
    ),
    ModelAnswers("the run", ("What is the coarse expression class?",), (None,)),
]


def test_a_corrected_clip_is_saved_and_opened_again_with_it(tmp_path):
    tables = [tmp_path / "shared.csv", tmp_path / "own.csv"]
    coded = with_draft(set_moments(SHORT, 5, 12, 19), Draft(("L4", "7"), "disgust", ""), None)
    assert not save_clip(coded, tables, "s01", "Ada")
    assert save_clip(coded, tables, "s01", "")
    saved = mevqa.Event(5, 12, 19, mevqa.parse_units("L4+7"), "disgust", "negative")
    assert all(mevqa.read_annotations(table)["one"].annotation == saved for table in tables)
    again = saved_clip(SHORT, tables[0])
    assert (again.clip.annotation, again.clip.subject, again.moments) == (saved, "s01", (5, 12, 19))
    assert coded_draft(again, again.clip.annotation) == Draft(("L4", "7"), "disgust", "negative")
    assert saved_clip(SHORT, None) is SHORT and saved_clip(SHORT, tmp_path / "no.csv") is SHORT


def test_the_kind_is_told_by_the_length_or_by_the_coder():
    kinds = {
        kind: with_draft(set_moments(SHORT, 0, 40, 99), Draft(("4",), kind=kind), None).clip.annotation.kind
        for kind in ("by its length", "macro")
    }
    assert kinds == {"by its length": "micro", "macro": "macro"}
    slow = replace(SHORT, seconds=0.99)
    assert with_draft(set_moments(slow, 0, 40, 99), Draft(("4",)), None).clip.annotation.kind == "macro"


@pytest.mark.parametrize(
    ("frames", "kind", "shown"),
    [
        (12, "macro", "macro"),
        (30, "micro", "micro"),
        (12, "micro", "by its length"),
        (30, "macro", "by its length"),
        (30, None, "by its length"),
    ],
)
def test_the_form_takes_over_a_kind_that_was_coded_against_the_length(frames, kind, shown, tmp_path):
    event = mevqa.Event(40, 45, 40 + frames, kind=kind)
    draft = coded_draft(LONG, event)
    assert draft.kind == shown
    coded = with_draft(replace(LONG, events=(event,)), replace(draft, units=("4",)), 0)
    assert coded.events[0].kind == (kind or "macro")
    save_clip(coded, [tmp_path / "labels.csv"], "s01", "")
    reopened = saved_clip(LONG, tmp_path / "labels.csv")
    assert coded_draft(reopened, reopened.events[0]) == Draft(("4",), kind=shown)


def test_the_kind_of_a_spotter_is_none_of_a_coder():
    assert coded_draft(LONG, mevqa.Event(40, 45, 52, kind="macro", score=0.9)) == Draft()


@pytest.mark.parametrize(
    ("kind", "moved_kind", "shown"), [("micro", "macro", "by its length"), ("macro", "macro", "by its length")]
)
def test_a_moved_offset_decides_the_kind_unless_it_was_coded(kind, moved_kind, shown):
    opened = replace(LONG, events=(mevqa.Event(40, 45, 52, kind=kind),))
    moved = set_event_moments(opened, 0, 40, 45, 70)
    assert (moved.events[0].kind, coded_draft(moved, moved.events[0]).kind) == (moved_kind, shown)
    shorter = set_event_moments(opened, 0, 40, 45, 51)
    assert shorter.events[0].kind == kind


def test_the_events_of_a_long_video_are_coded_one_by_one_and_saved_together(tmp_path):
    table = tmp_path / "labels.csv"
    coded = with_draft(LONG, Draft(("12",), "happiness"), 1)
    assert coded.events[0] == EVENTS[0] and coded.events[1].kind == "macro"
    save_clip(coded, [table], "s02", "")
    assert [event.fine for event in mevqa.read_long_annotations(table)["talk"].events] == [None, "happiness"]
    assert saved_clip(LONG, table).events[1].action_units == mevqa.parse_units("12")
    assert without_event(coded, 0).events == coded.events[1:]
    save_clip(without_event(without_event(coded, 1), 0), [table], "s02", "")
    assert mevqa.read_long_annotations(table)["talk"].events == ()
    with pytest.raises(mevqa.MevqaError, match="choose an event"):
        without_event(coded, None)


def test_an_event_that_was_missed_is_added_around_a_frame():
    added, at = with_event(LONG, 70)
    assert (at, added.events[1], len(added.events)) == (1, mevqa.Event(67, 70, 73), 3)
    for frame, moments in ((0, (0, 1, 4)), (599, (595, 598, 599))):
        added, at = with_event(LONG, frame)
        event = added.events[at]
        assert (event.onset, event.apex, event.offset) == moments
    with pytest.raises(mevqa.MevqaError, match="to long videos"):
        with_event(SHORT, 5)


def test_nothing_is_saved_without_a_subject_or_with_a_unit_that_does_not_exist(tmp_path):
    table = tmp_path / "labels.csv"
    with pytest.raises(mevqa.InputError, match="subject: is empty"):
        save_clip(with_draft(SHORT, Draft(("4",)), None), [table], " ", "")
    with pytest.raises(mevqa.MevqaError, match="there is no action unit 99"):
        with_draft(SHORT, Draft(("99",)), None)
    assert not table.exists()


def test_a_page_does_not_start_with_a_table_that_it_could_not_save_to(tmp_path):
    table = tmp_path / "labels.csv"
    AppSettings(saved=table).check()
    save_clip(with_draft(SHORT, Draft(("4",)), None), [table], "s01", "")
    AppSettings(saved=table).check()
    table.write_text("clip,onset\none,x\n")
    for path, message in ((table, "onset must be a number"), (tmp_path / "labels.txt", "ends in .csv")):
        with pytest.raises(mevqa.InputError, match=message):
            AppSettings(saved=path).check()


def test_answers_are_taken_over():
    assert answered_draft(SHORT, ASKED) == Draft(("4", "7"), "", "negative")
    with pytest.raises(mevqa.MevqaError, match="ask for the action units"):
        answered_draft(SHORT, [])


def test_every_choice_of_a_unit_is_one():
    assert len(UNIT_CHOICES) == 84 and ("AU4 brow lowerer, left", "L4") in UNIT_CHOICES
    assert all(str(mevqa.parse_units(code)[0]) == code for _, code in UNIT_CHOICES)


def test_events_are_listed_with_the_names_of_their_units():
    spotted = SimpleNamespace(warnings=())
    drafted = with_draft(LONG, Draft(("L4", "7")), 1)
    table = events_html(replace(drafted, spotted=spotted))
    assert "AU4 brow lowerer (left), AU7 lid tightener" in table and "2 events" in table


def test_everything_about_a_clip_is_exported():
    view = mevqa.View("onset", Image.new("RGB", (8, 8)), "The onset.")
    clip_views = SimpleNamespace(views=[view], warnings=("dark",), onset=4, apex=10, offset=19, localised=True)
    packed = zipfile.ZipFile(io.BytesIO(export_zip(replace(SHORT, clip_views=clip_views), ASKED, b"clip\none\n")))
    assert packed.namelist() == ["clip.json", "answers.jsonl", "answers.csv", "pictures/onset.png", "annotations.csv"]
    record = json.loads(packed.read("clip.json"))
    assert record["moments"] == {"onset": 4, "apex": 10, "offset": 19, "source": "found in the motion"}
    assert (record["pictures"], record["warnings"]) == ({"pictures/onset.png": "The onset."}, ["dark"])
    rows = [json.loads(line) for line in packed.read("answers.jsonl").splitlines()]
    assert [(row["model"], row.get("value"), row.get("error")) for row in rows] == [
        ("nano", "negative", None),
        ("nano", [4, 7], None),
        ("nano", None, "nothing was read"),
    ]
    table = packed.read("answers.csv").decode().splitlines()
    assert table[1] == "one,nano,What is the coarse expression class?,negative,0.7500,,4,10,19,"
    assert len(table) == 4
    assert Image.open(io.BytesIO(packed.read("pictures/onset.png"))).size == (8, 8)


def test_a_long_video_that_nobody_was_asked_about_is_exported_with_its_events():
    packed = zipfile.ZipFile(io.BytesIO(export_zip(LONG, [], None)))
    assert packed.namelist() == ["clip.json"]
    assert [event["apex"] for event in json.loads(packed.read("clip.json"))["events"]] == [45, 115]


@pytest.mark.parametrize(
    ("name", "file"),
    [("one", "one"), ("../../etc/p w", "etc_p_w"), ("面孔", "clip"), ("x" * 200, "x" * 80)],
)
def test_a_zip_is_called_by_its_clip(name, file):
    assert export_name(replace(SHORT, clip=replace(CLIP, id=name))) == f"mevqa-{file}.zip"

"""Written files open as data sets, and questions, labels, events and runs as tables of pandas."""

import json
from pathlib import Path

import datasets
import pytest

import mevqa
from mevqa.events import Event
from mevqa.inference.logs.answer_log import line_of
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import SpottedEvent, UnitCandidate
from mevqa.spotting.files import write_csv
from mevqa.types import Answer, Parts

ROWS = (
    ("casme2_1", "What is the coarse expression class?", "negative"),
    ("casme2_2", "What are the action units?", "brow lowerer, lid tightener"),
    ("casme2_3", "Is the action unit brow lowerer shown on the face?", ""),
)
#: Answers whose values and options are of every kind.
ANSWERS = (
    Answer("casme2_1", "negative", options={"negative": 0.7, "positive": 0.3}, confidence=0.7, value="negative"),
    Answer("casme2_2", "brow lowerer", raw="AU4", value=(4, "frown"), warnings=("no face",)),
    Answer("casme2_3", "yes", options={"yes": 1.0, "no": 0.0}, confidence=1, seconds=1, value="yes"),
    Answer("count", "3", value=3),
    Answer("interval", "3-9", value=(Event(3, 5, 9),), evidence=("event 1",)),
    Answer("combined", "a sentence", value=Parts(units=(4,), fine="anger", coarse="negative")),
    Answer("failed", "", error="cannot be read", unusable="unreadable", truncated=True),
)


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "me_vqa_casme2_train.jsonl"
    kept = {"dataset": "casme2", "image_id": "clip", "subject": "1", "filename": "clip"}
    rows = [{"id": name, **kept, "question": asked, "answer": answer} for name, asked, answer in ROWS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def spotting(events):
    return Spotting("v", Path("v.mp4"), 30.0, 99, 3.3, tuple(events), (), (), face=True)


def event(units=()):
    return SpottedEvent(
        onset=3, apex=5, offset=9, kind="micro", score=0.5, onset_ms=100.0, apex_ms=166.7, offset_ms=300.0, side=None,
        regions={}, units=units, features={},
    )  # fmt: skip


def load(kind, path, cache):
    return datasets.load_dataset(kind, data_files=str(path), cache_dir=str(cache), split="train")


def test_answers_of_every_kind_open_as_a_data_set(tmp_path):
    log = tmp_path / "answers.jsonl"
    log.write_text("".join(map(line_of, ANSWERS)), "utf-8")
    rows = load("json", log, tmp_path / "cache")
    assert rows["question_id"] == [answer.question_id for answer in ANSWERS]
    assert rows["text"] == [answer.text for answer in ANSWERS]
    assert rows["confidence"][:3] == [0.7, None, 1]


def test_questions_open_as_a_data_set_and_as_a_table(questions, tmp_path):
    assert load("json", questions, tmp_path / "cache")["id"] == [row[0] for row in ROWS]
    table = mevqa.read_questions(questions).to_pandas()
    assert table["question_id"].tolist() == [row[0] for row in ROWS]
    assert table["type"].tolist() == ["coarse", "au_list", "au_presence"]
    assert table["reference"].tolist()[:2] == ["negative", "brow lowerer, lid tightener"]
    assert table["reference"].isna().tolist() == [False, False, True]


def test_events_open_as_a_data_set_and_as_a_table(tmp_path):
    unit = UnitCandidate(mevqa.parse_units("L4")[0], 1.0)
    results = [spotting([event((unit,)), event()]), spotting([])]
    write_csv(tmp_path / "events.csv", results)
    rows = load("csv", tmp_path / "events.csv", tmp_path / "cache")
    assert rows["onset"] == [3, 3, None]
    table = results[0].to_pandas()
    assert table["onset"].tolist() == [3, 3]
    assert table["action_units"].tolist() == ["L4", ""]
    assert results[1].to_pandas().empty and results[1].to_pandas().columns.tolist() == table.columns.tolist()


def test_labels_are_a_table(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("clip,onset,apex,offset,action_units\na,1,2,3,4+7\nb,4,5,6,12\n", "utf-8")
    table = mevqa.read_annotations(path).to_pandas()
    assert table["clip"].tolist() == ["a", "b"]
    assert table["action_units"].tolist() == ["4+7", "12"]
    assert table["apex"].tolist() == [2, 5]

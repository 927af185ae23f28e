"""The table of fine classes by action units, counted in a data set's training file."""

import json
import math

import pytest

import mevqa
from mevqa.datasets import taxonomy
from mevqa.errors import InputError
from mevqa.inference.consistency.class_table import read_class_table
from mevqa.inference.consistency.clip import decide
from mevqa.inference.loading import AskOptions, load_answerer
from mevqa.types import Clip, Question, Reply

#: Here a lone brow lowerer is repression, which no table of emotions says.
ROWS = [("1", "repression", "brow lowerer")] * 4 + [("2", "disgust", "brow lowerer, nose wrinkler")] * 4
ROWS += [("3", "happiness", "lip corner puller")] * 2
FINE = Question("f", "c", "?", "fine", dataset="casme2")
UNITS = Question("u", "c", "?", "au_list", dataset="casme2")
PREFERS_DISGUST = Reply("disgust", options={"disgust": 0.5, "repression": 0.4, "happiness": 0.05, "surprise": 0.05})


@pytest.fixture
def table(tmp_path):
    return read_class_table(write(tmp_path / "train.jsonl"))


def write(path, dataset="casme2"):
    rows = []
    for place, (subject, fine, units) in enumerate(ROWS):
        row = {"dataset": dataset, "image_id": f"c{place}", "subject": subject}
        question = "What are the action units?" if "," in units else "What is the action unit?"
        rows.append({**row, "id": f"{place}u", "question": question, "answer": units})
        rows.append(
            {**row, "id": f"{place}f", "question": "What is the fine-grained expression class?", "answer": fine}
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answers(table, units):
    replies = [PREFERS_DISGUST, Reply(units, confidence=0.98)]
    return decide([FINE, UNITS], replies, taxonomy("casme2"), table)


def test_units_speak_for_the_classes_that_they_make_in_the_data_set(table):
    assert answers(None, "brow lowerer")[0] == "disgust"
    assert answers(table, "brow lowerer") == ["repression", "brow lowerer"]
    assert answers(table, "nose wrinkler")[0] == "disgust"


def test_likelihoods_are_those_of_counts_that_are_one_more(table):
    units = {"brow lowerer": 1.0, "nose wrinkler": 0.0, "lip corner puller": 0.25, "cheek raiser": 0.9}
    log_likelihoods = table.log_likelihoods(units)
    # Four clips of repression, all with the brow lowerer: 5 of 6; the others 1 of 6; the cheek raiser is never shown.
    mixed = 0.25 / 6 + 0.75 * 5 / 6
    assert log_likelihoods["repression"] == pytest.approx(math.log(5 / 6 * 5 / 6 * mixed))
    assert log_likelihoods["happiness"] == pytest.approx(math.log(1 / 4 * 3 / 4 * (0.25 * 3 / 4 + 0.75 / 4)))
    assert log_likelihoods.keys() == {"repression", "disgust", "happiness"}


def test_a_clip_is_decided_by_other_people_of_its_data_set(table):
    assert {clip.fine for clip in table.for_clip(Clip("new", "casme2", "1")).clips} == {"disgust", "happiness"}
    # Its row does not tell the subject, the file does.
    assert {clip.fine for clip in table.for_clip(Clip("c0", "casme2")).clips} == {"disgust", "happiness"}
    # A clip of another data set has the same name: its own person is left out as well.
    assert {clip.fine for clip in table.for_clip(Clip("c0", "casme2", "2")).clips} == {"happiness"}
    elsewhere = table.for_clip(Clip("new", "samm", "1"))
    assert not elsewhere.clips and answers(elsewhere, "brow lowerer")[0] == "disgust"


def test_a_table_of_another_data_set_is_refused(table):
    table.check([Clip("new", "samm"), Clip("new", "casme2")])
    with pytest.raises(InputError, match="train.jsonl: tells of casme2 and not of samm, which is asked about"):
        table.check([Clip("new", "samm")])


def test_without_answers_about_units_the_model_decides(table):
    assert decide([FINE], [PREFERS_DISGUST], taxonomy("casme2"), table) == ["disgust"]
    error = [PREFERS_DISGUST, Reply("", error="out of memory")]
    assert decide([FINE, UNITS], error, taxonomy("casme2"), table)[0] == "disgust"


def test_files_that_make_no_table_are_refused(tmp_path):
    path = write(tmp_path / "train.jsonl")
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "fine" not in line))
    with pytest.raises(InputError, match="tells the fine class and the action units of no clip"):
        read_class_table(path)
    with pytest.raises(InputError, match="leave out --consistency off"):
        load_answerer(AskOptions("mock", consistency=False, class_table=path))


def test_a_run_keeps_what_decided_it(tmp_path):
    data = mevqa.synthesise(tmp_path / "data", clips=2, subjects=2, seed=5, size=(128, 128), fps=(30.0,))
    options = {"media": data.folder, "views": ["frames"], "class_table": data.train}
    run = mevqa.evaluate(data.train, "mock", out=tmp_path / "run", **options)
    assert run.manifest["decides"]["settings"]["class_table"]["clips"] == 2
    with pytest.raises(InputError, match="class_table"):
        mevqa.evaluate(data.train, "mock", out=tmp_path / "run", **options | {"class_table": None})

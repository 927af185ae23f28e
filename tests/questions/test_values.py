"""Values of answers in a run: written, read back, and read again where another reader made them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mevqa
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.facs import UNIT_NAMES, ActionUnit, unit_number
from mevqa.inference import runs
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import question_about
from mevqa.questions.reading.types import Reading
from mevqa.questions.values import answer_value, from_json, stored_reading, to_json
from mevqa.types import Answer, Clip, Parts

_FRAME = st.none() | st.integers(0, 10**6)
_UNITS = st.lists(st.sampled_from(UNIT_NAMES), unique=True, max_size=4)
_CLASS = st.none() | st.sampled_from(["fear", "negative"])
_EVENTS = st.builds(
    Event,
    _FRAME,
    _FRAME,
    _FRAME,
    _UNITS.map(lambda names: tuple(ActionUnit(number) for number in sorted(map(unit_number, names)))),
    _CLASS,
    _CLASS,
    st.sampled_from([None, "micro", "macro"]),
)
VALUES = st.one_of(
    st.text(),
    st.integers(0, 999),
    st.lists(st.integers(1, 64) | st.text(min_size=1)).map(tuple),
    st.lists(_EVENTS).map(tuple),
    _EVENTS,
    st.builds(Parts, _UNITS.map(tuple), _CLASS, _CLASS),
)


@given(VALUES)
def test_every_value_is_read_back_as_it_was_written(value):
    assert from_json(json.loads(json.dumps(to_json(value)))) == value


@pytest.mark.parametrize(
    "data", [1.5, True, [1, True], [["a"]], {"onset": "3"}, {"onset": 1, "kind": "nano"}, {"start": 3}]
)
def test_what_is_no_value_is_refused(data):
    with pytest.raises(ValueError, match="'value'"):
        from_json(data)


def _asked(text):
    return question_about(Clip("c", "casme2"), 1, text)


def test_a_text_in_official_words_is_taken_at_its_word_and_another_by_its_value():
    coarse = _asked("What is the coarse expression class?")
    assert stored_reading(coarse, "negative", "positive").value == "negative"
    assert stored_reading(coarse, "<think>?</think> rather gloomy", "negative") == Reading("rather gloomy", "negative")
    assert stored_reading(coarse, "positive", "negative", truncated=True).unusable == "truncated"
    assert answer_value(coarse, Answer("1", "", error="failed")) is None


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    made = mevqa.synthesise(folder / "set", clips=1, seed=5)
    mevqa.evaluate(made.reference, "mock", media=made.media, out=folder / "run", views="frames")
    return folder / "run"


def _rows(run):
    return [json.loads(line) for line in (run / "answers.jsonl").read_text("utf-8").splitlines()]


def test_answers_are_stored_with_their_values_and_pandas_has_them(run):
    rows = _rows(run)
    opened = mevqa.open_run(run)
    table = opened.to_pandas().set_index("question_id")
    assert sum("value" in row for row in rows) > 4
    for row in rows:
        assert row.get("value") == table.value[row["question_id"]]
    for question in opened.questions:
        answer = opened.answers[question.id]
        assert answer.value == read_answer(question, answer.text).value


def test_values_of_another_reader_and_of_none_are_read_again(run, monkeypatch):
    log = run / "answers.jsonl"
    before, score = log.read_text("utf-8"), mevqa.open_run(run).score().as_dict()
    monkeypatch.setattr(runs, "reader_digest", lambda: "another")
    assert {answer.value for answer in mevqa.open_run(run).answers.values()} == {None}
    assert mevqa.open_run(run).score().as_dict() == score
    monkeypatch.undo()
    rows = [{key: value for key, value in row.items() if key != "value"} for row in _rows(run)]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert mevqa.open_run(run).score().as_dict() == score
    log.write_text(before, "utf-8")


def test_a_run_that_goes_on_with_another_reader_uses_no_stored_value(tmp_path, monkeypatch):
    def go_on(text):
        with runs.start_run(tmp_path / "run", {"media": {}}, {}) as log:
            log.append([Answer(text, "negative", value="negative")])

    go_on("1")
    monkeypatch.setattr(runs, "reader_digest", lambda: "another")
    go_on("2")
    monkeypatch.undo()
    go_on("3")
    assert {answer.value for answer in runs.open_run(tmp_path / "run").answers.values()} == {None}


def test_a_value_that_is_none_is_named_with_its_line(tmp_path):
    with runs.start_run(tmp_path / "run", {"media": {}}, {}) as log:
        log.append([Answer("1", "3", value=3)])
    log = tmp_path / "run" / "answers.jsonl"
    log.write_text(log.read_text("utf-8").replace('"value": 3', '"value": 3.5'), "utf-8")
    with pytest.raises(InputError, match=r"answers\.jsonl:1.*'value' must be"):
        runs.open_run(tmp_path / "run")

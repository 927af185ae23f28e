import json
import os

import pytest

from mevqa.errors import InputError
from mevqa.inference.runs import file_digest, open_run, start_run
from mevqa.types import Answer

DECIDES = {"questions": {"a.jsonl": "1"}, "media": {"CAS-1": "x"}, "model": {"name": "nano", "revision": "r1"}}


def answer(key, text="negative", **more):
    return Answer(question_id=key, text=text, **more)


def test_answers_come_back_as_they_were_written(tmp_path):
    first = answer("q1", options={"negative": 0.75, "positive": 0.25}, confidence=0.75, warnings=("no face",))
    failed = Answer(question_id="q2", text="", error="cannot be read")
    with start_run(tmp_path / "run", DECIDES, {"question_files": ["a.jsonl"]}) as run:
        run.append([first, failed])
    back = open_run(tmp_path / "run")
    assert back.answers == {"q1": first, "q2": failed}
    assert back.manifest["question_files"] == ["a.jsonl"]


def test_a_torn_last_line_is_dropped_and_the_run_continues(tmp_path):
    with start_run(tmp_path / "run", DECIDES, {}) as run:
        run.append([answer("q1"), answer("q2")])
    log = tmp_path / "run" / "answers.jsonl"
    log.write_bytes(log.read_bytes()[:-7])
    assert set(open_run(tmp_path / "run").answers) == {"q1"}
    with start_run(tmp_path / "run", DECIDES, {}) as run:
        run.append([answer("q2", "positive")])
    assert open_run(tmp_path / "run").answers["q2"].text == "positive"
    assert all(json.loads(line) for line in log.read_text().splitlines())


def test_a_later_answer_replaces_an_earlier_one(tmp_path):
    with start_run(tmp_path / "run", DECIDES, {}) as run:
        run.append([Answer(question_id="q1", text="", error="out of memory")])
        run.append([answer("q1")])
    assert open_run(tmp_path / "run").answers["q1"].text == "negative"


def test_a_changed_set_up_is_refused_and_named(tmp_path):
    start_run(tmp_path / "run", DECIDES, {}).__exit__(None, None, None)
    changed = {**DECIDES, "model": {"name": "nano", "revision": "r2"}, "media": {"CAS-1": "y"}}
    with pytest.raises(InputError) as caught:
        start_run(tmp_path / "run", changed, {})
    text = str(caught.value)
    assert "model.revision: then r1, now r2" in text
    assert "media.CAS-1: then x, now y" in text


def test_more_clips_may_join_a_run(tmp_path):
    start_run(tmp_path / "run", DECIDES, {}).__exit__(None, None, None)
    more = {**DECIDES, "media": {"CAS-1": "x", "CAS-2": "z"}}
    start_run(tmp_path / "run", more, {}).__exit__(None, None, None)
    assert open_run(tmp_path / "run").manifest["decides"]["media"] == {"CAS-1": "x", "CAS-2": "z"}


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not touch")
    with pytest.raises(InputError, match="is not a run"):
        start_run(tmp_path, DECIDES, {})
    with pytest.raises(InputError, match="is not a run"):
        open_run(tmp_path)


def test_a_broken_line_is_reported_with_its_number(tmp_path):
    with start_run(tmp_path / "run", DECIDES, {}) as run:
        run.append([answer("q1")])
    log = tmp_path / "run" / "answers.jsonl"
    log.write_text(log.read_text() + '{"question_id": "q2", "text": "a", "error": "b"}\n')
    with pytest.raises(InputError, match=r"answers\.jsonl:2: is not an answer"):
        open_run(tmp_path / "run")


def test_the_digest_of_a_folder_sees_content_and_names(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"one")
    before = file_digest(tmp_path / "a")
    (tmp_path / "a" / "1.png").write_bytes(b"two")
    changed = file_digest(tmp_path / "a")
    (tmp_path / "a" / "1.png").rename(tmp_path / "a" / "2.png")
    assert len({before, changed, file_digest(tmp_path / "a")}) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b"\xff", "not UTF-8 at byte 1"),
        (b'{"text": "x"}', "the key 'question_id' is missing"),
        (b'{"question_id": "a", "text": null}', "'text' must be a text, not null"),
        (b'{"question_id": 5, "text": "x"}', "'question_id' must be a text, not 5"),
        (b'{"question_id": "a", "text": "x", "warnings": 3}', "'warnings' must be a list"),
        (b'{"question_id": "a", "text": "x", "options": {"yes": "no"}}', "'options' must be an object of numbers"),
        (b'{"question_id": "a", "text": "x", "confidence": "high"}', "'confidence' must be a number"),
        (b'{"question_id": "a", "text": "x", "confidence": NaN}', "NaN is no JSON value"),
        (b'{"question_id": "a", "text": "\\ud83d"}', "half a character"),
        (b"[" * 100000, "is not a JSON object"),
        (b'{"question_id": "a", "text": "x", "warnings": [3]}', "'warnings' must be a list of texts"),
        (b'{"question_id": "a", "text": "x", "truncated": []}', "'truncated' must be true or false"),
        (b'{"question_id": "a", "text": "x", "unusable": "so"}', "'unusable' is none of truncated"),
        (b'{"question_id": "a", "text": "x", "seconds": ' + b"9" * 400 + b"}", "a number of 400 digits"),
    ],
)
def test_a_damaged_line_of_a_log_is_one_line(tmp_path, line, message):
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "answers.jsonl").write_bytes(line + b"\n")
    with pytest.raises(InputError) as caught:
        open_run(tmp_path)
    (problem,) = caught.value.problems
    assert problem.line == 1 and message in problem.message and len(problem.message) < 200


@pytest.mark.parametrize(
    "manifest",
    [
        *(
            "[]",
            "5",
            "[" * 5000,
            "\ud800",
            '{"a": 1, "a": 2}',
            '{"a": NaN}',
            '{"a": "\\ud800"}',
            '{"a": ' + "9" * 5000 + "}",
        ),
        *('{"decides": 5}', '{"decides": {"media": []}}', '{"decides": {"media": {"a": 5}}}', '{"question_files": 3}'),
        *('{"question_files": [3]}', '{"sources": [3]}', '{"sources": [{"numbers": "so"}]}', '{"published": [null]}'),
        *('{"decides": {"model": "m"}}', '{"decides": {"looking": {"face": 3}}}', '{"decides": {"settings": []}}'),
    ],
)
def test_a_damaged_manifest_is_one_line(tmp_path, manifest):
    (tmp_path / "manifest.json").write_bytes(manifest.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError) as caught:
        open_run(tmp_path)
    assert len(caught.value.problems) == 1


def test_a_run_of_a_model_that_thinks_and_of_files_with_odd_names_is_read_back(tmp_path):
    for number, thinking in enumerate(("", "off", "at most 64 tokens")):
        name = os.fsdecode(b"questions\xff.jsonl")
        fingerprint = {"settings": {"thinking": thinking}, "questions": {}}
        with start_run(tmp_path / str(number), fingerprint, {"question_files": [name]}):
            pass
        assert open_run(tmp_path / str(number)).manifest["question_files"] == [name]


def test_a_folder_in_the_place_of_the_log_is_one_line(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "answers.jsonl").mkdir()
    with pytest.raises(InputError, match=r"answers\.jsonl: is a folder"):
        open_run(tmp_path)

import json
import zipfile

import pytest

from mevqa.data.official import read_questions
from mevqa.errors import InputError
from mevqa.questions.prior import prior_answer
from mevqa.submission.validator import check_submission

TEXTS = (
    "What is the coarse expression class?",
    "What is the action unit?",
    "Is the action unit brow lowerer shown on the face?",
)
NAME = "me_vqa_casme3_test"


@pytest.fixture
def questions(tmp_path):
    rows = [
        {"video_id": f"casme3_test_CAS-{clip}_{n}", "video": f"CAS-{clip}", "question": text, "answer": ""}
        for clip in (1, 2, 3)
        for n, text in enumerate(TEXTS, 1)
    ]
    path = tmp_path / f"{NAME}_to_answer.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_questions(path)


@pytest.fixture
def answered(questions):
    return [
        {**row.values, "answer": prior_answer(question).text}
        for row, question in zip(questions.rows, questions.questions, strict=True)
    ]


def check(questions, rows, name=f"{NAME}_pred.jsonl"):
    path = questions.path.with_name(name)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return check_submission(path, [questions])


def messages(result):
    return [f"{problem.line}: {problem.message}" for problem in result.problems]


def changed(rows, index, **values):
    return [{**row, **values} if n == index else row for n, row in enumerate(rows)]


def test_a_good_submission_passes_in_any_byte_style(questions, answered):
    result = check(questions, [json.dumps(row, separators=(",", ":")) for row in answered], "mine.jsonl")
    assert (result.rows, result.problems, result.warnings) == (9, (), ())


def test_missing_rows(questions, answered):
    result = check(questions, answered[:3] + answered[5:])
    assert messages(result) == [
        f"None: the row 'casme3_test_CAS-2_{n}' (line {n + 3} of {NAME}_to_answer.jsonl) is missing" for n in (1, 2)
    ]


def test_doubled_rows(questions, answered):
    assert messages(check(questions, [*answered, answered[0]])) == [
        "10: the id 'casme3_test_CAS-1_1' stands in line 1 already"
    ]


def test_reordered_rows_are_named_and_the_others_are_not(questions, answered):
    moved = [*answered[1:4], answered[0], *answered[4:]]
    assert messages(check(questions, moved)) == [
        "4: the row 'casme3_test_CAS-1_1' is out of order: it belongs at the beginning"
    ]
    later = [*answered[:1], *answered[2:], answered[1]]
    assert messages(check(questions, later)) == [
        "9: the row 'casme3_test_CAS-1_2' is out of order: it belongs after 'casme3_test_CAS-1_1'"
    ]


def test_unknown_rows(questions, answered):
    result = check(questions, [*answered, {**answered[0], "video_id": "casme3_test_CAS-99_1"}])
    assert messages(result) == [f"10: the id 'casme3_test_CAS-99_1' is not in {NAME}_to_answer.jsonl"]


def test_added_keys(questions, answered):
    assert messages(check(questions, changed(answered, 2, confidence=0.9))) == [
        "3: the key 'confidence' is not in the question file; take it out"
    ]


@pytest.mark.parametrize("key", ["answer", "question", "video"])
def test_missing_keys(questions, answered, key):
    rows = [{k: v for k, v in row.items() if (k, n) != (key, 1)} for n, row in enumerate(answered)]
    assert messages(check(questions, rows)) == [f"2: the key '{key}' is missing"]


def test_a_row_without_id(questions, answered):
    rows = [{k: v for k, v in row.items() if (k, n) != ("video_id", 1)} for n, row in enumerate(answered)]
    problems = messages(check(questions, rows))
    assert problems[0] == "2: the key 'video_id' is missing"
    assert "'casme3_test_CAS-1_2'" in problems[1] and "is missing" in problems[1]


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_answers(questions, answered, empty):
    assert messages(check(questions, changed(answered, 4, answer=empty))) == ["5: the answer is empty"]


def test_broken_json(questions, answered):
    problems = messages(check(questions, [*answered[:8], '{"video_id": "casme3_test_CAS-3_3", ']))
    assert problems[0].startswith("9: is not valid JSON")


def test_changed_question_text(questions, answered):
    (message,) = messages(check(questions, changed(answered, 0, question="What is the coarse class?")))
    assert message.startswith("1: 'question' was changed: 'What is the coarse class?' instead of")


def test_changed_clip(questions, answered):
    (message,) = messages(check(questions, changed(answered, 0, video="CAS-2")))
    assert message == "1: 'video' was changed: 'CAS-2' instead of 'CAS-1'"


@pytest.mark.parametrize("value", [3, None, ["negative"], True])
def test_wrong_type(questions, answered, value):
    (message,) = messages(check(questions, changed(answered, 0, answer=value)))
    assert message.startswith("1: 'answer' must be a text")


def test_blank_lines(questions, answered):
    assert messages(check(questions, [answered[0], "", *answered[1:], " "])) == [
        "2: the line is blank; delete it",
        "11: the line is blank; delete it",
    ]


def test_answers_outside_the_vocabulary_are_warnings(questions, answered):
    rows = changed(changed(answered, 0, answer="confused"), 1, answer="blepharospasm")
    result = check(questions, rows)
    assert not result.problems
    assert [warning.line for warning in result.warnings] == [1, 2]
    assert "'confused'" in result.warnings[0].message
    assert "'blepharospasm'" in result.warnings[1].message


def test_all_damage_is_reported_at_once(questions, answered):
    rows = [*changed(changed(answered, 0, answer=""), 1, extra=1)[:8], "", "{"]
    assert len(messages(check(questions, rows))) == 5


def test_an_empty_file(questions):
    problems = messages(check(questions, []))
    assert "is empty" in problems[0] or "is empty" in problems[-1]
    assert sum("is missing" in message for message in problems) == 9


def test_the_question_file_is_found_among_several(questions, answered, tmp_path):
    other = tmp_path / "me_vqa_casme3_v2_test_to_answer.jsonl"
    lines = questions.path.read_text().replace(
        TEXTS[2], "Please analyse the micro-expression shown in this video in detail."
    )
    other.write_text(lines)
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in answered))
    assert not check_submission(path, [read_questions(other), questions]).problems
    official = tmp_path / "me_vqa_casme3_v2_test_pred.jsonl"
    official.write_text(path.read_text())
    result = check_submission(official, [questions, read_questions(other)])
    assert sum("'question' was changed" in problem.message for problem in result.problems) == 3


def test_a_zip_must_hold_the_official_names_and_nothing_else(questions, answered, tmp_path):
    archive = tmp_path / "submission.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("folder/notes.txt", "x")
    problems = [problem.message for problem in check_submission(archive, [questions]).problems]
    assert f"lacks {NAME}_pred.jsonl" in problems
    assert any("'folder/notes.txt'" in message for message in problems)
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr(f"{NAME}_pred.jsonl", "\n".join(json.dumps(row) for row in changed(answered, 0, answer="")))
    (problem,) = check_submission(archive, [questions]).problems
    assert str(problem).endswith(f"submission.zip/{NAME}_pred.jsonl:1: the answer is empty")


def test_unreadable_predictions(questions, tmp_path):
    with pytest.raises(InputError, match="no file"):
        check_submission(tmp_path / "absent.jsonl", [questions])
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(InputError, match="not a zip"):
        check_submission(broken, [questions])


@pytest.mark.data
def test_a_real_submission_passes(shared_data):
    folder = shared_data / "megc"
    result = check_submission(folder / f"{NAME}_pred.jsonl", [read_questions(folder / f"{NAME}_to_answer.jsonl")])
    assert (result.rows, result.problems, result.warnings) == (85, (), ())


def test_warnings_say_how_an_answer_is_read(questions, answered):
    rows = changed(answered, 0, answer="Answer: Negative")
    rows = changed(changed(rows, 3, answer="positive or negative"), 6, answer="<think>negative")
    messages = [warning.message for warning in check(questions, rows).warnings]
    assert "`mevqa score` reads 'negative'" in messages[0]
    assert "cannot use it: several answers were given" in messages[1]
    assert "ends within a thought" in messages[2]


def test_blank_lines_and_those_beyond_the_bound_are_not_parsed(questions, monkeypatch):
    monkeypatch.setattr("mevqa.data.official.MOST_LINES", 9)
    monkeypatch.setattr("mevqa.submission.validator.MOST_LINES", 9)
    monkeypatch.setattr("mevqa.submission.validator.parse_row", None)
    (problem,) = check(questions, [""] * 10).problems
    assert problem.message == "has 10 lines; at most 9 can be read: divide the file"


def test_a_question_that_is_no_text_is_a_problem_of_its_row_whatever_the_file_is_called(questions, answered):
    result = check(questions, changed(answered, 0, question=[1]), name="mine.jsonl")
    assert "1: 'question' must be a text in double quotes, not [1]" in messages(result)

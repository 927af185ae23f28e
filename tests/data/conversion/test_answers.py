"""Answers without their questions, joined to a question file."""

import json

import pytest

from mevqa.data.conversion.convert import convert
from mevqa.data.events.read import is_event_file
from mevqa.data.official import read_questions
from mevqa.errors import InputError

NAMES = ("samm_test_SAMM-1_1", "samm_test_SAMM-2_1")
TEXTS = ("What is the coarse expression class?", "What is the action unit?")


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "me_vqa_samm_test_to_answer.jsonl"
    rows = [
        {"video_id": name, "video": name[10:16], "question": text, "answer": ""}
        for name, text in zip(NAMES, TEXTS, strict=True)
    ]
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    return path


def save(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def turns(text, answer):
    return [{"role": "user", "content": f"<image>{text}"}, {"role": "assistant", "content": answer}]


FORMS = {
    "LLaVA": lambda name, text, answer: {"question_id": name, "prompt": text, "text": answer, "model_id": "m"},
    "OpenAI": lambda name, text, answer: {
        "id": "batch_1",
        "custom_id": name,
        "response": {"status_code": 200, "body": {"choices": [{"message": {"content": answer}}]}},
    },
    "plain": lambda name, text, answer: {"id": name, "prediction": answer, "answer": "the right one"},
    "LLaMA-Factory": lambda name, text, answer: {"prompt": f"<user>{text}", "predict": answer, "label": "positive"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("turned", [False, True])
def test_answers_find_their_questions(form, turned, questions, tmp_path):
    records = [FORMS[form](name, text, f"answer {name}") for name, text in zip(NAMES, TEXTS, strict=True)]
    has_ids = form != "LLaMA-Factory"
    source = save(tmp_path / "p.jsonl", reversed(records) if turned and has_ids else records)
    with pytest.raises(InputError, match="answers without their questions.* --questions QUESTIONS"):
        read_questions(source)
    with pytest.raises(InputError, match="--questions QUESTIONS"):
        convert(source, tmp_path / "pred.jsonl")
    result = convert(source, tmp_path / "pred.jsonl", questions=questions)
    expected = questions.read_text().splitlines()
    assert (tmp_path / "pred.jsonl").read_text().splitlines() == [
        line.replace('""', f'"answer {name}"') for line, name in zip(expected, NAMES, strict=True)
    ]
    assert any("in the order of the questions" in note for note in result.notes) == (not has_ids)


def test_a_request_that_failed_is_no_answer(questions, tmp_path):
    failed = {"status_code": 500, "body": {"error": {"message": "out of\nmemory"}}}
    filtered = {"body": {"choices": [{"message": {"content": "negative"}, "finish_reason": "content_filter"}]}}
    rows = [{"custom_id": name, "response": response} for name, response in zip(NAMES, (failed, filtered), strict=True)]
    with pytest.raises(InputError) as caught:
        convert(save(tmp_path / "p.jsonl", rows), tmp_path / "pred.jsonl", questions=questions)
    assert [problem.message for problem in caught.value.problems] == [
        "has no answer: the server had no answer: out of memory",
        "has no answer: the server's filter cut the answer off",
    ]


def test_answers_that_do_not_fit_the_questions_are_refused(questions, tmp_path):
    def problems(records):
        with pytest.raises(InputError) as caught:
            convert(save(tmp_path / "p.jsonl", records), tmp_path / "pred.jsonl", questions=questions)
        return [(problem.line, problem.message) for problem in caught.value.problems]

    (short,) = problems([{"predict": "a"}])
    assert short == (None, f"has no ids and 1 answer to 2 questions of {questions.name}")
    swapped = [{"response": "x", "messages": turns(text, "x")} for text in reversed(TEXTS)]
    assert [line for line, _ in problems([{**record, "images": ["c/1.jpg"]} for record in swapped])] == [1, 2]
    refusals = problems(
        [
            {"id": NAMES[0], "prediction": "a"},
            {"id": NAMES[0], "prediction": "b"},
            {"id": "nobody", "prediction": "b"},
            {"prediction": "b"},
            {"id": NAMES[1], "prediction": 5},
        ]
    )
    for (line, message), part in zip(
        refusals, ("a second time", "is not in", "has no id", "must be a text"), strict=True
    ):
        assert part in message and line is not None
    assert not (tmp_path / "pred.jsonl").exists()


def test_missing_answers_are_counted_in_a_note(questions, tmp_path):
    source = save(tmp_path / "p.jsonl", [{"id": NAMES[0], "prediction": "a"}])
    result = convert(source, tmp_path / "pred.jsonl", questions=questions)
    assert result.answered == 1 and "1 of 2 questions have no answer here and stay as they were" in result.notes


def test_a_prediction_beside_the_right_answer_is_not_taken_for_it(tmp_path):
    record = {"messages": turns("Why?", "model"), "labels": "right", "images": ["c/1.jpg"]}
    with pytest.raises(InputError, match="several answers, in 'messages' and under 'labels'"):
        convert(save(tmp_path / "p.jsonl", [record]), tmp_path / "q.jsonl")


def table(id_column, answer_column, between=","):
    rows = [(id_column, answer_column), *zip(NAMES, "ab", strict=True)]
    return "".join(between.join(row) + "\r\n" for row in rows).encode()


def lines(id_key, answer_key):
    rows = [{id_key: name, answer_key: answer} for name, answer in zip(NAMES, "ab", strict=True)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", table("id", "answer")),
        ("p.csv", table("Question_ID", "Prediction", ";")),
        ("p.tsv", table("Video_ID", "response", "\t")),
        ("p.jsonl", lines("video_id", "answer")),
        ("p.jsonl", lines("id", "output")),
    ],
)
def test_ids_and_answers_alone_are_joined_to_their_questions(name, content, questions, tmp_path):
    source = tmp_path / name
    source.write_bytes(content)
    assert not is_event_file(source)
    with pytest.raises(InputError, match="answers without their questions.* --questions QUESTIONS"):
        read_questions(source)
    assert convert(source, tmp_path / "pred.jsonl", questions=questions).answered == 2
    assert [question.reference for question in read_questions(tmp_path / "pred.jsonl").questions] == ["a", "b"]


def test_an_id_that_a_spreadsheet_has_made_a_number_is_found(tmp_path):
    question_file = tmp_path / "q.jsonl"
    save(question_file, [{"video_id": "007", "video": "c", "question": TEXTS[0], "answer": ""}])
    source = save(tmp_path / "p.json", [{"id": 7, "prediction": "a"}])
    assert convert(source, tmp_path / "pred.jsonl", questions=question_file).answered == 1


def test_detections_with_ids_are_no_answers(tmp_path):
    source = tmp_path / "events.csv"
    source.write_text("id,video,onset,offset,pred\n1,v1,3,9,micro\n")
    assert is_event_file(source)

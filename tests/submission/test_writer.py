import json
import os
import zipfile

import pytest

from mevqa.data.official import read_questions
from mevqa.datasets import taxonomy
from mevqa.errors import InputError
from mevqa.inference.consistency.clip import decide
from mevqa.inference.runs import RunRecord, file_digest
from mevqa.models.mock import MockModel
from mevqa.questions.prior import prior_answer
from mevqa.questions.prompts import PromptLibrary
from mevqa.submission.validator import check_submission
from mevqa.submission.writer import ARCHIVE, FILLED, submission_name, write_submission
from mevqa.types import Answer

QUESTIONS = (
    "What is the coarse expression class?",
    "What is the fine-grained expression class?",
    "What are the action units?",
    "Is the action unit brow lowerer shown on the face?",
    "Please analyse the micro-expression shown in this video in detail.",
)
LONG_QUESTIONS = (
    "How many expression events appear in this video?",
    "How many micro-expression events appear in this video?",
    "How many macro-expression events appear in this video?",
    "What distinct action units appear in this video?",
    "What is the expression type of the 2-th expression event in this video?",
)


def write_questions(folder, name, questions=QUESTIONS, clips=("SAMM-1", "SAMM-2"), separators=(", ", ": "), end="\n"):
    rows = [
        json.dumps(
            {"video_id": f"samm_test_{clip}_{n}", "video": clip, "question": text, "answer": ""}, separators=separators
        )
        for clip in clips
        for n, text in enumerate(questions, 1)
    ]
    path = folder / name
    path.write_bytes(("\n".join(rows) + end).encode())
    return path


@pytest.fixture
def questions(tmp_path):
    return read_questions(write_questions(tmp_path, "me_vqa_samm_v2_test_to_answer.jsonl"))


def make_run(path, *files, leave_out=(), errors=(), texts=None):
    answers = {}
    for file in files:
        for question in file.questions:
            if question.id in leave_out:
                continue
            if question.id in errors:
                answers[question.id] = Answer(question.id, "", error="out of memory")
            else:
                text = (texts or {}).get(question.id, prior_answer(question).text)
                answers[question.id] = Answer(question.id, text)
    manifest = {"decides": {"questions": {file.path.name: file_digest(file.path) for file in files}}}
    return RunRecord(path / "run", manifest, answers)


@pytest.mark.parametrize(("separators", "end"), [((", ", ": "), "\n"), ((",", ":"), "")])
def test_the_submission_keeps_every_byte_but_the_answers(tmp_path, separators, end):
    path = write_questions(tmp_path, "me_vqa_samm_test_to_answer.jsonl", separators=separators, end=end)
    file = read_questions(path)
    written = write_submission(make_run(tmp_path, file), [file], tmp_path / "out")
    (prediction,) = written.predictions
    assert prediction.name == "me_vqa_samm_test_pred.jsonl"
    content = prediction.read_bytes()
    for question in file.questions:
        content = content.replace(json.dumps(prior_answer(question).text).encode(), b'""')
    assert content == path.read_bytes()
    checked = check_submission(prediction, [file])
    assert (checked.rows, checked.problems, checked.warnings) == (10, (), ())


def test_the_zip_holds_every_file_at_the_top_and_is_the_same_every_day(tmp_path, questions):
    long = read_questions(write_questions(tmp_path, "me_lvqa_samm_test_to_answer.jsonl", LONG_QUESTIONS, ("1_001_2",)))
    run = make_run(tmp_path, questions, long)
    first = write_submission(run, [questions, long], tmp_path / "a")
    os.utime(first.predictions[0], (0, 0))
    second = write_submission(run, [questions, long], tmp_path / "b")
    assert first.archive.read_bytes() == second.archive.read_bytes()
    with zipfile.ZipFile(first.archive) as package:
        assert package.namelist() == ["me_vqa_samm_v2_test_pred.jsonl", "me_lvqa_samm_test_pred.jsonl"]
        assert package.read("me_lvqa_samm_test_pred.jsonl") == first.predictions[1].read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        [ARCHIVE, "me_vqa_samm_v2_test_pred.jsonl", "me_lvqa_samm_test_pred.jsonl"]
    )
    checked = check_submission(first.archive, [questions, long])
    assert (checked.rows, checked.problems, checked.warnings) == (15, (), ())


def test_an_incomplete_run_is_refused_and_every_missing_id_is_listed(tmp_path, questions):
    run = make_run(tmp_path, questions, leave_out=("samm_test_SAMM-1_2",), errors=("samm_test_SAMM-2_5",))
    with pytest.raises(InputError) as caught:
        write_submission(run, [questions], tmp_path / "out")
    lines = str(caught.value).splitlines()
    assert "to_answer.jsonl:2: question 'samm_test_SAMM-1_2': was not answered" in lines[0]
    assert "to_answer.jsonl:10: question 'samm_test_SAMM-2_5': failed: out of memory" in lines[1]
    assert "lacks 2 of 10 answers" in lines[2] and "--fill" in lines[2]
    assert not (tmp_path / "out").exists()


def test_fill_gives_prior_answers_and_records_them_beside_the_zip(tmp_path, questions):
    run = make_run(tmp_path, questions, leave_out=("samm_test_SAMM-1_1",), errors=("samm_test_SAMM-2_5",))
    written = write_submission(run, [questions], tmp_path / "out", fill=True)
    record = json.loads((tmp_path / "out" / FILLED).read_text(encoding="utf-8"))
    assert [(entry["id"], entry["reason"]) for entry in record] == [
        ("samm_test_SAMM-1_1", "was not answered"),
        ("samm_test_SAMM-2_5", "failed: out of memory"),
    ]
    assert record[0]["answer"] == "negative"
    assert all(entry["source"] for entry in record)
    with zipfile.ZipFile(written.archive) as package:
        assert FILLED not in package.namelist()
    assert not check_submission(written.archive, [questions]).problems
    write_submission(make_run(tmp_path, questions), [questions], tmp_path / "out", fill=True)
    assert not (tmp_path / "out" / FILLED).exists()


def test_an_open_question_cannot_be_filled(tmp_path):
    file = read_questions(write_questions(tmp_path, "x_to_answer.jsonl", ("Does the person look tired?",)))
    with pytest.raises(InputError, match="an open question has no prior answer"):
        write_submission(RunRecord(tmp_path, {}, {}), [file], tmp_path / "out", fill=True)


def test_an_edited_run_is_refused(tmp_path, questions):
    run = make_run(tmp_path, questions, texts={"samm_test_SAMM-1_1": "confused"})
    with pytest.raises(InputError, match="'samm_test_SAMM-1_1' is outside the vocabulary: 'confused'"):
        write_submission(run, [questions], tmp_path / "out")


def test_a_file_with_the_same_ids_that_the_run_did_not_answer_is_refused(tmp_path, questions):
    other = write_questions(tmp_path, "me_vqa_samm_test_to_answer.jsonl", QUESTIONS[:4])
    with pytest.raises(InputError, match=r"is not the file that .*me_vqa_samm_v2_test_to_answer\.jsonl"):
        write_submission(make_run(tmp_path, questions), [read_questions(other)], tmp_path / "out")
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / questions.path.name
    copy.write_bytes(questions.path.read_bytes())
    assert write_submission(make_run(tmp_path, questions), [read_questions(copy)], tmp_path / "out").predictions


def test_files_with_the_same_ids_or_the_same_name_are_refused_together(tmp_path, questions):
    run = make_run(tmp_path, questions)
    with pytest.raises(InputError, match="name each question file once"):
        write_submission(run, [questions, read_questions(questions.path)], tmp_path / "out")
    twin = tmp_path / "me_vqa_samm_test_to_answer.jsonl"
    twin.write_bytes(questions.path.read_bytes())
    with pytest.raises(InputError, match="hand in one run for each"):
        write_submission(run, [questions, read_questions(twin)], tmp_path / "out")


def test_official_names(tmp_path):
    assert submission_name(tmp_path / "me_lvqa_casme3_test_to_answer.jsonl") == "me_lvqa_casme3_test_pred.jsonl"
    for name in ("questions.jsonl", "_to_answer.jsonl", "me_vqa_samm_test_to_answer.json"):
        with pytest.raises(InputError, match="official name"):
            submission_name(tmp_path / name)


def test_the_output_folder_must_not_be_a_file(tmp_path, questions):
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        write_submission(make_run(tmp_path, questions), [questions], tmp_path / "out")


@pytest.mark.data
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "name", ["me_vqa_casme3_test_to_answer", "me_vqa_samm_v2_test_to_answer", "me_lvqa_samm_test_to_answer"]
)
def test_official_files_become_valid_submissions(name, seed, shared_data, tmp_path):
    file = read_questions(shared_data / "megc" / f"{name}.jsonl")
    model, prompts = MockModel(seed=seed), PromptLibrary.load()
    answers = {}
    for clip in file.clip_ids:
        clip_questions = [question for question in file.questions if question.clip_id == clip]
        replies = model.ask(
            prompts.system(file.dataset), (), [prompts.request(question) for question in clip_questions]
        )
        for question, text in zip(clip_questions, decide(clip_questions, replies, taxonomy(file.dataset)), strict=True):
            answers[question.id] = Answer(question.id, text)
    written = write_submission(RunRecord(tmp_path, {}, answers), [file], tmp_path / "out")
    result = check_submission(written.archive, [file])
    assert (result.rows, result.problems, result.warnings) == (len(file.questions), (), ())

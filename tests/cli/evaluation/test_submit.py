import argparse
import json

import pytest

from mevqa.cli.evaluation import submit
from mevqa.errors import MevqaError

ROWS = [
    {
        "video_id": "samm_test_SAMM-1_1",
        "video": "SAMM-1",
        "question": "What is the coarse expression class?",
        "answer": "",
    },
    {"video_id": "samm_test_SAMM-1_2", "video": "SAMM-1", "question": "What is the action unit?", "answer": ""},
]


def mevqa_submit(*argv):
    parser = argparse.ArgumentParser()
    submit.configure(parser)
    return submit.run(parser.parse_args([str(word) for word in argv]))


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def questions(tmp_path):
    return write(tmp_path / "me_vqa_samm_test_to_answer.jsonl", ROWS)


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    write(folder / "answers.jsonl", [{"question_id": "samm_test_SAMM-1_1", "text": "negative"}])
    return folder


def test_a_written_submission_validates(run_folder, questions, tmp_path, capsys):
    assert mevqa_submit(run_folder, "--questions", questions, "--out", tmp_path / "out", "--fill") == 0
    captured = capsys.readouterr()
    assert captured.out.split() == [
        str(tmp_path / "out" / "me_vqa_samm_test_pred.jsonl"),
        str(tmp_path / "out" / "submission.zip"),
    ]
    assert "prior answers filled in: 1, listed in" in captured.err
    for path in captured.out.split():
        assert mevqa_submit("--validate", path, "--questions", questions, "--strict") == 0
    assert "valid, 2 answers" in capsys.readouterr().out


def test_an_incomplete_run_is_refused(run_folder, questions, tmp_path):
    with pytest.raises(MevqaError, match="samm_test_SAMM-1_2"):
        mevqa_submit(run_folder, "--questions", questions, "--out", tmp_path / "out")


def test_answers_outside_the_vocabulary_are_warnings_or_refused_when_strict(questions, tmp_path, capsys):
    answers = ("confused", "blepharospasm")
    rows = [{**row, "answer": answer} for row, answer in zip(ROWS, answers, strict=True)]
    predictions = write(tmp_path / "pred.jsonl", rows)
    assert mevqa_submit("--validate", predictions, "--questions", questions) == 0
    captured = capsys.readouterr()
    assert "pred.jsonl:1: 'samm_test_SAMM-1_1': the answer 'confused'" in captured.err
    assert "2 answers outside the vocabulary" in captured.out
    with pytest.raises(MevqaError) as caught:
        mevqa_submit("--validate", predictions, "--questions", questions, "--strict")
    assert len(str(caught.value).splitlines()) == 2


def test_an_empty_answer_is_refused(questions, tmp_path):
    with pytest.raises(MevqaError, match="the answer is empty"):
        mevqa_submit("--validate", questions, "--questions", questions)


@pytest.mark.parametrize(
    "argv",
    [
        ("RUN", "--questions", "Q"),
        ("--questions", "Q", "--out", "OUT"),
        ("RUN", "--questions", "Q", "--validate", "P"),
        ("RUN", "--questions", "Q", "--out", "OUT", "--strict"),
    ],
)
def test_options_that_do_not_go_together(argv):
    with pytest.raises(MevqaError, match="--validate"):
        mevqa_submit(*argv)


def test_broken_question_files_are_reported_together(run_folder, tmp_path):
    first, second = write(tmp_path / "a_to_answer.jsonl", ["x"]), tmp_path / "b_to_answer.jsonl"
    with pytest.raises(MevqaError) as caught:
        mevqa_submit(run_folder, "--questions", first, second, "--out", tmp_path / "out")
    assert "a_to_answer.jsonl:1" in str(caught.value) and "b_to_answer.jsonl" in str(caught.value)

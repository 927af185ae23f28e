import json

import pytest

from mevqa.inference.runs import file_digest, start_run
from mevqa.reporting.reading import Scoring, read_runs
from mevqa.types import Answer

QUESTION = "What is the coarse expression class?"


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("number", ["samm_7", "samm_1"])
def test_questions_find_their_reference_in_the_other_layout(tmp_path, number):
    """In any spelling of the clip, also where another question of the reference has the id."""
    test_row = {"video": "s02_01", "video_id": number, "question": QUESTION, "answer": ""}
    questions = write(tmp_path / "test.jsonl", [test_row])
    row = {"dataset": "samm", "filename": "", "question": QUESTION}
    first = {"id": "samm_1", "image_id": "s1_1", "subject": "s1", "answer": "negative", **row}
    second = {"id": "samm_2", "image_id": "s2_1", "subject": "s2", "answer": "positive", **row}
    reference = write(tmp_path / "reference.jsonl", [first, second])
    fingerprint = {"questions": {questions.name: file_digest(questions)}, "media": {"s02_01": "digest"}}
    with start_run(tmp_path / "run", fingerprint, {"question_files": [str(questions)]}) as log:
        log.append([Answer(number, "positive")])
    (run,) = read_runs([tmp_path / "run"], Scoring(reference=reference, draws=0))
    (question,), (item,) = run.questions, run.items.values()
    assert question.reference == item.reference == item.value == "positive"

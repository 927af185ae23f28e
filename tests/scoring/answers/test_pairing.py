import json

import pytest

from mevqa.errors import InputError
from mevqa.inference.runs import file_digest, start_run
from mevqa.scoring.answers.pairing import read_pairs
from mevqa.types import Answer

ROWS = [("s1-a", "coarse", "negative"), ("s1-a", "fine", "fear"), ("s2-b", "coarse", "positive")]


def refused(answers, reference=None):
    with pytest.raises(InputError) as raised:
        read_pairs(answers, reference)
    return raised.value.problems


def test_rows_meet_by_id(write_rows):
    reference = write_rows("r.jsonl", ROWS)
    answers = write_rows("p.jsonl", [(clip, kind, text.upper()) for clip, kind, text in ROWS])
    pairs = read_pairs(answers, reference)
    assert [(p.question.reference, p.text, p.line) for p in pairs.pairs] == [
        ("negative", "NEGATIVE", 1),
        ("fear", "FEAR", 2),
        ("positive", "POSITIVE", 3),
    ]


def test_rows_of_two_layouts_meet_by_clip_and_text(write_rows):
    reference = write_rows("r.jsonl", ROWS, layout="train")
    answers = write_rows("p.jsonl", list(reversed(ROWS)))
    pairs = read_pairs(answers, reference)
    assert all(pair.text == pair.question.reference for pair in pairs.pairs)
    assert [pair.question.subject for pair in pairs.pairs] == ["s1", "s1", "s2"]
    assert "matched by clip and question text" in pairs.notes[0]


def test_ambiguous_rows_of_two_layouts_are_refused(write_rows):
    reference = write_rows("r.jsonl", [*ROWS, ROWS[0]], layout="train")
    (problem,) = refused(write_rows("p.jsonl", ROWS), reference)
    assert (problem.path, problem.line) == (reference, 4)
    assert "same in line 1" in problem.message


def test_the_same_id_with_another_question_is_refused(write_rows):
    reference = write_rows("r.jsonl", ROWS)
    answers = write_rows("p.jsonl", [ROWS[0], ("s1-a", "coarse", "fear"), ROWS[2]])
    (problem,) = refused(answers, reference)
    assert problem.line == 2 and "another question than in line 2" in problem.message


def test_answers_to_unknown_questions_are_refused_with_their_lines(write_rows):
    many = [(f"x-{n}", "coarse", "negative") for n in range(20)]
    problems = refused(write_rows("p.jsonl", [*ROWS, *many]), write_rows("r.jsonl", ROWS))
    assert [problem.line for problem in problems[:2]] == [4, 5]
    assert problems[-1].message == "12 more rows have such problems: lines 12-23"


def test_missing_answers_are_kept_as_missing_and_noted(write_rows):
    pairs = read_pairs(write_rows("p.jsonl", ROWS[:1]), write_rows("r.jsonl", ROWS))
    assert [pair.missing for pair in pairs.pairs] == [False, True, True]
    assert "2 questions of r.jsonl were not answered: lines 2-3" in pairs.notes


def test_problems_of_both_files_come_together(write_rows, tmp_path):
    answers = write_rows("p.jsonl", [ROWS[0], ROWS[0]])
    answers.write_text(answers.read_text().replace("_2", "_1"))
    reference = tmp_path / "r.jsonl"
    reference.write_text("")
    problems = refused(answers, reference)
    assert {problem.path for problem in problems} == {answers, reference}


def test_a_file_to_answer_is_no_reference(write_rows):
    empty = write_rows("r.jsonl", [(clip, kind, "") for clip, kind, _ in ROWS])
    (problem,) = refused(write_rows("p.jsonl", ROWS), empty)
    assert "no answers to compare with" in problem.message


def test_answers_of_another_data_set_are_refused(write_rows):
    reference = write_rows("r.jsonl", ROWS, layout="train", dataset="casme2")
    answers = write_rows("p.jsonl", ROWS, layout="train", dataset="samm")
    text = answers.read_text().replace('"id": "samm', '"id": "casme2')
    answers.write_text(text)
    (problem,) = refused(answers, reference)
    assert "mixed data sets" in problem.message and "3 answers are about samm" in problem.message


def test_a_reference_of_several_data_sets_is_noted(write_rows, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for name in ("samm", "casme2"):
        write_rows(f"{name}.jsonl", ROWS, layout="train", dataset=name).rename(folder / f"{name}.jsonl")
    notes = read_pairs(folder, folder).notes
    assert any("casme2 3, samm 3" in note for note in notes)


@pytest.fixture
def make_run(tmp_path, write_rows):
    def run(rows=ROWS, answered=3, media=("s1-a", "s2-b"), **first):
        questions = write_rows("q.jsonl", rows, layout="train")
        ids = [json.loads(line)["id"] for line in questions.read_text().splitlines()]
        fingerprint = {"questions": {questions.name: file_digest(questions)}, "media": {name: "x" for name in media}}
        with start_run(tmp_path / "run", fingerprint, {"question_files": [str(questions)]}) as log:
            for number, (key, (_, _, text)) in enumerate(zip(ids[:answered], rows, strict=False)):
                log.append([Answer(question_id=key, text=text, **(first if number == 0 else {}))])
        return tmp_path / "run", questions

    return run


def test_a_run_knows_its_references(make_run):
    pairs = read_pairs(make_run()[0])
    assert [pair.text for pair in pairs.pairs] == ["negative", "fear", "positive"]
    assert [pair.line for pair in pairs.pairs] == [1, 2, 3]


def test_an_error_is_no_answer(make_run):
    run, _ = make_run(rows=[("s1-a", "coarse", "negative")], answered=0)
    with (run / "answers.jsonl").open("a") as log:
        log.write(json.dumps({"question_id": "samm_s1-a_1", "text": "", "error": "no face"}) + "\n")
    (pair,) = read_pairs(run).pairs
    assert (pair.text, pair.error, pair.missing) == (None, "no face", False)


def test_an_interrupted_run_lacks_answers_and_a_limited_one_does_not(make_run):
    interrupted = read_pairs(make_run(answered=2)[0])
    assert [pair.missing for pair in interrupted.pairs] == [False, False, True]


def test_a_limited_run_is_scored_on_its_clips(make_run):
    pairs = read_pairs(make_run(answered=2, media=("s1-a",))[0])
    assert [pair.missing for pair in pairs.pairs] == [False, False]
    assert "limited to 1 of 2 clips" in pairs.notes[0]


def test_a_question_file_that_changed_is_not_taken_for_the_one_that_was_answered(make_run):
    run, questions = make_run()
    questions.write_text(questions.read_text().replace("positive", "surprise"))
    (problem,) = refused(run)
    assert "has changed since" in problem.message
    assert read_pairs(run, questions).pairs[2].question.reference == "surprise"
    questions.unlink()
    (problem,) = refused(run)
    assert "is gone" in problem.message


def test_a_run_meets_a_reference_of_the_other_layout(make_run, write_rows):
    run, _ = make_run()
    reference = write_rows("ref.jsonl", ROWS)
    assert [pair.text for pair in read_pairs(run, reference).pairs] == ["negative", "fear", "positive"]


def test_each_row_of_a_run_is_parsed_once_and_each_answer_read_once(make_run, monkeypatch):
    """Scores and reports of long logs: nothing is read twice."""
    from collections import Counter
    from functools import lru_cache

    from mevqa.data import official
    from mevqa.inference.logs import answer_log
    from mevqa.questions import answers
    from mevqa.reporting.reading import Scoring, read_runs
    from mevqa.scoring.answers.score import score_answers

    path, _ = make_run()
    parsed, read = Counter(), Counter()

    def counting(counter, function, key):
        def wrapped(*args):
            counter[key(*args)] += 1
            return function(*args)

        return wrapped

    monkeypatch.setattr(answer_log, "parse_row", counting(parsed, answer_log.parse_row, lambda text: text))
    monkeypatch.setattr(official, "parse_row", counting(parsed, official.parse_row, lambda text: text))
    uncached = counting(read, answers._cached.__wrapped__, lambda asked, text: (asked.type, asked.unit, text))
    for command in (score_answers, lambda run: read_runs([run], Scoring(draws=0))):
        monkeypatch.setattr(answers, "_cached", lru_cache(uncached))
        parsed.clear()
        read.clear()
        command(path)
        assert len(parsed) == 6 and set(parsed.values()) == {1}
        assert read and set(read.values()) == {1}

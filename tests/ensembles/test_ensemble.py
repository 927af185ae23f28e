"""Ensembles of runs: fusion of answers, learned weights, and refused inputs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import permutations
from shutil import copytree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mevqa
from mevqa.cli import main
from mevqa.ensembles.agreement import agreement
from mevqa.ensembles.fusing import METHODS, Vote, fuse, fuse_options, sharpen
from mevqa.ensembles.members import read_members
from mevqa.ensembles.weights import OutOfFoldAnswers, person_of, subject_notes
from mevqa.events import Event
from mevqa.inference.runs import file_digest, start_run
from mevqa.types import Answer, Question

COARSE = ("positive", "negative", "surprise")
SUBJECTS = 6


def _row(clip: int, number: int, question: str, answer: str) -> dict[str, str]:
    names = {"id": f"q{clip}_{number}", "dataset": "casme2", "image_id": f"c{clip}", "subject_id": f"s{clip}"}
    return {**names, "question": question, "answer": answer}


def _rows() -> list[dict[str, str]]:
    rows = []
    for clip in range(SUBJECTS):
        fine, coarse, units = [("happiness", "positive", "cheek raiser, lip corner puller"),
                               ("disgust", "negative", "brow lowerer"),
                               ("surprise", "surprise", "inner brow raiser, outer brow raiser")][clip % 3]  # fmt: skip
        rows += [
            _row(clip, 1, "What is the coarse expression class?", coarse),
            _row(clip, 2, "What is the fine-grained expression class?", fine),
            _row(clip, 3, "What are the action units?", units),
        ]
    return rows


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in _rows()))
    return path


def _run(folder, questions, *, sure: float, wrong: tuple[str, ...] = (), options: bool = True):
    """Write a run whose coarse answers are right with a probability, and wrong about some clips."""
    decides = {"questions": {questions.name: file_digest(questions)}, "media": {}, "model": {"name": folder.name}}
    with start_run(folder, decides, {"question_files": [str(questions)]}) as run:
        for row in _rows():
            answer = row["answer"]
            shares = None
            if "coarse" in row["question"]:
                if row["image_id"] in wrong:
                    answer = COARSE[(COARSE.index(answer) + 1) % 3]
                shares = {name: sure if name == answer else (1 - sure) / 2 for name in COARSE}
            elif "fine" in row["question"]:
                shares = {
                    name: 0.91 if name == answer else 0.03 for name in ("happiness", "disgust", "surprise", "fear")
                }
            shown = shares if options else None
            run.append([Answer(row["id"], answer, options=shown, confidence=None if shown is None else shown[answer])])
    return folder


@pytest.fixture
def runs(tmp_path, questions):
    return [
        _run(tmp_path / "good", questions, sure=0.8, wrong=("c0",)),
        _run(tmp_path / "poor", questions, sure=0.6, wrong=("c1", "c2", "c3", "c4")),
    ]


def _vote(name: str, shares: dict[str, float], weight: float = 1.0) -> Vote:
    best = max(shares, key=lambda key: shares[key])
    return Vote(name, Answer("q", best, options=shares, confidence=shares[best]), weight)


def _question(kind: str = "coarse") -> Question:
    return Question("q", "c", "What is the coarse expression class?", kind, dataset="casme2")


shares = st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3).map(
    lambda three: {name: value / sum(three) for name, value in zip(COARSE, three, strict=True)}
)


@given(shares, st.sampled_from(METHODS))
@settings(max_examples=25)
def test_copies_of_one_run_answer_as_it_does(probabilities, method):
    fused = fuse(_question(), [_vote(name, probabilities) for name in "abc"], method)
    assert fused.text == max(probabilities, key=lambda key: probabilities[key])
    if method == "mean":
        assert fused.options == pytest.approx(probabilities)


@given(shares, shares, shares)
@settings(max_examples=25)
def test_the_order_of_runs_does_not_matter(first, second, third):
    votes = [_vote("a", first, 0.5), _vote("b", second, 0.3), _vote("c", third, 0.2)]
    for method in METHODS:
        results = [fuse_options(order, method) for order in permutations(votes)]
        assert all(result == pytest.approx(results[0]) for result in results)
        assert math.isclose(sum(results[0].values()), 1.0)
        equal = [replace(vote, weight=1.0) for vote in votes]
        assert len({fuse(_question(), order, method).text for order in permutations(equal)}) == 1


def test_the_mean_is_that_of_logarithms():
    fused = fuse_options([_vote("a", {"yes": 0.9, "no": 0.1}, 0.5), _vote("b", {"yes": 0.2, "no": 0.8}, 0.5)], "mean")
    assert fused["yes"] == pytest.approx(0.6)  # sqrt(.9 * .2) : sqrt(.1 * .8) = 3 : 2


def test_a_temperature_flattens():
    assert sharpen({"yes": 0.9, "no": 0.1}, 2.0)["yes"] == pytest.approx(0.75)  # 3 : 1


def test_units_counts_and_intervals():
    lists = [Answer("q", text) for text in ("brow lowerer, nose wrinkler", "brow lowerer", "lip corner puller")]
    question = Question("q", "c", "What are the action units?", "au_list", plural=True)
    assert fuse(question, [Vote(str(i), answer, 1.0) for i, answer in enumerate(lists)], "mean").text == "brow lowerer"
    question = Question("q", "v", "How many micro-expressions?", "count_micro")
    counts = [Vote(text, Answer("q", text), 1.0) for text in ("9", "2", "3")]
    assert fuse(question, counts, "mean").text == "3"
    first, second = (Event(0, None, 9),), (Event(5, None, 14),)
    assert (
        agreement(first, second) == pytest.approx(5 / 15) and agreement((), ()) == 1.0 and agreement(first, None) == 0.0
    )


def test_an_ensemble_is_a_run(runs, tmp_path):
    result = mevqa.ensemble(runs, tmp_path / "both", draws=20)
    answers = result.run.answers
    assert {name: answers[name].text for name in ("q0_1", "q1_1", "q5_1")} == {
        "q0_1": "positive",  # The fine class, on which both agree, decides.
        "q1_1": "negative",
        "q5_1": "surprise",
    }
    assert answers["q1_1"].evidence[0] == "good, weight 0.50: negative (0.80)"
    assert result.best == "good" and result.oracle.metrics["coarse.accuracy"] == 1.0
    assert result.scores.metrics == mevqa.open_run(tmp_path / "both").score(draws=0).metrics
    assert result.difference.metrics["coarse.uf1"] == pytest.approx(
        result.scores.metrics["coarse.uf1"] - result.members["good"].metrics["coarse.uf1"]
    )
    again = mevqa.ensemble([tmp_path / "both", *runs], tmp_path / "all", draws=0)
    assert len(again.run.answers) == len(_rows())


def test_a_subjects_own_answers_never_weigh_for_it(runs, questions, tmp_path):
    weights = {}
    for name, wrong in (("right", ()), ("false", ("c5",))):
        (tmp_path / name).mkdir()
        third = _run(tmp_path / name / "third", questions, sure=0.7, wrong=wrong)
        members = read_members([*runs, third])
        shared_questions = members[0].questions
        weights[name] = {
            q.id: OutOfFoldAnswers(members, shared_questions, "mean", True).weights(q) for q in shared_questions
        }
        assert all(math.isclose(sum(run_weights), 1.0) for run_weights in weights[name].values())
    assert weights["right"]["q5_1"] == weights["false"]["q5_1"]
    assert weights["right"]["q4_1"] != weights["false"]["q4_1"]
    good, poor, _ = weights["right"]["q5_1"]
    assert good > poor


def test_a_run_without_weight_that_alone_answered():
    assert fuse_options([_vote("a", {"yes": 0.9, "no": 0.1}, 0.0)], "mean")["yes"] == pytest.approx(0.9)


def _clips(folder, *, right: int, of: int, flipped: int | None = None):
    """Write two runs whose coarse answers are sure by .99 and right about some clips, one clip a subject."""
    path = folder / "coarse.jsonl"
    rows = [_row(clip, 1, "What is the coarse expression class?", COARSE[clip % 3]) for clip in range(of)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = []
    for name, sure in (("one", 0.99), ("two", 0.98)):
        decides = {"questions": {path.name: file_digest(path)}, "media": {}, "model": {"name": name}}
        with start_run(folder / name, decides, {"question_files": [str(path)]}) as run:
            for clip, row in enumerate(rows):
                wrong = (clip >= right) != (clip == flipped)
                best = COARSE[(clip + wrong) % 3]
                shares = {label: sure if label == best else (1 - sure) / 2 for label in COARSE}
                run.append([Answer(row["id"], best, options=shares, confidence=sure)])
        runs.append(folder / name)
    return runs


def test_a_temperature_mends_answers_that_are_too_sure(tmp_path):
    results = {}
    for name, flipped in (("as-it-is", None), ("flipped", 0)):
        (tmp_path / name).mkdir()
        results[name] = mevqa.ensemble(
            _clips(tmp_path / name, right=20, of=30, flipped=flipped), tmp_path / name / "out"
        )
    fused = results["as-it-is"]
    before, after = fused.calibration_errors["coarse"]
    assert before > 0.3 and after < 0.1 and fused.temperatures["coarse"] > 2
    learned = mevqa.open_run(tmp_path / "as-it-is" / "out").manifest["learned"]
    assert learned["ece"]["coarse"] == {"before": before, "after": after}
    assert learned["temperatures"] == fused.temperatures and learned["weights"]["coarse"] == {"one": 0.5, "two": 0.5}
    # The first subject's own answer, right in one and wrong in the other, does not move its temperature.
    sure = {name: result.run.answers["q0_1"].confidence for name, result in results.items()}
    others = {name: result.run.answers["q9_1"].confidence for name, result in results.items()}
    assert sure["as-it-is"] == pytest.approx(sure["flipped"])
    assert others["as-it-is"] != pytest.approx(others["flipped"])


def test_an_error_is_no_vote(runs, questions, tmp_path):
    rows, logs = _rows(), [run / "answers.jsonl" for run in runs]
    for log, lost in zip(logs, ({"q0_3", "q1_3"}, {"q1_3"}), strict=True):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        lines = [
            {"question_id": row["question_id"], "text": "", "error": "broken"} if row["question_id"] in lost else row
            for row in lines
        ]
        log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = mevqa.ensemble(runs, tmp_path / "both", draws=0)
    kept, lost = (result.run.answers[name] for name in ("q0_3", "q1_3"))
    assert kept.text == rows[2]["answer"] and kept.evidence == (f"poor, weight 1.00: {rows[2]['answer']}",)
    assert lost.error == "no run of the ensemble has an answer" and not lost.text
    assert result.notes[:2] == (
        "good: 2 of 18 answers are errors, which are no votes",
        "poor: 1 of 18 answers are errors, which are no votes",
    )


def test_unknown_subjects_are_noted():
    questions = [Question(str(i), str(i), "", "coarse", subject=None if i else "s1") for i in range(3)]
    assert "2 of 3 questions with known answers name no subject" in subject_notes(questions)[0]
    assert "about one subject" in subject_notes(questions[:1])[0]


@pytest.mark.parametrize("options", [True, False])
def test_a_run_that_always_gives_the_commonest_class_has_no_weight(tmp_path, options):
    path = tmp_path / "coarse.jsonl"
    rows = [
        _row(clip, 1, "What is the coarse expression class?", "negative" if clip < 9 else COARSE[clip % 3])
        for clip in range(15)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("constant", "able"):
        decides = {"questions": {path.name: file_digest(path)}, "media": {}, "model": {"name": name}}
        with start_run(tmp_path / name, decides, {"question_files": [str(path)]}) as run:
            for clip, row in enumerate(rows):
                # As often right as the other one, but in every class.
                right = row["answer"] if clip % 3 else COARSE[(COARSE.index(row["answer"]) + 1) % 3]
                best = "negative" if name == "constant" else right
                shares = {label: 0.8 if label == best else 0.1 for label in COARSE} if options else None
                run.append([Answer(row["id"], best, options=shares, confidence=0.8)])
    members = read_members([tmp_path / "constant", tmp_path / "able"])
    method = "mean" if options else "vote"
    constant, able = OutOfFoldAnswers(members, members[0].questions, method, True).overall("coarse")
    assert constant == 0.0 and able == 1.0


def test_what_a_run_was_not_asked_yet_is_nothing_against_it(runs, questions, tmp_path):
    rows = len(_rows()) // 2
    log = (runs[0] / "answers.jsonl").read_text().splitlines(keepends=True)
    copytree(runs[0], tmp_path / "half")
    (tmp_path / "half" / "answers.jsonl").write_text("".join(log[:rows]))
    copytree(runs[1], tmp_path / "whole")
    result = mevqa.ensemble(runs, tmp_path / "out", weights="oof", oof=[tmp_path / "half", tmp_path / "whole"], draws=0)
    assert result.weights["coarse"]["good"] > result.weights["coarse"]["poor"]
    assert f"half: {rows} of {2 * rows} questions were not answered" in result.notes


def test_weights_from_other_runs(runs, questions, tmp_path):
    to_answer = tmp_path / "asked.jsonl"
    to_answer.write_text("".join(json.dumps(row | {"answer": ""}) + "\n" for row in _rows()))
    unknown = []
    for name, sure in (("one", 0.7), ("two", 0.6)):
        unknown.append(_run(tmp_path / name, to_answer, sure=sure))
    with pytest.raises(mevqa.InputError, match="no answers to learn weights from"):
        mevqa.ensemble(unknown, tmp_path / "out", weights="oof")
    result = mevqa.ensemble(unknown, tmp_path / "out", weights="oof", oof=runs)
    assert result.scores is None and result.weights["coarse"]["one"] > result.weights["coarse"]["two"]
    assert person_of(Question("q", "c", "", "coarse")) == ("unknown", "clip c")


def test_runs_that_cannot_be_fused_are_refused(runs, questions, tmp_path, capsys):
    out = tmp_path / "out"
    other = tmp_path / "other.jsonl"
    other.write_text(questions.read_text().splitlines()[0] + "\n")
    short = _run(tmp_path / "short", other, sure=0.7)
    plain = _run(tmp_path / "plain", questions, sure=0.7, options=False)
    copy = copytree(runs[0], tmp_path / "copy")
    spelled = copytree(runs[1], tmp_path / "spelled")
    log = spelled / "answers.jsonl"
    log.write_text(log.read_text().replace('"fear":', '"afraid":'))
    failed = tmp_path / "failed"
    decides = {"questions": {questions.name: file_digest(questions)}, "media": {}, "model": {"name": "failed"}}
    with start_run(failed, decides, {"question_files": [str(questions)]}) as run:
        run.append(Answer(row["id"], "", error="the file is broken") for row in _rows())
    for given_runs, reason in (
        ([*runs, failed], f"{failed}: holds no answer, only errors"),
        ([runs[0]], "an ensemble fuses two runs or more"),
        ([runs[0], runs[0]], "is named twice"),
        ([runs[0], runs[1], copy], f"{copy}: is a copy of {runs[0]}"),
        ([runs[0], spelled], "chose among other options"),
        ([runs[0], short], "17 were asked in only good"),
        ([runs[0], plain], "12 answers to closed questions have no option probabilities"),
    ):
        assert main(["ensemble", *map(str, given_runs), "--out", str(out)]) == 2
        message = capsys.readouterr().err
        assert reason in message and message.startswith("mevqa ensemble: ") and not out.exists()
    for options, reason in ((["--out", str(runs[0])], "is one of the runs"),
                          (["--out", str(out), "--preset", "nosuch"], "unknown preset")):  # fmt: skip
        assert main(["ensemble", *map(str, runs), *options]) == 2
        assert reason in capsys.readouterr().err and not out.exists()
    assert main(["ensemble", str(runs[0]), str(plain), "--out", str(out), "--method", "vote"]) == 0
    printed = capsys.readouterr().out
    assert "of the differences; oracle: of all" in printed
    assert printed.endswith(f"18 of 18 questions answered by 2 runs -> {out}\n")


def test_one_subject_gives_no_intervals(tmp_path, capsys):
    runs = _clips(tmp_path, right=1, of=1)
    assert main(["ensemble", *map(str, runs), "--out", str(tmp_path / "out")]) == 0
    assert "\noracle: of all answers to a question the best one\n" in capsys.readouterr().out

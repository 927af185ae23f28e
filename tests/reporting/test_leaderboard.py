import json

import pytest
from hostile_runs import SCRIPT

from mevqa.reporting.leaderboard import comparisons, leaderboard
from mevqa.reporting.reading import Scoring, read_runs
from mevqa.scoring.comparison import compare_answers
from mevqa.scoring.metrics.classification import score_classes


def column(board, key):
    return [name for _, name in board.columns].index(key)


def test_the_baseline_is_what_the_commonest_answer_scores(runs):
    read = read_runs(runs[:1], Scoring(draws=0))
    board = leaderboard(read)
    references = [str(item.reference) for item in read[0].items.values() if item.question.type == "coarse"]
    constant = score_classes(references, [max(set(references), key=references.count)] * len(references))
    cells = board.baselines[0].cells
    assert float(cells[column(board, "coarse.uf1")].value) == pytest.approx(constant.uf1, abs=5e-4)
    assert float(cells[column(board, "coarse.uar")].value) == pytest.approx(constant.uar, abs=5e-4)


def test_runs_stand_beside_published_numbers(runs):
    board = leaderboard(read_runs(runs, Scoring(draws=50)))
    assert [row.note for row in board.rows] == ["steady", "hasty"]
    assert [row.name for row in board.rows] == [f"mock {SCRIPT}"] * 2
    assert board.marked and not board.compared
    place = column(board, "coarse.uf1")
    assert [row.cells[place].best for row in board.rows] == [True, False]
    assert board.rows[0].cells[place].interval
    first = board.published[0][1][0]
    assert first.cells[place].value == ".733"


def only_some(run, folder, clips):
    """Copy a run that was asked about its first clips only, as ``--limit`` does it."""
    manifest = json.loads((run / "manifest.json").read_text())
    clip_ids = [json.loads(line)["image_id"] for line in (run.parent / "questions.jsonl").read_text().splitlines()]
    manifest["decides"]["media"] = dict.fromkeys(clip_ids[: 4 * clips], "digest")
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = (run / "answers.jsonl").read_text().splitlines(keepends=True)
    (folder / "answers.jsonl").write_text("".join(lines[: 4 * clips]))
    return folder


def test_no_number_is_the_best_of_runs_that_answered_different_questions(runs, tmp_path):
    board = leaderboard(read_runs([runs[0], only_some(runs[1], tmp_path / "part", 3)], Scoring(draws=0)))
    assert not board.marked and not any(cell.best for row in board.rows for cell in row.cells)
    assert [row.note for row in board.rows] == ["steady · question set A", "part · question set B"]
    assert "A: 24 questions about 6 clips" in board.compared and "B: 12 questions about 3 clips" in board.compared
    assert "question set A" in board.baselines[0].note


def test_the_best_is_marked_within_each_set_of_questions(runs, tmp_path):
    parts = [only_some(run, tmp_path / run.name / "part", 3) for run in runs]
    board = leaderboard(read_runs([*runs, *parts], Scoring(draws=0)))
    place = column(board, "coarse.uf1")
    assert board.marked and [row.cells[place].best for row in board.rows[:2]] == [True, False]
    assert any(row.cells[place].best for row in board.rows[2:])


def test_differences_come_from_the_paired_comparison(runs):
    (comparison,) = comparisons(read_runs(runs, Scoring(draws=0)), lambda a, b: compare_answers(a, b, draws=100))
    rows = {row["key"]: row for row in comparison.rows}
    assert rows["coarse.uf1"]["difference"].startswith("-")
    assert rows["coarse.uf1"]["interval"]
    assert set(row["verdict"] for row in comparison.rows) <= {"", "better", "worse", "not sure"}

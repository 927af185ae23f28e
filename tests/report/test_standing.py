import pytest

from mevqa.report.reading import Scoring, read_runs
from mevqa.report.standing import comparisons, standing
from mevqa.scoring.classification import score_classes
from mevqa.scoring.comparison import compare_answers


def column(found, key):
    return [name for _, name in found.columns].index(key)


def test_the_baseline_is_what_the_commonest_answer_scores(runs):
    read = read_runs(runs[:1], Scoring(draws=0))
    found = standing(read)
    references = [str(item.reference) for item in read[0].items.values() if item.question.type.value == "coarse"]
    constant = score_classes(references, [max(set(references), key=references.count)] * len(references))
    cells = found.baselines[0].cells
    assert float(cells[column(found, "coarse.uf1")].value) == pytest.approx(constant.uf1, abs=5e-4)
    assert float(cells[column(found, "coarse.uar")].value) == pytest.approx(constant.uar, abs=5e-4)


def test_runs_stand_beside_published_numbers(runs):
    found = standing(read_runs(runs, Scoring(draws=50)))
    assert [row.name for row in found.rows] == ["steady", "hasty"]
    place = column(found, "coarse.uf1")
    assert [row.cells[place].best for row in found.rows] == [True, False]
    assert found.rows[0].cells[place].interval
    first = found.published[0].rows[0]
    assert first.cells[place].value == ".733"


def test_differences_come_from_the_paired_comparison(runs):
    (one,) = comparisons(read_runs(runs, Scoring(draws=0)), lambda a, b: compare_answers(a, b, draws=100))
    rows = {row.key: row for row in one.rows}
    assert rows["coarse.uf1"].difference.startswith("-")
    assert rows["coarse.uf1"].interval
    assert set(row.verdict for row in one.rows) <= {"", "better", "worse", "not sure"}

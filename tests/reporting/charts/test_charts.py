import re

import pytest

from mevqa.reporting.charts.confusion import class_bars, confusion_table
from mevqa.reporting.charts.score_charts import Bar, Mark, bar_chart, calibration_chart, counts_chart, forest_chart
from mevqa.scoring.metrics.classification import score_classes

REFERENCES = ["a", "a", "a", "b", "b", "c"]
ANSWERS = ["a", "a", "b", "b", "", "z"]
MATRIX = {
    "references": ["a", "b", "c"],
    "answers": ["a", "b", "c", "other", "none"],
    "counts": [[2, 1, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 1, 0]],
}


def test_the_classes_have_the_numbers_that_the_score_is_the_mean_of():
    bars = class_bars(MATRIX)
    score = score_classes(REFERENCES, ANSWERS)
    assert sum(bar.values[0] for bar in bars) / 3 == pytest.approx(score.uf1)
    assert sum(bar.values[1] for bar in bars) / 3 == pytest.approx(score.uar)
    assert [bar.note for bar in bars] == ["n = 3", "n = 2", "n = 1"]


def test_a_confusion_matrix_has_a_button_for_every_pair_that_occurs():
    table = confusion_table(MATRIX, "letters", "coarse")
    cells = [cell for _, row in table.rows for cell in row]
    assert sum(cell.count > 0 for cell in cells) == 5
    titles = {cell.title for cell in cells}
    assert {"a answered b: 1 of 3", "b answered no answer: 1 of 2", "c answered other class: 1 of 1"} <= titles
    assert cells[1].choose == {"type": "coarse", "class": "a", "answer": "b"}


def test_a_confusion_matrix_has_a_row_for_each_class_and_columns_for_what_was_answered():
    unused = {**MATRIX, "counts": [row[:4] + [0] for row in MATRIX["counts"]]}
    table = confusion_table(unused, "letters", "coarse")
    assert [name for name, _ in table.columns] == ["a", "b", "c", "other class"]
    assert [name for (name, _), _ in table.rows] == ["a", "b", "c"]
    assert [[cell.right for cell in row] for _, row in table.rows][1] == [False, True, False, False]


def test_the_file_of_a_confusion_matrix_has_its_numbers_and_names():
    texts = re.findall(">([^<]+)</text>", confusion_table(MATRIX, "letters", "coarse").chart().svg())
    numbers = [int(text) for text in texts if text.isdigit()]
    assert sorted(numbers) == sorted(count for row in MATRIX["counts"] for count in row)
    assert {"reference", "answered", "a", "b", "c", "other class", "no answer"} <= set(texts)


@pytest.mark.parametrize(
    "chart",
    [
        bar_chart([Bar("one", (0.5, 0.25), "n = 3")], ("F1", "recall"), "bars"),
        bar_chart([], ("F1",), "no bars"),
        bar_chart(class_bars(MATRIX), ("F1", "recall"), "letters"),
        confusion_table(MATRIX, "letters", "coarse").chart(),
        forest_chart([Mark("x", 0.2, (-0.1, 0.5)), Mark("y", 3.0, None)], "forest", line_at=0.0),
        forest_chart([], "nothing"),
        calibration_chart([{"low": 0.1, "high": 0.2, "count": 3, "confidence": 0.15, "accuracy": 1.0}], "calibration"),
        calibration_chart([], "no bins"),
        counts_chart({"all": [(3, 2), (3, 2)], "micro": [(0, 0)]}, "counts"),
        counts_chart({}, "no counts"),
    ],
    ids=lambda chart: chart.label,
)
def test_every_shape_stays_on_its_chart(chart):
    picture = chart.picture()
    assert picture.width > 100
    edge = [picture.getpixel((x, y)) for x in (0, picture.width - 1) for y in range(picture.height)]
    assert set(edge) == {(255, 255, 255)}

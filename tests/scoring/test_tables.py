from mevqa.scoring.result import ScoreResult
from mevqa.scoring.tables import score_tables
from mevqa.table_writer import Table, as_latex, as_markdown, as_text

RESULT = ScoreResult(
    metrics={"coarse.accuracy": 0.5, "coarse.uf1": 0.25, "count_all.mae": 12.5, "text.bleu": 0.1},
    intervals={"coarse.accuracy": (0.4, 1.0)},
    protocol={"preset": "megc2026-vqa", "classes": "reference", "stemmer": False},
    counts={"coarse.questions": 8, "coarse.unusable": 2, "count_all.questions": 4},
)


def test_each_table_says_which_switches_decided_it():
    tables = {table.title: table for table in score_tables(RESULT)}
    assert tables["classes"].header == "classes (preset megc2026-vqa, classes reference)"
    assert tables["text"].switches == "preset megc2026-vqa, stemmer off"


def test_numbers_carry_their_intervals():
    (row,) = score_tables(RESULT)[0].rows
    assert row == ("coarse", "8", "0.500 [.400, 1.000]", "0.250", "", "", "", "2")


def test_columns_are_aligned_and_never_cut():
    lines = as_text(Table("t", ("name", "n"), (("a" * 200, "1"), ("b", "22")))).splitlines()
    assert {len(line) for line in lines[1:]} == {204}


def test_markdown_and_latex_escape_what_would_be_markup():
    table = Table("t", ("na|me", "n"), (("a_b & <b>", "50%"),))
    assert as_markdown([table], []).splitlines()[-1] == r"| a\_b & \<b\> | 50% |"
    latex = as_latex([table], ["x_y"])
    assert r"a\_b \& <b> & 50\% \\" in latex and r"x\_y" in latex


def test_names_with_line_feeds_stay_in_their_cell_and_captions_hold_no_markup():
    table = Table("t", ("name", "n"), (("sub01\n| --- | x\r\n<script>\x1b[2J", "1"), ("b\n\nc", "2")))
    markdown = as_markdown([table], ["Note: <img src=x> [here](javascript:alert(1))\n\n# of subject x."])
    assert [line for line in markdown.splitlines() if line.startswith("| sub01")]
    assert len([line for line in markdown.splitlines() if line.startswith("|")]) == 4
    assert "\x1b" not in markdown and "](javascript" not in markdown and "\n# of" not in markdown
    assert r"\<img" in markdown
    latex = as_latex([table], ["two\n\nparagraphs"])
    assert "\n\n" not in latex.rstrip().split("\\begin{table}")[1]
    assert len(as_text(table).splitlines()) == 5

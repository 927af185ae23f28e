"""Cells that spreadsheet programs would take for formulas."""

import csv
import io

import pytest

from mevqa.data.documents.records import read_document
from mevqa.files.tables.csv_cells import csv_text, unmarked
from mevqa.files.tables.sheets import read_sheets

FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", '="006"', "\uff1d1", "'=1", "''@x", "\t=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_marked_and_read_back_as_it_was(tmp_path, text):
    table = csv_text([["id", "question"], [text, "q"]])
    ((_, (cell, _)),) = list(enumerate(csv.reader(io.StringIO(table))))[1:]
    assert cell == f"'{text}" and unmarked(cell) == text
    (tmp_path / "t.csv").write_text(table, encoding="utf-8", newline="")
    assert read_sheets(tmp_path / "t.csv")[0].rows[1][1][0] == text
    assert read_document(table).records[0].values["id"] == text


@pytest.mark.parametrize("text", ["-5", "+0.5", "-1e-3", "'tis", "a=b", "", "4+12"])
def test_numbers_and_other_texts_stay(text):
    assert csv_text([[text, "x"]]).startswith(f"{text},") and unmarked(text) == text

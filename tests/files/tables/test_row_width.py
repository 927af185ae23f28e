"""Rows with more cells than their table has columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from mevqa.files.tables.headers import find_header
from mevqa.files.tables.sheets import split_text

COLUMNS = {name: (name,) for name in ("video", "onset", "offset", "score")}


def width_problems(text: str) -> list[str]:
    header = find_header(split_text(Path("a.csv"), text), COLUMNS, ("video",))
    assert header is not None
    return [row.width_problem for row in header.rows]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a,10,20,0,93", "has 5 cells, the header 4: quote cells with commas, or write 0.93"),
        ("a,10,20,0,93,,", "has 5 cells, the header 4: quote cells with commas, or write 0.93"),
        ("a,10,5,20,.9", "has 5 cells, the header 4: quote cells with commas, or write decimals with a point"),
        ("a,x,y,z,late", "has 5 cells, the header 4: quote cells with commas"),
        ("a;10;20;1;x", "has 5 cells, the header 4: quote cells with semicolons"),
        ("a\t10\t20\t1\tx", "has 5 cells, the header 4: quote cells with tabs"),
        ("a 10 20 1 x", "has 5 cells, the header 4: quote cells with blanks"),
        ("a,10,20,0.93", ""),
        ("a,10,20,0.93,, ,", ""),
        ('a,10,20,"0,93"', ""),
        ("a,10", ""),
    ],
)
def test_a_row_with_cells_beyond_the_last_heading(row, problem):
    delimiter = next(sign for sign in "\t;, " if sign in row)
    rows = [delimiter.join(COLUMNS), *[delimiter.join(("b", "1", "2", "1"))] * 3, row]
    assert width_problems("\n".join(rows)) == ["", "", "", problem]


def test_an_empty_heading_at_the_end_makes_no_column():
    assert width_problems("video,onset,offset,score,\na,10,20,0,93\n") == [
        "has 5 cells, the header 4: quote cells with commas, or write 0.93"
    ]
    # The index that pandas writes has no heading either, and is no cell beyond.
    assert width_problems(",video,onset\n0,a,10\n") == [""]

"""Detection of header rows: one row or two, below titles, and the message about unknown columns."""

from __future__ import annotations

import pytest

from mevqa.files.tables.headers import describe_columns, find_header
from mevqa.files.tables.sheets import Sheet

COLUMNS = {
    "subject": ("subject",),
    "filename": ("filename",),
    "onset": ("onsetframe", "onset"),
    "offset": ("offsetframe", "offset"),
}


def sheet(*rows: str) -> Sheet:
    return Sheet("", tuple((line, tuple(row.split("|"))) for line, row in enumerate(rows, 1) if row))


@pytest.mark.parametrize(
    "rows",
    [
        ("Subject|Filename|Onset|Offset", "1|a|5|9"),
        ("A title", "", "Subject|Filename|Onset Frame|OFFSET", "1|a|5|9"),
        ("Clip||Frames|", "Subject|Filename|Onset|Offset", "1|a|5|9"),
        ("Subject|Filename|Onset|Offset", "||Frame|Frame", "1|a|5|9"),
        ("Subject|Filename|Onset|Offset", "Subject|Filename|Frame|Frame", "1|a|5|9"),
        ("Subject|Filename|Onset||Offset|", "||Time|Frame|Time|Frame", "1|a|0.2|5|0.4|9"),
        ("||Onset||Offset|", "Subject|Filename|Frame|Time|Frame|Time", "1|a|5|0.2|9|0.4"),
    ],
)
def test_headers_of_one_level_and_of_two(rows):
    header = find_header(sheet(*rows), COLUMNS, tuple(COLUMNS))
    assert header is not None
    assert [dict(row.cells) for row in header.rows] == [{"subject": "1", "filename": "a", "onset": "5", "offset": "9"}]
    assert header.rows[0].line == len(rows)


def test_a_row_of_words_is_no_second_level():
    header = find_header(sheet("Subject|Filename|Onset|Offset", "anna|laugh|x|y"), COLUMNS, tuple(COLUMNS))
    assert header is not None and header.rows[0].cells["subject"] == "anna"


def test_other_columns_are_one_line_with_the_closest_layout():
    layouts = {"X": {name: (name,) for name in ("a", "b", "c")}, "Y": {name: (name,) for name in ("a", "d")}}
    assert describe_columns([sheet("a|b|z", "1|2|3")], layouts) == (
        "has no header that is known; columns seen: a, b, z; closest: X, which needs c"
    )
    assert describe_columns([sheet("1|2")], layouts) == (
        "has no header that is known; columns seen: 1, 2; closest: X, which needs a, b, c"
    )
    assert describe_columns([Sheet("", ())], layouts) == "has no rows"
    long = describe_columns([sheet("|".join(f"a very long heading {n} " * 9 for n in range(99)))], layouts)
    assert len(long) < 700


def test_columns_of_times_are_called_seconds():
    text = describe_columns([sheet("video|onset_sec|offset (ms)")], {"events": {n: (n,) for n in ("video", "onset")}})
    assert "which needs onset; onset_sec look like seconds, and frames are needed: multiply them by the fps; " in text
    assert text.endswith("offset (ms) look like milliseconds, and frames are needed: multiply them by fps / 1000")

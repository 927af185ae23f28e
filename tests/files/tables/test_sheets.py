"""Reading tables of every format and encoding alike; an unreadable file is a one-line error."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tables import DELIMITERS, ENCODINGS, MAKERS, delimited, html, xls, xlsx

from mevqa.errors import InputError
from mevqa.files.tables.sheets import read_sheets

ROWS = [["Subject", "Filename", "备注"], ["1", "EP02_01f", "左侧，较轻"], ["02", 'a "b", c; d', "幅度小"]]


def cells(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    (sheet,) = read_sheets(path)
    return [(line, tuple(row[: len(row) - [*row[::-1], "x"].index(next(c for c in (*row[::-1], "x") if c))]))
            for line, row in sheet.rows]  # fmt: skip


def expected(rows) -> list[tuple[int, tuple[str, ...]]]:
    return [(line, tuple(row)) for line, row in enumerate(rows, 1)]


def save(folder: Path, data: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def problem(path: Path) -> tuple[int | None, str]:
    with pytest.raises(InputError) as caught:
        read_sheets(path)
    (error,) = caught.value.problems
    assert "\n" not in error.message and len(error.message) < 250
    return error.line, error.message


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_in_every_encoding_with_every_delimiter(tmp_path, encoding, delimiter, end):
    assert cells(save(tmp_path, delimited(ROWS, delimiter, encoding, end))) == expected(ROWS)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".xlsx", ".xls"])
def test_the_content_tells_and_not_the_suffix(tmp_path, kind, suffix):
    assert cells(save(tmp_path, MAKERS[kind](ROWS), f"t{suffix}")) == expected(ROWS)


# Cells as tables have them, with everything that could be taken for a delimiter, a quote or another encoding.
word = st.text(st.sampled_from(list("abEP019_-.+,;/ \"'") + list("左侧幅度小é")), min_size=1, max_size=8)
table = st.integers(3, 6).flatmap(
    lambda width: st.lists(st.lists(word, min_size=width, max_size=width), min_size=2, max_size=6)
)


@settings(max_examples=60, deadline=None)
@given(table, st.sampled_from(ENCODINGS), st.sampled_from(DELIMITERS), st.sampled_from(["\n", "\r\n"]))
def test_all_spellings_of_a_table_are_read_equal(tmp_path_factory, rows, encoding, delimiter, end):
    header = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion"][: len(rows[0])]
    # In two characters of GB18030 there may be two of UTF-8, so that a table needs more than one of them to tell.
    rows = [header, *rows, ["幅度小" for _ in header]]
    folder = tmp_path_factory.mktemp("t")
    plain = read_sheets(save(folder, delimited(rows)))[0].rows
    assert len(plain) >= 3
    assert read_sheets(save(folder, delimited(rows, delimiter, encoding, end)))[0].rows == plain
    declared = delimited(rows, delimiter, encoding, end, f"sep={delimiter}{end}")
    assert [row for _, row in read_sheets(save(folder, declared))[0].rows] == [row for _, row in plain]
    book = read_sheets(save(folder, xlsx(rows), "t.xlsx"))[0].rows
    assert [[cell for cell in row if cell] for _, row in book] == [[cell for cell in row if cell] for _, row in plain]


def test_latin_letters_are_no_chinese_ones(tmp_path):
    rows = [["Subject", "Filename", "émotion"], ["Zoë", "a", "dégoût"], ["José", "b", "gêné"]]
    assert cells(save(tmp_path, delimited(rows, ";", "latin-1"))) == expected(rows)


def test_decimal_commas_divide_nothing(tmp_path):
    rows = [["video", "onset", "offset", "score"], ["a", "1", "9", "0,53"], ["b", "2", "19", "0,9"]]
    text = "\n".join(";".join(row) for row in rows)
    assert cells(save(tmp_path, text.encode())) == expected(rows)


def test_titles_above_and_a_line_that_tells_the_delimiter(tmp_path):
    text = "sep=;\nLabels; made in 2024, by hand\n\nSubject;Filename;AU\n1;a;4,7\n2;b;1,2\n"
    (sheet,) = read_sheets(save(tmp_path, text.encode()))
    assert sheet.rows[1:] == ((4, ("Subject", "Filename", "AU")), (5, ("1", "a", "4,7")), (6, ("2", "b", "1,2")))


def test_lines_are_counted_over_cells_of_several_lines(tmp_path):
    (sheet,) = read_sheets(save(tmp_path, b'a,b\n"x\ny",2\n3,4\n'))
    assert [line for line, _ in sheet.rows] == [1, 2, 4]


def test_numbers_as_spreadsheets_keep_them(tmp_path):
    path = save(tmp_path, '="006",7.0,１２,\ufeffa ,1.50\n'.encode())
    assert cells(path) == [(1, ("006", "7", "12", "a", "1.50"))]


def test_merged_rows_all_have_the_value(tmp_path):
    rows = [["Subject", "Filename"], ["1", "a"], ["", "b"], ["", "c"]]
    whole = [(1, ("Subject", "Filename")), (2, ("1", "a")), (3, ("1", "b")), (4, ("1", "c"))]
    assert cells(save(tmp_path, xlsx(rows, ["A2:A4"]))) == whole
    page = html(rows).replace(b"<td>1</td>", b"<td rowspan=3>1</td>").replace(b"<tr><td></td>", b"<tr>")
    assert cells(save(tmp_path, page, "t.xls")) == whole
    # Merged cells to the end of the sheet make no rows.
    assert cells(save(tmp_path, xlsx(rows, ["A2:A1048576", "D1:XFD1048576"]))) == whole


def test_a_far_cell_costs_nothing(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.cell(1048576, 16384, "x")
    book.save(tmp_path / "far.xlsx")
    start = time.process_time()
    (sheet,) = read_sheets(tmp_path / "far.xlsx")
    assert [line for line, _ in sheet.rows] == [1, 1048576] and time.process_time() - start < 20


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("cut.xlsx", xlsx(ROWS)[:2000], "damaged"),
        ("cut.xls", xls(ROWS)[:2000], "is not a readable xls file"),
        ("changed.xlsx", xlsx(ROWS).replace(b"PK\x01\x02", b"PK\x01\x02\xff\xff\xff"), "damaged"),
        ("zip.xlsx", zipped(a=b"1"), "is a zip archive and no table"),
        ("hollow.xlsx", zipped(**{"[Content_Types].xml": b"<x/>"}), "is not a readable xlsx file"),
        ("ods.xlsx", zipped(**{"content.xml": b"<x/>"}), "OpenDocument"),
        ("xlsb.xlsx", zipped(**{"xl/workbook.bin": b"1"}), "xlsb"),
        ("bomb.xlsx", zipped(**{"[Content_Types].xml": bytes(300 << 20)}), "larger than a label file"),
        (
            "locked.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "is locked with a password",
        ),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is no text file"),
        ("marked.csv", b"\xef\xbb\xbfa,b\n\xff\xff", "it says that it is UTF-8"),
        ("empty.csv", b" \r\n", "is empty"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_unreadable_tables_are_one_line(tmp_path, name, data, message):
    path = save(tmp_path, data, name) if data is not None else tmp_path / name
    assert message in problem(path)[1]


def test_a_quotation_mark_that_is_not_closed_names_its_line(tmp_path):
    assert problem(save(tmp_path, b'a,b\n1,2\n3,"4\n5,6\n')) == (3, "a quotation mark is not closed")
    assert len(cells(save(tmp_path, b'a,b\n1,5" wide\n3,"x"y\n'))) == 3


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_read_or_refused(tmp_path_factory, data):
    path = save(tmp_path_factory.mktemp("n"), data)
    try:
        read_sheets(path)
    except InputError as error:
        assert len(error.problems) == 1


@pytest.mark.parametrize(("name", "most"), [("_MOST_LINES", 2), ("_MOST_BYTES", 5)])
def test_a_text_that_is_far_too_large_is_refused_before_it_is_divided(tmp_path, monkeypatch, name, most):
    monkeypatch.setattr(f"mevqa.files.tables.sheets.{name}", most)
    monkeypatch.setattr("mevqa.files.tables.sheets.parse_delimited", None)
    (tmp_path / "a.csv").write_text("a,b\n" * 3)
    with pytest.raises(InputError, match="larger than a table that can be read"):
        read_sheets(tmp_path / "a.csv")


def test_merged_cells_that_cover_one_another_again_and_again_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mevqa.files.tables.workbook._MOST_CELLS", 100)
    rows = "<tr><td rowspan=50>1</td><td>2</td></tr>" * 40
    (tmp_path / "a.xls").write_text(f"<html><table>{rows}</table>")
    with pytest.raises(InputError, match="merges more than 100 cells"):
        read_sheets(tmp_path / "a.xls")


def test_a_workbook_of_very_many_styles_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mevqa.files.tables.workbook._MOST_STYLES", 10)
    (tmp_path / "a.xlsx").write_bytes(xlsx([["a", "b"], ["1", "2"]]))
    with pytest.raises(InputError, match="more styles"):
        read_sheets(tmp_path / "a.xlsx")

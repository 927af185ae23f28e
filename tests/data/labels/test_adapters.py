"""Detection of the layout of a label file, and the problems of a label file."""

from __future__ import annotations

import pytest

from mevqa.data.labels.read import read_label_file
from mevqa.errors import InputError
from mevqa.files.tables.headers import find_rows, simplify
from mevqa.files.tables.sheets import read_sheets

CASME2 = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")


def problems(path, dataset=None):
    with pytest.raises(InputError) as caught:
        read_label_file(path, dataset)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_wrong_frames_concern_their_clip_only(save_table):
    path = save_table(
        "c.xlsx",
        CASME2,
        (1, "EP01", "x", 2, 3, "4", "disgust"),
        (1, "EP02", 1, 2.5, 3, "4", "disgust"),
        (1, "EP03", 0, 2, 3, "4", "disgust"),
        (1, "EP04", 1, 2, 3, "4", "disgust"),
    )
    labels = read_label_file(path)
    assert {name: clip.errors for name, clip in labels.items()} == {
        "sub01_EP01": ("row 2 of its label file: onset must be a frame number, not 'x'",),
        "sub01_EP02": ("row 3 of its label file: apex must be a frame number, not '2.5'",),
        "sub01_EP03": ("row 4 of its label file: onset is frame 0, but the first frame is 1",),
        "sub01_EP04": (),
    }
    assert [len(clip.events) for clip in labels.values()] == [0, 0, 0, 1]


def test_rows_without_a_clip_are_reported_together(save_table):
    rows = [(1, None, 1, 2, 3, "4", "disgust"), (1, "EP01", 1, 2, 3, "4", "fear"), (None, "EP02", 1, 2, 3, "4", "fear")]
    path = save_table("c.xlsx", CASME2, *rows)
    assert problems(path) == [
        (2, "the row has no subject or no file name"),
        (4, "the row has no subject or no file name"),
    ]


def test_cells_that_cannot_be_used_are_noted(save_table):
    path = save_table("c.xlsx", CASME2, (1, "EP01", 1, 2, 3, "4+77", "puzzled"))
    clip = read_label_file(path)["sub01_EP01"]
    assert clip.annotation is not None and clip.annotation.action_units == () and clip.annotation.fine is None
    assert [note.split(":")[0] for note in clip.notes] == ["action units left out", "emotion left out"]


def test_the_data_set_can_be_named_and_must_fit(save_table):
    path = save_table("c.xlsx", CASME2, (1, "EP01", 1, 2, 3, "4", "disgust"))
    assert list(read_label_file(path, "CASME II")) == ["sub01_EP01"]
    assert problems(path, "samm")[0][1].endswith("closest: SAMM, which needs inducementcode")
    assert "the label files of 'dfme' are not known" in problems(path, "dfme")[0][1]


def test_a_header_without_rows(save_table):
    assert "has the header of CASME II and no rows" in problems(save_table("c.xlsx", CASME2))[0][1]


def test_the_sheet_with_the_header_is_taken(save_table):
    path = save_table("c.xlsx", CASME2, (1, "EP01", 1, 2, 3, "4", "disgust"), info=[("about",)], empty=[])
    assert list(read_label_file(path)) == ["sub01_EP01"]


def test_cells_become_text(save_table):
    for name in ("t.xlsx", "t.xls", "t.csv"):
        (sheet,) = read_sheets(save_table(name, ("a", "b"), (1, 2.0), (None, None), ("  x ", 0.5)))
        assert [line for line, _ in sheet.rows] == [1, 2, 4]
        rows = find_rows(sheet, {"first": ("a",), "second": ("c", "b"), "third": ("z",)}, ["first", "second"])
        cells = [dict(row.cells) for row in rows]
        assert cells == [{"first": "1", "second": "2"}, {"first": "x", "second": "0.5"}]
        assert find_rows(sheet, {"first": ("a",)}, ["first", "third"]) is None


def test_a_csv_in_a_chinese_encoding(tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes((",".join(CASME2) + ",\u5907\u6ce8\n1,EP01,1,2,3,4,disgust,\u597d\n").encode("gb18030"))
    assert list(read_label_file(path)) == ["sub01_EP01"]


def test_headings_are_compared_without_case_spaces_and_signs():
    assert simplify("Onset Frame") == simplify("OnsetFrame") == simplify("onset_frame ")


def test_headings_that_were_renamed(save_table):
    header = ("subject_id", "file_name", "onset", "apex", "offset", "au", "emotion")
    labels = read_label_file(save_table("c.csv", header, (1, "EP02_01f", 46, 59, 86, "4", "disgust")))
    assert list(labels) == ["sub01_EP02_01f"]


def test_our_own_columns_in_other_words_are_the_closest_layout(save_table):
    ((_, message),) = problems(save_table("c.csv", ("Clip Name", "Onset Frame", "Apex Frame"), ("a", 1, 2)))
    assert "closest: our own columns, which needs clip, onset, offset" in message


@pytest.mark.parametrize("unit", [0.5, 0.25])
def test_milliseconds_are_refused_with_that_word(save_table, unit):
    rows = [(1, f"EP0{n}", 100 + unit, 160 + unit, 300 + unit, "4", "fear") for n in (1, 2)]
    ((line, message),) = problems(save_table("c.csv", CASME2, *rows))
    assert line == 2 and "look like milliseconds" in message and "fps / 1000 (200 for CASME II)" in message


@pytest.mark.parametrize(
    "rows",
    [
        [(1, "EP01", 0.025, 0.06, 0.1, "4", "fear"), (1, "EP02", 1, 1.225, 1.25, "4", "fear")],
        [(1, "EP01", "0,5", "0,625", "0,9", "4", "fear"), (1, "EP02", "1,5", "1,7", "2", "4", "fear")],
        [(1, "EP01", "00:00:01.5", "00:00:01.7", "00:00:02", "4", "fear")],
    ],
)
def test_seconds_are_refused_with_that_word(save_table, rows):
    ((line, message),) = problems(save_table("c.csv", CASME2, *rows))
    assert line == 2 and "look like seconds" in message and "(200 for CASME II)" in message


def test_merged_and_two_level_headers(save_table):
    rows = [(1, "EP01", 5, 12, 20, "4", "disgust")]
    top, low = ("Clip", None, "Frames", None, None, "Label"), ("Subject", "Filename", "Onset", "Apex", "Offset", "AU")
    file = read_label_file(save_table("c.xlsx", (*top, None), (*low, "Emotion"), *rows))
    assert file["sub01_EP01"].events[0].onset == 4


def test_sheets_of_the_same_columns(save_table):
    row = (1, "EP01", 1, 2, 3, "4", "disgust")
    file = read_label_file(save_table("c.xlsx", CASME2, row, first=[CASME2, (2, "EP02", 1, 2, 3, "4", "fear")]))
    assert list(file) == ["sub02_EP02", "sub01_EP01"]
    again = read_label_file(save_table("d.xlsx", CASME2, row, first=[CASME2, (1, "EP01", 1, 2, 3, "4", "fear")]))
    assert again["sub01_EP01"].events[0].fine == "fear" and "'labels'" in again["sub01_EP01"].notes[0]


def test_headings_in_chinese_and_names_that_became_dates(save_table):
    from datetime import datetime

    header = ("被试", "文件名", "起始帧", "顶点帧", "结束帧", "动作单元", "情绪")
    assert list(read_label_file(save_table("c.csv", header, (1, "EP01", 1, 2, 3, "4", "fear")))) == ["sub01_EP01"]
    path = save_table("d.xlsx", CASME2, (1, datetime(2024, 2, 1), 1, 2, 3, "4", "fear"))
    assert problems(path) == [
        (2, "the file name is a date (2024-02-01), made of a name like 2-1: write the name, as text")
    ]


def test_formulas_without_results_are_not_taken_for_empty_cells(save_table):
    file = read_label_file(save_table("c.xlsx", CASME2, (1, "EP01", "=1+1", 2, 3, "4", "fear")))
    assert "not '=1+1 (a formula without a saved result)'" in file["sub01_EP01"].errors[0]

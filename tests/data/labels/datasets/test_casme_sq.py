"""The label file of CAS(ME)^2, which has no header and codes its names in other sheets."""

from __future__ import annotations

import pytest

from mevqa.data.annotations import read_annotations, read_long_annotations
from mevqa.datasets.label_layout import Numbering
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.facs import ActionUnit

SUBJECTS = [(15, "s15", 1), (16, "s16", 2), ("07", "s07", 3)]
VIDEOS = [("0101", "disgust1"), (401, "anger1")]
SHEETS = {"naming rule1": SUBJECTS, "naming rule2": VIDEOS}
ROWS = (
    (1, "disgust1_2", 300, 310, 340, "4+L14", "negative", "macro-expression", "disgust"),
    (1, "disgust1_1", 101, 105, 112, 12.0, "Positive", "micro-expression", "happy"),
    (1, "anger1_1", 20, 24, 0, "4?", "others", "macro-expression", "anger"),
    (3, "anger1_1", 7, 0, 15, "T23+?", "surprise", "micro-expression", None),
)


def problems(path, *more):
    with pytest.raises(InputError) as caught:
        read_long_annotations(path, *more)
    return [(problem.line, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize("name", ["CAS(ME)^2code_final.xlsx", "code_final.xls"])
def test_videos_by_folder_with_their_events_in_time(save_table, name):
    videos = read_long_annotations(save_table(name, *ROWS, **SHEETS))
    assert list(videos) == ["15_0101", "15_0401", "07_0401"]
    first = videos["15_0101"]
    assert (first.dataset, first.subject, first.fps) == ("cas(me)^2", "s15", 30.0)
    assert (first.lines, first.numbering) == ((2, 1), Numbering(first=1, video=True))
    assert first.names == ("disgust1_1", "disgust1_2") and first.notes == () and first.errors == ()
    assert first.events == (
        Event(100, 104, 111, (ActionUnit(12),), None, "positive", "micro"),
        Event(299, 309, 339, (ActionUnit(4), ActionUnit(14, "left")), None, "negative", "macro"),
    )
    uncoded = videos["15_0401"]
    assert uncoded.events == (Event(19, 23, 23, (ActionUnit(4),), "others", None, "macro"),)
    assert uncoded.notes == ("offset read as the apex: the offset is not coded",)
    assert videos["07_0401"].events == (Event(6, None, 14, (ActionUnit(23),), None, "surprise", "micro"),)


@pytest.mark.parametrize(
    "name", ["15_0101disgustingteeth", "15_0101", "s15/15_0101disgustingteeth", "rawpic/s15/15_0101x", "s15_0101"]
)
def test_a_video_is_found_under_every_name(save_table, name):
    file = read_annotations(save_table("c.xlsx", *ROWS, **SHEETS))
    assert list(file) == list(file.videos) and file.official
    assert file.find(name, long=True) is file.videos["15_0101"]
    assert file.find("15_0102", long=True) is None


def test_a_release_with_a_header_row(save_table):
    header = ("Subject", "Video", "Onset", "Apex", "Offset", "AU", "Emotion", "Type", "Self-report")
    videos = read_long_annotations(save_table("c.xlsx", header, *ROWS, **SHEETS))
    assert videos["15_0101"].lines == (3, 2)


def test_without_the_sheets_that_name_the_folders(save_table):
    ((_, message),) = problems(save_table("c.xlsx", *ROWS))
    assert message.startswith("lacks the sheet naming rule1 (15, s15, 1) and naming rule2 (0101, disgust1)")
    ((_, message),) = problems(save_table("d.xlsx", *ROWS, **{"naming rule1": SUBJECTS}))
    assert message.startswith("lacks the sheet naming rule2")
    ((_, message),) = problems(save_table("code_final.csv", *ROWS), "casme_sq")
    assert "use the whole workbook" in message


def test_rows_that_the_sheets_do_not_know(save_table):
    rows = ((9, "disgust1_1", 1, 2, 3, "4", "negative", "micro-expression", ""), *ROWS)
    rows += ((1, "joy7_1", 1, 2, 3, "4", "negative", "micro-expression", ""),)
    assert problems(save_table("c.xlsx", *rows, **SHEETS)) == [
        (1, "the subject '9' is not in the sheet of the subjects"),
        (6, "the video 'joy7' is not in the sheet of the videos"),
    ]


def test_frames_that_are_none_are_errors_of_their_video(save_table):
    rows = (*ROWS, (2, "anger1_1", "x", 2, 3, "4", "negative", "micro-expression", ""))
    rows += ((2, "anger1_2", 9, -1, 4, "4", "negative", "micro-expression", ""),)
    videos = read_long_annotations(save_table("c.xlsx", *rows, **SHEETS))
    assert videos["16_0401"].events == ()
    assert videos["16_0401"].errors == (
        "row 5 of its label file: onset must be a frame number, not 'x'",
        "row 6 of its label file: the offset 4 comes before the onset 9",
    )
    assert videos["15_0101"].errors == ()

"""Our own annotation CSV."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.data.annotations import read_annotations, read_long_annotations, write_annotations
from mevqa.data.label_types import COLUMNS, ClipLabels, in_time_order
from mevqa.datasets.label_layout import Numbering
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.facs import ActionUnit, coarse_of

HEADER = ",".join(COLUMNS[:-1])

frames = st.none() | st.integers(0, 10**6)
fine = st.sampled_from([None, "happiness", "disgust", "repression", "surprise"])
events = st.builds(
    lambda onset, apex, offset, units, name, kind: Event(
        onset, apex, offset, tuple(units), name, coarse_of(name or ""), kind
    ),
    frames,
    frames,
    frames,
    st.lists(
        st.builds(ActionUnit, st.sampled_from([1, 4, 12]), st.sampled_from([None, "left"])), unique=True, max_size=3
    ),
    fine,
    st.sampled_from(["micro", "macro"]),
)
names = st.text("abcXYZ019_-", min_size=1, max_size=8)


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def problems(path: Path) -> list[tuple[int | None, str]]:
    with pytest.raises(InputError) as caught:
        read_annotations(path)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_row_becomes_an_annotation(tmp_path):
    path = write(tmp_path / "a.csv", HEADER, "syn_1,synthetic,s01,200,12,40,75,L4+7,disgust,negative,micro")
    assert read_annotations(path) == {
        "syn_1": ClipLabels(
            clip="syn_1",
            dataset="synthetic",
            subject="s01",
            fps=200.0,
            events=(Event(12, 40, 75, (ActionUnit(4, "left"), ActionUnit(7)), "disgust", "negative", "micro"),),
            lines=(2,),
        )
    }


@given(st.dictionaries(names, st.lists(events, min_size=1, max_size=4), min_size=1, max_size=4))
def test_written_annotations_read_back(tmp_path_factory, clips):
    labels = {
        name: ClipLabels(name, "synthetic", f"s{i}", 30.0 + i, tuple(coded))
        for i, (name, coded) in enumerate(clips.items())
    }
    path = tmp_path_factory.mktemp("a") / "a.csv"
    write_annotations(path, labels)
    again = read_annotations(path)
    assert list(again) == list(labels)
    for name, clip in labels.items():
        assert (again[name].events, again[name].fps, again[name].subject) == (clip.events, clip.fps, clip.subject)
        assert again[name].annotation == (clip.events[0] if len(clip.events) == 1 else None)


def test_only_the_clip_is_required_and_order_and_case_are_free(tmp_path):
    path = write(tmp_path / "a.csv", "Offset, CLIP ,fine", "9,a,Happy", "", ",b,")
    labels = read_annotations(path)
    assert labels["a"].annotation == Event(offset=9, fine="happiness", coarse="positive")
    assert labels["b"].annotation == Event()
    assert labels["b"].lines == (4,)


def test_a_byte_order_mark_from_a_spreadsheet_is_fine(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfclip,onset\r\na,3\r\n")
    assert read_annotations(path)["a"].annotation == Event(onset=3)


def test_every_problem_at_once(tmp_path):
    path = write(
        tmp_path / "a.csv",
        HEADER.replace("dataset", "datset"),
        "a,,s1,x,1,2,3,4,disgust,negative,micro",
        "b,,s1,30,1.5,nan,-3,4,disgust,negative,micro",
        "c,,s1,30,1,2,3,99,disgust,negative,micro",
        "d,,s1,30,1,2,3,4,confused,,micro",
        "e,,s1,30,1,2,3,4,disgust,positive,micro",
        "f,,s1,30,1,2,3,4,disgust,,mega",
        ",,s1,30,1,2,3,4,disgust,,micro",
        "g,,s1,30,1,2,3,4,disgust,,micro,extra",
        "h,,s1,30,1,2,3,4,disgust,,micro",
        "h,,s2,25,1,2,3,4,disgust,,micro",
        "i,,s1,0,1,2,3,4,disgust,,micro",
        "j,,s1,30,1_1,,30,4,disgust,,micro",
    )
    expected = [
        (1, "unknown column 'datset'; did you mean 'dataset'?"),
        (2, "fps must be a number"),
        (3, "onset must be a frame"),
        (3, "apex must be a number"),
        (3, "offset must be a frame"),
        (4, "there is no action unit 99"),
        (5, "'confused' is not an emotion class"),
        (6, "the fine class 'disgust' is negative, not positive"),
        (7, "kind must be micro or macro, not 'mega'"),
        (8, "the clip is empty"),
        (9, "has 12 cells, the header 11: quote cells with commas"),
        (11, "another subject in line 10"),
        (11, "another fps in line 10"),
        (12, "fps must be a positive number"),
        (13, "onset must be a number, not '1_1'"),
    ]
    reported = problems(path)
    assert [line for line, _ in reported] == [line for line, _ in expected]
    for (_, message), (_, part) in zip(reported, expected, strict=True):
        assert part in message


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"clip\xff", "has no header that is known"),
        ("a.txt", b"clip\n", "has a header and no rows"),
        ("a.csv", b"x,y\n1,2\n", "has no header that is known"),
        ("a.xlsx", b"not a zip", "has no header that is known; columns seen: not"),
        ("a.xls", b"not a workbook", "has no header that is known"),
        ("a.csv", b"clip,clip\na,b\n", "stands twice"),
        ("a.xlsx", b"PK\x03\x04 and no more", "is a damaged xlsx file"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "is no text file"),
    ],
)
def test_files_that_are_no_annotations(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    (problem,) = problems(tmp_path / name)
    assert message in problem[1]


@pytest.mark.parametrize("name", ["none.csv", "none.xlsx"])
def test_a_missing_file(tmp_path, name):
    assert "No such file" in problems(tmp_path / name)[0][1]


def test_file_numbers_are_not_written_as_frames(tmp_path):
    labels = {"a": ClipLabels("a", events=(Event(1, 2, 3),), numbering=Numbering(first=1, video=True))}
    with pytest.raises(ValueError, match="numbers of the label file"):
        write_annotations(tmp_path / "a.csv", labels)


@given(st.lists(events, max_size=12))
def test_events_come_in_the_order_of_time_and_none_is_lost(coded):
    labels = ClipLabels("a", events=tuple(coded), lines=tuple(range(2, len(coded) + 2)))
    ordered = in_time_order(labels)
    first = [
        next(f for f in (e.onset, e.apex, e.offset) if f is not None)
        for e in ordered.events
        if (e.onset, e.apex, e.offset) != (None, None, None)
    ]
    assert first == sorted(first)
    assert set(ordered.events) == set(coded)
    assert [labels.events[line - 2] for line in ordered.lines] == list(ordered.events)
    assert len(ordered.notes) == len(coded) - len(ordered.events)
    assert in_time_order(ordered) == ordered


def test_long_videos_of_our_own_csv(tmp_path):
    path = write(tmp_path / "a.csv", "clip,onset,offset,kind", "a,50,90,macro", "a,7,9,micro", "b,,,", "c,,,macro")
    file = read_annotations(path)
    assert [event.onset for event in file["a"].events] == [50, 7] and len(file["b"].events) == 1
    videos = read_long_annotations(path)
    assert [event.onset for event in videos["a"].events] == [7, 50] and videos["a"].lines == (3, 2)
    assert videos["b"].events == videos["c"].events == ()
    assert file.videos == videos and not file.official
    assert file.find("a", long=True) is file.videos["a"] and file.find("a", long=False) is file["a"]
    assert file.find("A", long=True) is file.videos["a"] and file.find("d", long=True) is None


def test_our_columns_in_other_tables(save_table, tmp_path):
    header = ("clip", "dataset", "subject", "fps", "onset", "apex", "offset")
    row = ("a", "casme2", "sub01", 200, 4, 11, 19)
    plain = read_annotations(save_table("a.csv", header, row))
    for name in ("a.xlsx", "a.xls"):
        assert read_annotations(save_table(name, header, row)) == plain
        titled = read_annotations(save_table(name, ("Labels of 2024",), header, row, notes=[("nothing",)]))
        assert titled["a"].events == plain["a"].events and titled["a"].lines == (3,)
    for delimiter in (";", "\t"):
        rows = [delimiter.join(map(str, cells)) + delimiter for cells in (header, row)]
        assert read_annotations(write(tmp_path / "b.csv", *rows)) == plain


def test_people_and_decimal_commas_in_our_columns(tmp_path):
    path = write(tmp_path / "a.csv", "clip;subject;fps;onset", "a;01;29,97;4", "a;1;29,97;9", "b;s2;25;3")
    labels = read_annotations(path)
    assert labels["a"].fps == 29.97 and len(labels["a"].events) == 2 and labels["a"].subject == "01"


def test_seconds_in_our_columns(tmp_path):
    path = write(tmp_path / "a.csv", "clip,fps,onset,apex,offset", "a,30,0.4,0.6,0.9", "b,30,1,1.2,1.4")
    ((line, message),) = problems(path)
    assert line == 2 and "look like seconds (0.4, 0.6, 0.9)" in message


def test_milliseconds_in_our_columns(tmp_path):
    path = write(tmp_path / "a.csv", "clip,fps,onset,apex,offset", "a,30,400.5,600.25,900", "b,30,1000.5,1200,1400.5")
    ((line, message),) = problems(path)
    assert line == 2 and "look like milliseconds (400.5, 600.25, 900)" in message
    assert message.endswith("must be frames: multiply them by fps / 1000")


def test_columns_of_times_beside_our_own(tmp_path):
    ((line, message),) = problems(write(tmp_path / "a.csv", "clip,fps,onset_ms,offset_ms", "a,30,400,600"))
    assert line == 1
    assert message == "onset_ms, offset_ms look like milliseconds, and frames are needed: multiply them by fps / 1000"


def test_a_name_that_may_be_two_clips(tmp_path):
    file = read_annotations(write(tmp_path / "a.csv", "clip,onset", "a_1,4", "a_01,5", "B,6"))
    assert file.find("a_1", long=False) is file["a_1"] and file.find("b", long=False) is file["B"]
    assert file.find("A_1", long=False) is file["a_1"]
    labels = file.find("A_001", long=False)
    assert labels is not None and "'A_001' may be 'a_1' and 'a_01'" in labels.errors[0]

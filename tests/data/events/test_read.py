"""Reading event files of other tools: headings, layouts, and every problem with its line."""

import json
from pathlib import Path

import pytest

from mevqa.data.events.read import is_event_file, read_events
from mevqa.data.events.rows import Numbers, kind_of
from mevqa.errors import InputError


def write(folder: Path, text: str, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def spans(file):
    return [(event.subject, event.video, event.onset, event.offset) for event in file.events]


def messages(path: Path, role="predictions", numbers=None) -> dict[int | None, str]:
    with pytest.raises(InputError) as caught:
        read_events(path, role, numbers)
    assert all(problem.path == path for problem in caught.value.problems)
    return {problem.line: problem.message for problem in caught.value.problems}


def test_official_result_file(tmp_path):
    path = write(tmp_path, "subject,video,onset,offset,emotion\n7,a1,10,22,negative\n7,a1,40,55,Surprise\n")
    file = read_events(path, "predictions")
    assert spans(file) == [("7", "a1", 10, 22), ("7", "a1", 40, 55)]
    assert [event.emotion for event in file.events] == ["negative", "surprise"]
    assert [event.line for event in file.events] == [2, 3]
    assert file.events[0].kind is None


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Subject,Filename,Onset Frame,ApexFrame,OffsetF,Action Units,Estimated Emotion", "7,a,3,5,9,AU4+L12,fear"),
        ("SUBJECT;Video ID;StartFrame;Peak;EndFrame;AU;emotion", "7;a;3;5;9;AU4+L12;fear"),
        ("subject\tvideo_name\tonset_frame\tapex_frame\toffset_frame\taus\temotion", "7\ta\t3\t5\t9\tAU4+L12\tfear"),
        (
            "clip,dataset,subject,fps,onset,apex,offset,action_units,fine,coarse,kind",
            "a,samm,7,200,3,5,9,AU4+L12,fear,negative,micro",
        ),
    ],
)  # fmt: skip
def test_headings_in_many_spellings(tmp_path, header, row):
    event = read_events(write(tmp_path, f"{header}\n{row}\n"), "reference").events[0]
    assert (event.subject, event.video, event.onset, event.apex, event.offset) == ("7", "a", 3, 5, 9)
    assert (event.units, event.emotion) == ("AU4+L12", "fear")


def test_byte_order_mark_and_windows_lines(tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes(b"\xef\xbb\xbfvideo,onset,offset\r\na,1.0,2\r\n")
    assert spans(read_events(path, "reference")) == [(None, "a", 1, 2)]


def test_json_and_json_lines_with_their_lines(tmp_path):
    rows = [
        {"video": "a", "onset": 1, "offset": 9, "AU": [4, 7], "score": 0.5},
        {"video": "b", "onset": 3, "offset": 2},
    ]
    pretty = write(tmp_path, "[\n" + ",\n\n".join(map(json.dumps, rows)) + "\n]", "events.json")
    wrapped = write(tmp_path, '{"model": "x",\n "events": [\n' + ",\n".join(map(json.dumps, rows)) + "]}", "more.json")
    lines = write(tmp_path, "\n".join(map(json.dumps, rows)) + "\n", "events.jsonl")
    for path, line in ((pretty, 4), (wrapped, 4), (lines, 2)):
        assert "after the offset" in messages(path)[line]
    good = write(tmp_path, json.dumps([rows[0]]), "good.json")
    event = read_events(good, "predictions").events[0]
    assert (event.units, event.score, event.line) == ("4+7", 0.5, 1)


@pytest.mark.parametrize("separator", ["\u2028", "\u0085"])
def test_unicode_line_separators_inside_a_text_of_json_lines_end_no_line(tmp_path, separator):
    rows = [{"video": f"a{separator}b", "onset": 1, "offset": 9}, {"video": "c", "onset": 3, "offset": 2}]
    path = write(tmp_path, "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "events.jsonl")
    assert list(messages(path)) == [2]


def test_detections_without_header(tmp_path):
    path = write(
        tmp_path, "15_0102eatingworms\t787.935\t827.352\t0.3794\n15_0102eatingworms\t3.5\t9.4\t.1\n", "test_23.txt"
    )
    truncated = read_events(path, "predictions", Numbers(fractions="truncate"))
    rounded = read_events(path, "predictions", Numbers(fractions="round"))
    assert spans(truncated)[0] == (None, "15_0102eatingworms", 787, 827)
    assert spans(rounded)[0] == (None, "15_0102eatingworms", 788, 827)
    assert truncated.events[0].score == 0.3794
    assert any("2 rows have frames that are not whole (lines 1, 2)" in note for note in truncated.notes)
    assert "whole frame" in messages(path)[1]


def test_cells_beyond_the_header_or_the_first_row_are_refused(tmp_path):
    decimal_comma = write(tmp_path, "video,onset,offset,score\na,10,20,0,93\nb,1,2,0.5,,\nc,5,9,0,1\n")
    assert messages(decimal_comma) == {
        2: "has 5 cells, the header 4: quote cells with commas, or write 0.93",
        4: "has 5 cells, the header 4: quote cells with commas, or write 0.1",
    }
    headerless = write(tmp_path, "a,10,20,0.9\nb,30,40,0,12\nc,1,2,.5,\n")
    assert messages(headerless) == {2: "has 5 cells, the first row 4: quote cells with commas, or write 0.12"}
    padded = write(tmp_path, "video,onset,offset,score,,\na,10,20,0.93,,\nb,30,40,0.5,,,\n")
    assert [event.score for event in read_events(padded, "predictions").events] == [0.93, 0.5]


def test_remarks_beside_a_workbook_or_a_label_file_are_left_out_with_a_note(tmp_path):
    rows = (("video", "onset", "offset", "score"), ("a", 10, 20, 0.93, None, "checked"), ("b", 30, 40, 0.5))
    file = read_events(book(tmp_path / "events.xlsx", *rows), "predictions")
    assert [event.score for event in file.events] == [0.93, 0.5]
    assert any("cells beyond the last heading are not read (line 2)" in note for note in file.notes)
    # CASME II's label file, saved as CSV.
    header = "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion,,"
    rows = ("01,EP02_01f,46,59,86,12,happiness,,checked", "02,EP01_11f,46,59,86,4,disgust,,")
    file = read_events(write(tmp_path, "\n".join([header, *rows]), "casme2.csv"), "reference")
    assert spans(file) == [("01", "EP02_01f", 46, 86), ("02", "EP01_11f", 46, 86)]
    assert any("cells beyond the last heading are not read (line 2)" in note for note in file.notes)


def test_a_fact_of_a_video_that_its_first_row_leaves_open(tmp_path):
    path = write(tmp_path, "video,onset,offset,fps\na,10,20,\na,30,40,25\na,50,60,30\n")
    assert messages(path) == {4: "the video 'a' has another fps in line 3"}


def test_log_of_megc_2020_is_both_sides(tmp_path):
    text = "1\n006_1   1  80  3 82  TP\n006_1 300 900 - - FN\n006_1 - - 90 195 FP\n2\n15_0101 - - 1 16 FP\n"
    path = write(tmp_path, text, "log.txt")
    reference, predictions = read_events(path, "reference"), read_events(path, "predictions")
    assert [(e.video, e.onset, e.offset, e.kind) for e in reference.events] == [
        ("006_1", 1, 80, "micro"),
        ("006_1", 300, 900, "macro"),
    ]
    assert [(e.video, e.onset, e.offset, e.kind) for e in predictions.events] == [
        ("006_1", 3, 82, "micro"),
        ("006_1", 90, 195, "macro"),
        ("15_0101", 1, 16, "micro"),
    ]
    assert [facts.dataset for facts in predictions.videos] == ["samm", "cas(me)^2"]
    assert 3 in messages(write(tmp_path, text.replace("006_1 300 900 - - FN", "006_1 300 900 FN"), "bad.txt"))


def test_a_match_of_a_log_has_the_kind_of_its_detection(tmp_path):
    path = write(tmp_path, "1\n006_1   1  104  3 120  TP\n006_1 1 104 - - FN\n", "log.txt")
    assert [event.kind for event in read_events(path, "reference").events] == ["macro", "micro"]


def test_samm_long_videos_names_events(tmp_path):
    header = "Subject,Filename,Inducement Code,Onset,Apex,Offset,Duration,Type,Action Units,Notes"
    rows = "6,006_1_2,1,562,600,640,79,Micro - 1/2,4,\n6,006_1_3,1,900,-1,1500,601,Macro,12,\n"
    file = read_events(write(tmp_path, f"a text\n\n{header}\n{rows}"), "reference")
    assert {event.video for event in file.events} == {"006_1"}
    assert [(event.kind, event.apex) for event in file.events] == [("micro", 600), ("macro", None)]


def book(path, *rows, **sheets):
    from openpyxl import Workbook

    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    for name, more in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in more:
            sheet.append(row)
    workbook.save(path)
    return path


def test_a_label_file_is_read_with_the_names_of_its_folders_and_its_known_mistakes_corrected(tmp_path):
    rows = [
        (1, "disgust1_1", 101, 105, 112, 12, "positive", "micro-expression", "happy"),
        (1, "disgust1_2", 300, 310, 0, "4", "negative", "macro-expression", "disgust"),
        ("coded by two people",),
    ]
    names = {"naming rule1": [(15, "s15", 1)], "naming rule2": [("0101", "disgust1")]}
    file = read_events(book(tmp_path / "code.xlsx", *rows, **names), "reference")
    assert [(e.subject, e.video, e.onset, e.offset, e.kind) for e in file.events] == [
        ("s15", "15_0101", 101, 112, "micro"),
        ("s15", "15_0101", 300, 310, "macro"),
    ]
    assert file.same("15_0101disgustingteeth") == file.same("s15/15_0101") == "15_0101"
    assert any("known mistakes" in note and "(line 2)" in note for note in file.notes)
    names["naming rule2"] = [("0401", "anger1")]
    problems = messages(book(tmp_path / "code.xlsx", *rows, **names), "reference")
    assert problems[1] == "the video 'disgust1' is not in the sheet of the videos"


def test_columns_that_were_added_to_a_label_file_count(tmp_path):
    header = "Subject,Filename,Inducement Code,Onset,Apex,Offset,Duration,Type,Action Units,Notes,fps,score"
    path = write(tmp_path, f"{header}\n6,006_1_2,1,0,600,640,79,Micro - 1/2,4,,200,0.5\n")
    file = read_events(path, "predictions")
    assert spans(file) == [("6", "006_1", 600, 640)]
    assert (file.videos[0].fps, file.events[0].score, file.events[0].units) == (200, 0.5, "4")


def test_the_kind_of_a_label_file_of_macro_expressions_is_known(tmp_path):
    path = write(tmp_path, "sub,seq,onset,apex,offset,AU,emotion\nspNO.1,a,160,166,300,4,disgust\n")
    (event,) = read_events(path, "reference").events
    assert (event.subject, event.video, event.kind, event.emotion) == ("spNO.1", "a", "macro", "disgust")


def test_a_row_of_a_label_file_may_hold_several_events(tmp_path):
    header = "Subject,Filename,OnsetF,OffsetF,Emotion,FirstF,Onset2F,Offset2F"
    path = write(tmp_path, f"{header}\ns01,s1_ne_01,110,130,negative,100,210,240\n")
    assert spans(read_events(path, "reference")) == [("s01", "s1_ne_01", 110, 130), ("s01", "s1_ne_01", 210, 240)]


def test_a_row_of_a_label_file_that_names_no_video_is_a_problem(tmp_path):
    path = write(tmp_path, "sub,count,onset,apex,offset,AU,emotion\n1,1,5,7,9,4,fear\n1,,15,17,19,4,fear\n")
    assert messages(path, "reference") == {3: "names no video"}


def test_a_table_in_the_order_of_a_label_file_is_read_by_its_header(tmp_path):
    header = "subject,video,onset,apex,offset,action_units,emotion,kind,score"
    file = read_events(write(tmp_path, f"{header}\n1,a_1,5,7,9,4,negative,micro,0.5\n"), "predictions")
    assert (file.events[0].video, file.events[0].score, file.notes) == ("a_1", 0.5, ())


def test_a_column_label_is_kind_or_emotion(tmp_path):
    kinds = read_events(write(tmp_path, "video,onset,offset,label\na,1,2,ME\na,5,99,Macro-expression\n"), "reference")
    assert [event.kind for event in kinds.events] == ["micro", "macro"]
    emotions = read_events(write(tmp_path, "video,onset,offset,label\na,1,2,fear\n"), "reference")
    assert emotions.events[0].emotion == "fear"


def test_kinds_in_many_spellings():
    assert {kind_of(text) for text in ("micro", "Micro-Expression", "ME", "micro - 1/2")} == {"micro"}
    assert {kind_of(text) for text in ("MACRO", "macro_expression", "MaE")} == {"macro"}
    assert kind_of("both") is None


def test_every_problem_at_once(tmp_path):
    text = """subject,video,onset,apex,offset,kind,score,fps,frames
1,a,10,12,20,micro,.5,30,100
1,a,nan,12,20,micro,.5,30,100
1,a,30,,20,micro,.5,30,100
1,a,-3,,7,micro,.5,30,100
1,a,50,,,micro,.5,30,100
1,a,90,,100,micro,.5,30,100
1,a,10,12,20,micro,.9,30,100
1,,10,12,20,micro,.5,30,100
1,a,21,22,23,mini,.5,30,100
1,a,31,32,33,micro,inf,30,100
1,a,41,42,43,micro,.5,-30,100
1,a,51,52,53,micro,,30,100
1,b,1.5,2,3,micro,.5,30,100
1,a,61,62,63,micro,.5,60,100
"""
    problems = messages(write(tmp_path, text))
    expected = {
        3: "onset must be a number, not 'nan'",
        4: "the onset 30 is after the offset 20",
        5: "begins at -3, before the first frame 0",
        6: "has no offset",
        7: "ends at 100, but the last frame of the video is 99",
        9: "names no video",
        10: "the kind must be micro or macro, not 'mini'",
        11: "score must be a number, not 'inf'",
        12: "fps must be above 0, not -30",
        13: "has no score, other rows have one",
        14: "onset must be a whole frame (--set fractions=round rounds it), not '1.5'",
        15: "another fps in line 2",
    }
    assert problems.keys() == expected.keys()
    assert all(part in problems[line] for line, part in expected.items())


def test_frames_before_the_first(tmp_path):
    path = write(tmp_path, "video,onset,offset\na,-3,7\n")
    kept = read_events(path, "predictions", Numbers(negative="keep"))
    clipped = read_events(path, "predictions", Numbers(negative="clip"))
    assert (kept.events[0].onset, clipped.events[0].onset) == (-3, 0)
    assert any("begin before the first frame (line 2)" in note for note in kept.notes)
    gone = write(tmp_path, "video,onset,offset\na,-9,-2\n")
    assert "before the first frame" in messages(gone, numbers=Numbers(negative="keep"))[2]


def test_the_number_of_the_first_frame_is_subtracted(tmp_path):
    path = write(tmp_path, "video,onset,apex,offset\na,1,2,3\n")
    event = read_events(path, "reference", Numbers(base=1)).events[0]
    assert (event.onset, event.apex, event.offset) == (0, 1, 2)
    zero = write(tmp_path, "video,onset,offset\na,0,3\n")
    assert "begins at 0, before the first frame 1" in messages(zero, "reference", Numbers(base=1))[2]


def test_an_apex_outside_its_interval_is_noted_and_not_used(tmp_path):
    file = read_events(write(tmp_path, "video,onset,apex,offset\na,1,9,3\n"), "reference")
    assert file.events[0].apex is None
    assert any("apex outside the interval" in note and "line 2" in note for note in file.notes)


def test_videos_without_events(tmp_path):
    file = read_events(write(tmp_path, "video,onset,offset\na,1,3\nb,,\n"), "reference")
    assert [facts.video for facts in file.videos] == ["a", "b"]
    assert len(file.events) == 1


def test_two_events_with_one_interval_but_other_labels_are_two(tmp_path):
    text = "video,onset,offset,emotion\na,1,3,fear\na,1,3,anger\n"
    assert len(read_events(write(tmp_path, text), "reference").events) == 2


@pytest.mark.parametrize("text", ["", "\n \n"])
@pytest.mark.parametrize("name", ["events.csv", "events.json"])
def test_an_empty_file(tmp_path, text, name):
    path = write(tmp_path, text, name)
    assert "is empty" in messages(path)[None]
    assert is_event_file(path) == (name == "events.csv")


def test_a_header_alone(tmp_path):
    path = write(tmp_path, "video,onset,offset\n")
    assert "holds no detection" in read_events(path, "predictions").notes[0]
    assert "holds no event" in messages(path, "reference")[None]


def test_columns_that_are_missing(tmp_path):
    message = messages(write(tmp_path, "clip,begin\na,3\n"))[None]
    assert message.endswith("columns seen: clip, begin; closest: a table of events, which needs offset")


@pytest.mark.parametrize(
    ("text", "line"), [("[\n{]", 2), ('[{"video": "a"}\n{"video": "b"}]', 2), ('{"a": 1}', None), ("[1", 1)]
)
def test_broken_json(tmp_path, text, line):
    assert line in messages(write(tmp_path, text, "events.json"))


def test_which_files_are_events(tmp_path):
    questions = write(tmp_path, '{"video_id": "x", "video": "a", "question": "?", "answer": ""}\n', "q.jsonl")
    events = write(tmp_path, '{"video": "a", "onset": 1, "offset": 2}\n', "e.jsonl")
    assert not is_event_file(questions)
    assert is_event_file(events)
    assert is_event_file(write(tmp_path, "", "empty.csv"))
    assert not is_event_file(tmp_path)


@pytest.mark.parametrize("name", ["events.csv", "events.json", "events.jsonl", "events.txt"])
def test_noise_is_a_problem_and_not_a_crash(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00\x01video,onset\n")
    with pytest.raises(InputError):
        read_events(path, "predictions")


def test_a_detection_that_is_listed_twice_is_two(tmp_path):
    path = write(tmp_path, "video,onset,offset,score\na,10,20,.5\na,10,20,.9\nb,1,9,.5\na,10,20,.5\n")
    file = read_events(path, "predictions")
    assert len(file.events) == 4
    assert any("2 rows list a detection once more" in note and "(lines 3, 5)" in note for note in file.notes)
    assert messages(path, "reference")[3] == "is the event of line 2 once more"


def test_an_event_in_other_spellings_is_one_event_once_more(tmp_path):
    path = write(
        tmp_path,
        "subject,video,onset,offset,type\n1,v1,10,20,micro\ns01,V1.mp4,10.0,20,ME\n1.0,v1,10,20,Micro\n2,v1,10,20,ME\n",
    )
    again = "is the event of line 2 once more"
    assert messages(path, "reference") == {3: again, 4: again}


@pytest.mark.parametrize("role", ["reference", "predictions"])
def test_seconds_are_refused_with_that_word(tmp_path, role):
    path = write(tmp_path, "video;onset;offset\na;0,5;0,8\na;12;12,4\nb;3.25;4.5\n")
    problems = messages(path, role, Numbers(fractions="round"))
    assert list(problems) == [2] and "look like seconds (0,5, 0,8)" in problems[2]


def test_milliseconds_of_coders_are_refused_with_that_word(tmp_path):
    path = write(tmp_path, "video,onset,offset\na,1000.5,1500.5\nb,400.25,800\n")
    problems = messages(path, "reference")
    assert (
        list(problems) == [2]
        and "look like milliseconds (1000.5, 1500.5)" in problems[2]
        and "fps / 1000" in problems[2]
    )


@pytest.mark.parametrize("name", ["events.xlsx", "events.xls", "events.csv", "events.tsv"])
def test_events_in_every_make_of_table(tmp_path, name):
    from openpyxl import Workbook

    book = Workbook()
    for cells in (["", "Moments", ""], ["Video", "Onset", "Offset"], ["a", 1, 9]):
        book.active.append(cells)
    book.save(tmp_path / "made.xlsx")
    path = (tmp_path / "made.xlsx").rename(tmp_path / name)
    assert spans(read_events(path, "reference")) == [(None, "a", 1, 9)]
    path.write_bytes("视频,video;onset;offset\n左,a;1;9\n".replace(",", ";").encode("gb18030"))
    assert spans(read_events(path, "reference")) == [(None, "a", 1, 9)]

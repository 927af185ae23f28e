"""`check`: all problems of questions, media and annotations in one report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mevqa.data.check import check
from mevqa.data.frame_numbers import STARTS_AT_ZERO
from mevqa.synthetic.writer import synthesise
from mevqa.video.reading.key_frames import (
    APEX_ON_ONSET,
    APEX_OUTSIDE,
    NAMES_BEFORE_CODES,
    OFFSET_ON_APEX,
    OFFSET_ON_ONSET,
)

HEADER = "clip,dataset,subject,fps,onset,apex,offset,action_units,fine,coarse,kind"


def questions(path: Path, *clips: str, text: str = "What is the coarse expression class?") -> Path:
    rows = [
        {"video_id": f"q{number}", "video": clip, "question": text, "answer": ""} for number, clip in enumerate(clips)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def lines(report) -> list[str]:
    return [str(problem) for problem in report.problems]


def test_a_good_set_is_summed_up(tmp_path, save_frames):
    file = questions(tmp_path / "q.jsonl", "a", "a", "b", text="Why?")
    with file.open("a") as more:
        row = {"video_id": "c", "video": "c", "question": "What is the action unit?", "answer": "dimpler"}
        more.write(json.dumps(row) + "\n")
    for name in "abc":
        save_frames(tmp_path / "media" / name, "img1.png", "img2.png", "img3.png")
    (tmp_path / "a.csv").write_text(f"{HEADER}\na,samm,s1,200,0,1,2,4,,,\nb,samm,s2,25,0,,2,,,,\nc,samm,s2,25,,,,,,,\n")
    seen = []
    report = check(file, tmp_path / "media", tmp_path / "a.csv", on_clip=lambda done, of: seen.append((done, of)))
    assert lines(report) == []
    summary = report.summary
    assert (summary.layout, summary.task, summary.questions, summary.answered) == ("test", "vqa", 4, 1)
    assert (summary.unknown, summary.types) == (3, {"open": 3, "au_list": 1})
    assert (summary.clips, summary.subjects, summary.frames, summary.annotated) == (3, 2, 9, 3)
    assert summary.fps == {"25": 2, "200": 1}
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert report.to_json()["ok"] is True and json.dumps(report.to_json())


def test_a_person_in_several_spellings_is_one_and_named(tmp_path, save_frames):
    for name in "abc":
        save_frames(tmp_path / "media" / name, "img1.png", "img2.png")
    (tmp_path / "a.csv").write_text(f"{HEADER}\na,samm,006,200,,,,,,,\nb,samm,6.0,200,,,,,,,\nc,samm,7,200,,,,,,,\n")
    summary = check(questions(tmp_path / "q.jsonl", *"abc"), tmp_path / "media", tmp_path / "a.csv").summary
    assert summary.subjects == 2
    assert "1 subject is spelt in several ways and counts as one person: '006', '6'" in summary.notes


def test_problems_of_all_inputs_come_together(tmp_path, save_frames):
    file = questions(tmp_path / "q.jsonl", "good", "gone", "broken", "backwards", "beyond", "../x", "unlabelled")
    with file.open("a") as more:
        more.write("{broken json\n")
    media = tmp_path / "media"
    for name in ("good", "backwards", "beyond", "unlabelled"):
        save_frames(media / name, "img1.png", "img2.png", "img3.png")
    (media / "broken.mp4").write_bytes(b"this is no video")
    labels = tmp_path / "a.csv"
    labels.write_text("clip,onset,apex,offset\ngood,0,1,2\ngone,5,4,3\nbroken,0,1,2\nbackwards,1,2,0\nbeyond,0,2,3\n")
    problems = lines(check(file, media, labels))
    expected = [
        f"{file}:6: the clip '../x' leads out",
        f"{file}:8: is not valid JSON",
        f"{file}:2: clip gone: has no media",
        f"{file}:7: clip unlabelled: is not in the annotations",
        f"{file}:3: clip broken: {media / 'broken.mp4'}",
        f"{labels}:3: clip gone: the apex 4 comes before the onset 5",
        f"{labels}:3: clip gone: the offset 3 comes before the apex 4",
        f"{labels}:5: clip backwards: the offset 0 comes before the apex 2",
        f"{labels}:6: clip beyond: the offset 3 is outside the video, whose frames are 0 to 2",
    ]
    assert len(problems) == len(expected)
    for line, start in zip(problems, expected, strict=True):
        assert line.startswith(start) and "\n" not in line


def test_broken_annotations_do_not_hide_missing_media(tmp_path):
    file = questions(tmp_path / "q.jsonl", "a")
    (tmp_path / "media").mkdir()
    (tmp_path / "a.csv").write_text("clip,onset\na,x\n")
    problems = lines(check(file, tmp_path / "media", tmp_path / "a.csv"))
    assert [line.split(": ", 1)[1][:25] for line in problems] == [
        "onset must be a number, n",
        "clip a: has no media in /",
    ]


def test_events_of_long_videos_are_checked_row_by_row(tmp_path, save_frames):
    file = questions(tmp_path / "q.jsonl", "a", text="How many expression events appear in this video?")
    save_frames(tmp_path / "media" / "a", "1.png", "2.png", "3.png")
    labels = tmp_path / "a.csv"
    labels.write_text("clip,onset,apex,offset\na,0,0,1\na,2,1,2\na,1,2,7\n")
    report = check(file, tmp_path / "media", labels)
    assert lines(report) == [
        f"{labels}:3: clip a: the apex 1 comes before the onset 2",
        f"{labels}:4: clip a: the offset 7 is outside the video, whose frames are 0 to 2",
    ]
    assert report.summary.task == "lvqa"


LONG = "How many expression events appear in this video?"
PART_A = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class", "emotion")


def test_events_of_official_long_videos_are_counted_and_looked_up(tmp_path, save_frames, save_table):
    file = questions(tmp_path / "me_lvqa_casme3_train.jsonl", "spNO.1_a", "spNO.1_b", text=LONG)
    for name in "ab":
        save_frames(tmp_path / "part_A" / "spNO.1" / name / "color", *(f"{n}.png" for n in range(8, 30)))
    labels = save_table(
        "CAS(ME)3_part_A_v2.xls",
        PART_A,
        ("spNO.1", "a", 12, 14, 18, "4", "Micro-expression", 4, "disgust"),
        ("spNO.1", "a", 3, 14, 29, "4 or 7", "Macro-expression", 4, "disgust"),
        ("spNO.1", "a", 20, 0, 29, "4", "Macro-expression", 4, "disgust"),
        **{"eye blink": [("Subject", "Filename", "Onset", "Offset"), ("spNO.1", "a", 9, 11)]},
    )
    report = check(file, tmp_path, labels)
    assert lines(report) == []
    summary = report.summary
    assert (summary.task, summary.with_events, summary.blinks) == ("lvqa", 1, 1)
    assert summary.events == {"micro": 1, "macro": 2}
    notes = list(summary.notes)
    assert any("leaves a choice" in note for note in notes)
    missing = next(note for note in notes if "cannot be found" in note)
    assert missing.startswith("clip spNO.1_a: 1 of 3 events cannot be found in the media (row 3), the first because")


def test_a_folder_that_holds_no_event_is_a_problem(tmp_path, save_frames, save_table):
    file = questions(tmp_path / "me_lvqa_casme3_train.jsonl", "spNO.1_a", text=LONG)
    save_frames(tmp_path / "spNO.1" / "a", "1.png", "2.png")
    row = ("spNO.1", "a", 12, 14, 18, "4", "Micro-expression", 4, "disgust")
    labels = save_table("v2.xls", PART_A, row)
    (problem,) = lines(check(file, tmp_path, labels))
    assert problem.startswith(
        f"{labels}:2: clip spNO.1_a: no event can be found in the media: the label file names onset"
    )


def test_a_label_file_of_other_videos_is_noted(tmp_path, save_frames, save_table):
    file = questions(tmp_path / "me_lvqa_casme3_train.jsonl", "spNO.9_a", text=LONG)
    save_frames(tmp_path / "spNO.9" / "a", "1.png", "2.png")
    labels = save_table("v2.xls", PART_A, ("spNO.1", "a", 12, 14, 18, "4", "Micro-expression", 4, "disgust"))
    report = check(file, tmp_path, labels)
    assert lines(report) == [] and report.summary.with_events == 0
    assert "no video of the questions is in the annotations" in report.summary.notes


def test_broken_rows_of_a_long_video_are_problems_of_its_questions(tmp_path, save_frames, save_table):
    file = questions(tmp_path / "me_lvqa_casme3_train.jsonl", "spNO.1_a", text=LONG)
    save_frames(tmp_path / "spNO.1" / "a", "12.png", "18.png")
    labels = save_table("v2.xls", PART_A, ("spNO.1", "a", 18, 14, 12, "4", "Micro-expression", 4, "disgust"))
    assert lines(check(file, tmp_path, labels)) == [
        f"{file}:1: clip spNO.1_a: row 2 of its label file: the offset 12 comes before the onset 18"
    ]


def test_official_labels_are_checked_as_numbers_of_files(tmp_path, save_frames, save_table):
    row = {"id": "1", "dataset": "casme2", "image_id": "sub01_EP02_01f", "question": "Why?", "answer": ""}
    (tmp_path / "q.jsonl").write_text(json.dumps(row) + "\n")
    header = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
    labels = save_table("c.xlsx", header, (1, "EP02_01f", 46, 47, 48, "4", "puzzled"))
    save_frames(tmp_path / "media" / "sub01" / "EP02_01f", "img46.png", "img47.png", "img48.png")
    report = check(tmp_path / "q.jsonl", tmp_path / "media", labels)
    assert lines(report) == []
    assert (report.summary.annotated, report.summary.fps, report.summary.subjects) == (1, {"200": 1}, 1)
    assert any("emotion left out" in note for note in report.summary.notes)
    backwards = save_table("d.xlsx", header, (1, "EP02_01f", 48, 47, 46, "4", "disgust"))
    assert lines(check(tmp_path / "q.jsonl", tmp_path / "media", backwards)) == [
        f"{backwards}:2: clip sub01_EP02_01f: the apex 47 comes before the onset 48",
        f"{backwards}:2: clip sub01_EP02_01f: the offset 46 comes before the apex 47",
    ]


def test_unreadable_pictures(tmp_path, save_frames):
    file = questions(tmp_path / "q.jsonl", "a", "b")
    maps = save_frames(tmp_path / "maps", "a.png")
    (maps / "b.png").write_bytes(b"no picture")
    (problem,) = lines(check(file, None, pictures={"motion": maps}))
    assert problem.startswith(f"{file}:2: clip b: the motion picture {maps / 'b.png'} cannot be read")


def test_an_empty_question_file_and_no_media(tmp_path):
    (tmp_path / "q.jsonl").touch()
    problems = lines(check(tmp_path / "q.jsonl", tmp_path / "none"))
    assert [line.split(": ")[1] for line in problems] == [
        "is empty; a question file has one JSON object a line",
        "the folder of the media does not exist",
    ]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "maps", "clips", "subjects"),
    [("me_vqa_casme2_train", "casme2", 145, 24), ("me_vqa_smic_coarse", "smic", 164, 16)],
)
def test_real_files_with_real_motion_maps(shared_data, name, maps, clips, subjects):
    report = check(shared_data / "megc" / f"{name}.jsonl", None, pictures={"flow": shared_data / "motion" / maps})
    assert lines(report) == []
    assert (report.summary.clips, report.summary.subjects, report.summary.unknown) == (clips, subjects, 0)


def test_control_tokens_of_models_in_questions_are_named(tmp_path):
    plain = '{"id": "%d", "dataset": "casme2", "image_id": "a", "question": "%s", "answer": ""}\n'
    texts = ["What is the coarse expression class?", "<image>\\nWhat is it?", "<|im_end|><image>What?", "1 < 2"]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(plain % (i, text) for i, text in enumerate(texts)))
    notes = [note for note in check(path, None).summary.notes if "control token" in note]
    assert len(notes) == 2
    assert notes[0].startswith("lines 2, 3: <image> in the question's text") and "asked as < image>" in notes[0]
    assert notes[1].startswith("line 3: <|im_end|> ")


def test_rows_that_are_read_otherwise_than_they_are_coded_are_named(tmp_path, save_frames):
    file = questions(tmp_path / "q.jsonl", "good", "same", "outside", "one", "ends")
    for name in ("good", "same", "outside", "one", "ends"):
        save_frames(tmp_path / "media" / name, *(f"img{n}.png" for n in range(1, 7)))
    labels = tmp_path / "a.csv"
    labels.write_text("clip,onset,apex,offset\ngood,0,1,2\nsame,1,1,4\noutside,2,0,4\none,2,2,2\nends,0,3,3\n")
    report = check(file, tmp_path / "media", labels)
    assert lines(report) == []
    # A clip whose moments are read otherwise is not one that has them.
    assert report.summary.annotated == 1
    assert [(warning.line, warning.clip, warning.message) for warning in report.warnings] == [
        (3, "same", APEX_ON_ONSET),
        (4, "outside", APEX_OUTSIDE),
        (5, "one", OFFSET_ON_ONSET),
        (5, "one", APEX_ON_ONSET),
        (6, "ends", OFFSET_ON_APEX),
    ]
    first = report.to_json()["warnings"][0]
    assert first == {"path": str(labels), "line": 3, "clip": "same", "message": APEX_ON_ONSET}


def test_clips_of_one_two_and_three_frames_are_noted(tmp_path, save_frames):
    file = questions(tmp_path / "q.jsonl", "one", "two", "three", "named")
    for number, name in enumerate(("one", "two", "three"), 1):
        save_frames(tmp_path / "media" / name, *(f"{n}.png" for n in range(number)))
    save_frames(tmp_path / "media" / "named", "onset.png", "apex.png")
    notes = check(file, tmp_path / "media").summary.notes
    assert [note for note in notes if "taken as" in note] == [
        "the clip is one picture, taken as the apex: there is no motion to see",
        "the clip has two frames, taken as onset and apex",
        "the clip has three frames, taken as onset, apex and offset",
    ]


def test_events_of_a_long_video_are_named_and_not_said_to_be_localised(tmp_path, save_frames, save_table):
    file = questions(tmp_path / "me_lvqa_casme3_train.jsonl", "spNO.1_a", text=LONG)
    save_frames(tmp_path / "spNO.1" / "a", *(f"{n}.png" for n in range(12, 20)))
    labels = save_table("v2.xls", PART_A, ("spNO.1", "a", 12, 12, 18, "4", "Micro-expression", 4, "disgust"))
    report = check(file, tmp_path, labels)
    assert lines(report) == []
    assert [(w.line, w.clip, w.message) for w in report.warnings] == [(2, "spNO.1_a", "the coded apex is the onset")]


def test_a_frame_rate_that_is_not_that_of_the_annotations_is_noted(tmp_path):
    data = synthesise(tmp_path / "set", 1, seed=5, fps=(50.0,), size=(128, 128))
    clip = data.plans[0].id
    file = questions(tmp_path / "q.jsonl", clip)
    labels = tmp_path / "l.csv"
    labels.write_text(f"clip,fps,onset,apex,offset\n{clip},200,3,5,9\n")
    note = "the file tells 50 frames per second; the 200 of the annotations are used"
    assert note in check(file, data.media, labels).summary.notes
    labels.write_text(f"clip,fps,onset,apex,offset\n{clip},50,3,5,9\n")
    assert not any("frames per second" in text for text in check(file, data.media, labels).summary.notes)


@pytest.mark.parametrize("names", [("onset", "apex"), ("onset", "apex", "offset")])
def test_nothing_is_localised_in_pictures_that_are_named(tmp_path, save_frames, names):
    save_frames(tmp_path / "media" / "a", *(f"{name}.png" for name in names))
    (tmp_path / "a.csv").write_text(f"{HEADER}\na,samm,s1,200,0,0,0,4,,,\n")
    file = questions(tmp_path / "q.jsonl", "a")
    report = check(file, tmp_path / "media", tmp_path / "a.csv")
    assert [warning.message for warning in report.warnings] == [NAMES_BEFORE_CODES]
    assert (report.problems, report.summary.annotated) == ((), 1)
    assert check(file, tmp_path / "media").summary.annotated == 1


def test_a_folder_of_4dme_that_starts_with_frame_0_is_doubted(tmp_path, save_frames):
    save_frames(tmp_path / "media" / "S13_001", *(f"{number}.png" for number in range(30)))
    file = questions(tmp_path / "q.jsonl", "S13_001")
    labels = tmp_path / "4dme.csv"
    labels.write_text("sub_ID,fold_name,Onset,Apex,Offset,AUs,Emotion\nS13,S13_001,2,8,20,AU4,negative\n")
    assert STARTS_AT_ZERO in check(file, tmp_path / "media", labels).summary.notes
    assert STARTS_AT_ZERO not in check(file, tmp_path / "media", labels, numbers="recording").summary.notes
    (tmp_path / "media" / "S13_001" / "0.png").unlink()
    assert STARTS_AT_ZERO not in check(file, tmp_path / "media", labels).summary.notes

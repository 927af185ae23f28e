"""Long videos from the label file to the plan of a run: what users of a data set call."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mevqa.cli.datasets import check as check_command
from mevqa.data.annotations import read_long_annotations
from mevqa.inference.evaluation import plan

QUESTION = "How many expression events appear in this video?"
SQ_SHEETS = {"naming rule1": [(15, "s15", 1)], "naming rule2": [("0101", "disgust1")]}
SQ_ROW = (1, "disgust1_1", 2, 3, 4, "4", "negative", "micro-expression", "disgust")
LV_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units", "Notes",
)  # fmt: skip
LV_ROW = ("006", "006_1_2", 1, 2, 3, 4, 3, "Micro - 1/2", "4", None)
PART_A = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class", "emotion")
A_ROW = ("spNO.1", "a", 9, 10, 11, "4", "Macro-expression", 4, "fear")
SMIC_HEADER = ("Subject", "Filename", "OnsetF", "OffsetF", "Emotion", "FirstF", "Onset2F", "Offset2F")
MMME_HEADER = (
    "Subject", "Filename", "Marker", "OnsetTime", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units",
    "Estimated Emotion", "Macro/Micro",
)  # fmt: skip
TIMES = ("16-0-31-433-1", "16-0-31-440-2", "16-0-31-446-3")


@pytest.mark.parametrize(
    ("clip", "rows", "sheets", "folder", "frames", "fps", "kinds"),
    [
        ("15_0101disgustingteeth", [SQ_ROW], SQ_SHEETS, "rawpic/s15/15_0101disgustingteeth",
         [f"img{n}.png" for n in range(1, 7)], 30, "micro 1, macro 0"),
        ("006_1", [LV_HEADER, LV_ROW], {}, "SAMM_longvideos/006_1",
         [f"006_1_{n:04d}.png" for n in range(1, 7)], 200, "micro 1, macro 0"),
        ("spNO.1_a", [PART_A, A_ROW], {}, "part_A/spNO.1/a/color",
         [f"{n}.png" for n in range(8, 14)], 30, "micro 0, macro 1"),
        ("s01_ne_01", [SMIC_HEADER, (1, "s1_ne_01", 101, 102, "negative", 100, 104, 105)], {},
         "HS_long/SMIC-HS-E/s01/s1_ne_01", [f"image{n:06d}.png" for n in range(100, 107)], 100, "micro 2, macro 0"),
        ("rec_20230101_107", [MMME_HEADER, ("p1", "rec_20230101", 107, 1.5, *TIMES, "AU4", "sad", "Micro")], {},
         "rec_20230101_107", [f"2023-1-1-{time}-107.tif" for time in TIMES], 150, "micro 1, macro 0"),
    ],
)  # fmt: skip
def test_check_and_plan_of_every_data_set(
    tmp_path, save_table, save_frames, capsys, clip, rows, sheets, folder, frames, fps, kinds
):
    media = tmp_path / "media"
    save_frames(media / folder, *frames)
    labels = save_table("labels.xlsx", *rows, **sheets)
    dataset = next(iter(read_long_annotations(labels).values())).dataset
    row = {"id": "q1", "dataset": dataset, "image_id": clip, "question": QUESTION, "answer": "1"}
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(row) + "\n")
    parser = argparse.ArgumentParser()
    check_command.configure(parser)
    words = [str(file), "--media", str(media), "--annotations", str(labels)]
    assert check_command.run(parser.parse_args(words)) == 0
    printed = capsys.readouterr().out
    assert f"1 of 1 videos have events: {kinds}" in printed and f"1 at {fps} fps" in printed
    work = plan([file], media, annotations=labels)
    assert work.clips[clip].media == media / folder
    # What coders wrote about a long video is asked for, never given away.
    assert work.clips[clip].annotation is None and work.clips[clip].subject is not None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-1, 60), st.integers(-1, 60), st.integers(-1, 60), st.sampled_from(["Micro - 1/2", "Macro"])
        ),
        min_size=1,
        max_size=10,
    )
)
def test_events_come_out_in_the_order_of_time_and_run_forwards(save_table, rows):
    cells = [("006", "006_1_2", 1, onset, apex, offset, 0, kind, "4", None) for onset, apex, offset, kind in rows]
    path = save_table("lv.xlsx", LV_HEADER, *cells)
    video = read_long_annotations(path)["006_1"]
    coded = [[f for f in (e.onset, e.apex, e.offset) if f is not None] for e in video.events]
    assert all(frames == sorted(frames) and all(0 <= frame < 60 for frame in frames) for frames in coded)
    starts = [frames[0] for frames in coded if frames]
    assert starts == sorted(starts) and all(coded[: len(starts)])
    # Nothing is lost without a word.
    twice = sum("counted once" in note for note in video.notes)
    assert len(video.events) + len(video.errors) + twice == len(rows)
    assert len(video.lines) == len(video.names) == len(video.events)


def test_an_official_file_of_long_videos_is_needed(tmp_path: Path, save_table):
    labels = save_table("labels.xlsx", ("onset", "offset"), (1, 2))
    with pytest.raises(Exception, match="columns seen: onset, offset; closest: our own columns, which needs clip"):
        read_long_annotations(labels)

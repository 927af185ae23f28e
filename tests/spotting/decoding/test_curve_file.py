"""Tables of scores, one row a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mevqa.errors import InputError
from mevqa.spotting.decoding import ScoreCurve, read_curves


def read(folder: Path, *rows: str, header: str = "video,frame,score") -> list[ScoreCurve]:
    path = folder / "curves.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_curves(path)


def messages(folder: Path, *rows: str, header: str = "video,frame,score") -> list[str]:
    with pytest.raises(InputError) as error:
        read(folder, *rows, header=header)
    return [str(problem).removeprefix(f"{folder}/") for problem in error.value.problems]


def test_rows_in_any_order(tmp_path):
    first, second = read(tmp_path, "b,7,0.2", "a,0,0.5", "b,0,0.1", "b,14,.3")
    assert (first.video, first.frames.tolist(), first.scores.tolist()) == ("b", [0, 7, 14], [0.1, 0.2, 0.3])
    assert (first.step, first.subject, first.line, first.missing) == (7, None, 2, 0)
    assert (second.video, second.step, second.line) == ("a", 1, 3)


def test_other_headings_subjects_and_signs(tmp_path):
    (curve,) = read(tmp_path, "s1;a;1;0,25", "s1;a;2;1e-3", header="Subject;Video Name;Frame_Index;Probability")
    assert (curve.subject, curve.video, curve.scores.tolist()) == ("s1", "a", [0.25, 0.001])


def test_frames_that_are_left_out(tmp_path):
    rows = [f"a,{frame},{score}" for frame, score in [(0, 0.2), (1, 0.4), (3, 0.8), (4, 0.6), (10, 0.6), (11, 0.6)]]
    (curve,) = read(tmp_path, *rows)
    assert curve.frames.tolist() == list(range(12))
    assert curve.missing == 6
    np.testing.assert_allclose(curve.scores, [0.2, 0.4, 0.6, 0.8, 0.6, *[0.2] * 5, 0.6, 0.6])


def test_every_mistake_at_once(tmp_path):
    assert messages(
        tmp_path, ",0,1", "a,x,1", "a,-1,1", "a,1.5,1", "a,1,", "a,2,nan", "a,3,inf", "a,4,0,5", "a,5,0.5,"
    ) == [
        "curves.csv:2: names no video",
        "curves.csv:3: the frame must be a whole number from 0, not 'x'",
        "curves.csv:4: the frame must be a whole number from 0, not '-1'",
        "curves.csv:5: the frame must be a whole number from 0, not '1.5'",
        "curves.csv:6: the score must be a number, not ''",
        "curves.csv:7: the score must be a number, not 'nan'",
        "curves.csv:8: the score must be a number, not 'inf'",
        "curves.csv:9: has 4 cells, the header 3: quote cells with commas, or write 0.5",
    ]


def test_a_frame_that_no_number_of_a_frame_can_be(tmp_path):
    assert messages(tmp_path, "a,1e30,.2", "a,1,.2", "b,99999999999999999999,1") == [
        "curves.csv:2: the frame '1e30' is too large for a frame number",
        "curves.csv:4: the frame '99999999999999999999' is too large for a frame number",
    ]


def test_frames_that_make_no_curve(tmp_path):
    assert messages(tmp_path, "a,1,0", "a,2,0", "a,1,0", "b,0,0", "b,2,0", "b,4,0", "b,5,0", "c,0,0", "c,1,0", "c,2,0",
                    "c,900,0") == [
        "curves.csv:4: frame 1 of the video 'a' stands in line 2 too",
        "curves.csv:8: frame 5 of the video 'b' follows frame 4, others follow by 2: scores must be evenly spaced",
        "curves.csv:12: the video 'c' has 4 rows for the frames 0 to 900: are these frame numbers?",
    ]  # fmt: skip


def test_two_subjects_of_one_video(tmp_path):
    assert messages(tmp_path, "s1,a,0,0", "s2,a,1,0", header="subject,video,frame,score") == [
        "curves.csv:3: the video 'a' is of subject s2 here and of s1 before"
    ]


def test_no_table_of_scores(tmp_path):
    (message,) = messages(tmp_path, "a,1,9", header="video,onset,offset")
    assert "columns seen: video, onset, offset; closest: score curves, which needs frame, score" in message
    assert messages(tmp_path) == ["curves.csv:1: has columns and no rows"]
    (message,) = messages(tmp_path, header="")
    assert "is empty" in message

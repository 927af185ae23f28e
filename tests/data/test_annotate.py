"""Annotations that a coder saves one clip at a time."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mevqa
from mevqa.data.annotate import save_annotation
from mevqa.data.annotations import read_annotations, write_annotations
from mevqa.data.label_types import COLUMNS, ClipLabels
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.facs import ActionUnit, parse_units

CODED = Event(12, 40, 75, parse_units("L4+7"), "disgust", "negative")


def refused(path: Path, *args, **options) -> list[str]:
    with pytest.raises(InputError) as caught:
        save_annotation(path, *args, **options)
    return [str(problem) for problem in caught.value.problems]


def test_what_is_saved_is_read_again(tmp_path):
    path = tmp_path / "labels.csv"
    assert not save_annotation(path, "clip_1", CODED, subject="s01", dataset="CASME II", fps=200, coder="Ada")
    assert read_annotations(path) == {
        "clip_1": ClipLabels("clip_1", "casme2", "s01", 200.0, (CODED,), (2,), coders=("Ada",))
    }


def test_classes_are_saved_in_their_canonical_spelling_and_the_fine_one_tells_the_coarse_one(tmp_path):
    path = tmp_path / "labels.csv"
    save_annotation(path, "a", Event(fine="Happy"), subject="s1")
    assert read_annotations(path)["a"].annotation == Event(fine="happiness", coarse="positive")


def test_saving_a_clip_again_replaces_its_rows_and_leaves_the_others(tmp_path):
    path = tmp_path / "labels.csv"
    others = {name: ClipLabels(name, "samm", "s9", 200.0, (CODED, Event(90, 95, 99, kind="macro"))) for name in "bc"}
    write_annotations(path, {"B": ClipLabels("clip_007", "unknown", "s01", 25.0, (CODED,)), **others})
    before = read_annotations(path)
    assert save_annotation(path, "Clip_7.mp4", Event(13, 41, 75, (ActionUnit(12),)), subject="1", fps=25)
    after = read_annotations(path)
    assert list(after) == ["clip_007", "b", "c"]
    assert after["clip_007"].events == (Event(13, 41, 75, (ActionUnit(12),)),)
    assert [after[name] for name in "bc"] == [before[name] for name in "bc"]


def test_events_of_a_long_video_are_saved_in_the_order_of_time(tmp_path):
    path = tmp_path / "labels.csv"
    first, second = Event(10, 14, 18), Event(50, 70, 90, kind="macro")
    save_annotation(path, "v", [second, first], subject="s1", fps=30)
    save_annotation(path, "calm", [], subject="s1", coder="Ada")
    labels = read_annotations(path)
    assert labels["v"].events == (first, second)
    assert labels.videos["calm"].events == () and labels["calm"].coders == ("Ada",)


def test_a_table_has_a_column_of_coders_only_where_one_is_named(tmp_path):
    path = tmp_path / "labels.csv"
    save_annotation(path, "a", CODED, subject="s1")
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS[:-1])
    save_annotation(path, "b", CODED, subject="s1", coder="  =Ada \n Lovelace ")
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["coder"] for row in csv.DictReader(file)] == ["", "'=Ada Lovelace"]
    assert [labels.coders for labels in read_annotations(path).values()] == [(), ("=Ada Lovelace",)]


def test_all_problems_are_reported_together_and_nothing_is_written(tmp_path):
    path = tmp_path / "labels.csv"
    events = [Event(12, 9, 75, fine="disgust", coarse="positive"), Event(kind=None), Event(fine="confused"), Event(-1)]
    problems = refused(path, " ", events, subject="", dataset="casme9", fps=0, frames=60)
    expected = [
        "clip: is empty",
        "subject: is empty; say who is seen",
        "fps: must be a positive number, not 0",
        "dataset: ",
        "event 1: offset 75 is not in the video, whose frames are 0 to 59",
        "event 1: onset 12, apex 9, offset 75: not in this order",
        "event 1: the fine class 'disgust' is negative, not positive",
        "event 2: says nothing",
        "event 2: kind must be micro or macro, not None",
        "event 3: 'confused' is not an emotion class",
        "event 4: onset must be a frame from 0, not -1",
    ]
    assert len(problems) == len(expected), problems
    for line, beginning in zip(problems, expected, strict=True):
        assert line.startswith(beginning), line
    assert not path.exists()


@pytest.mark.parametrize("frame", [float("nan"), float("inf"), float("-inf"), 1.5, "x", True])
def test_moments_that_are_no_frames_are_one_line(tmp_path, frame):
    path = tmp_path / "labels.csv"
    assert refused(path, "a", Event(frame, 5, None), subject="s1") == [
        f"event: onset must be a frame from 0, not {frame!r}"
    ]
    assert refused(path, "a", Event(3), subject="s1", fps="fast", frames=float("nan")) == [
        "fps: must be a positive number, not fast",
        "frames: must be the number of frames of the video, not nan",
    ]
    assert not path.exists()


def test_another_file_is_left_as_it_is(tmp_path):
    official = tmp_path / "official.csv"
    official.write_text("Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion\n"
                        "1,EP02,1,5,9,4,disgust\n", encoding="utf-8")  # fmt: skip
    titled = tmp_path / "titled.csv"
    titled.write_text("Coded in June\nclip,onset\na,3\n", encoding="utf-8")
    broken = tmp_path / "broken.csv"
    broken.write_text("clip,onset\na,x\n", encoding="utf-8")
    for path, message in (
        (official, "a data set's own label file"),
        (titled, "lines above its header"),
        (broken, "onset must be a number"),
        (tmp_path / "labels.xlsx", "ends in .csv"),
    ):
        before = path.read_bytes() if path.exists() else None
        (line,) = refused(path, "a", CODED, subject="s1")
        assert message in line
        assert (path.read_bytes() if path.exists() else None) == before


def test_a_clip_of_the_same_name_of_another_person_is_not_overwritten(tmp_path):
    path = tmp_path / "labels.csv"
    save_annotation(path, "clip", CODED, subject="s01")
    (line,) = refused(path, "clip", CODED, subject="s02")
    assert line.startswith(f"{path}:2: tells of a clip 'clip' of the subject 's01', not 's02'")


def test_several_coders_may_save_at_once(tmp_path):
    path = tmp_path / "labels.csv"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: save_annotation(path, f"c{number}", CODED, subject="s1"), range(12)))
    assert len(read_annotations(path)) == 12
    assert [file.name for file in tmp_path.iterdir()] == ["labels.csv"]


def test_save_annotation_is_public():
    assert mevqa.save_annotation is save_annotation

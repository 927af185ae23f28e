"""Labels of the clips that are found: whose, which moments, and in which frames of the media."""

from __future__ import annotations

import pytest
from clip_search import LONG, ask, media_path, messages, video

from mevqa.data.label_types import ClipLabels, LabelFile
from mevqa.data.media import find_clips
from mevqa.datasets.label_layout import Numbering
from mevqa.events import Event
from mevqa.video.reading.key_frames import APEX_OUTSIDE

CASME2_ROW = {"events": (Event(20, 30, 46),), "lines": (2,), "numbering": Numbering(first=1, video=True)}


def test_labels_give_subject_fps_and_annotation(tmp_path):
    video(tmp_path / "a.mp4")
    event = Event(1, 2, 3)
    labels = {"a": ClipLabels("a", "synthetic", "s1", 50.0, (event,), (2,))}
    clip = find_clips([ask("a")], tmp_path, labels)["a"]
    assert (clip.dataset, clip.subject, clip.fps, clip.annotation) == ("synthetic", "s1", 50.0, event)
    assert find_clips([ask("a", subject="other")], tmp_path, labels)["a"].subject == "other"


def test_labels_are_placed_in_the_frames(tmp_path, save_frames):
    save_frames(tmp_path / "006" / "006_1_2", *(f"006_{n:05d}.jpg" for n in range(5562, 5570)))
    labels = {
        "006_1_2": ClipLabels(
            "006_1_2", "samm", "6", 200.0, (Event(5561, 5563, 5568),), (15,), Numbering(first=1, video=False)
        )
    }
    clip = find_clips([ask("006_1_2", "samm")], tmp_path, labels)["006_1_2"]
    assert clip.annotation == Event(0, 2, 7)
    labels["006_1_2"] = ClipLabels(
        "006_1_2", "samm", "6", 200.0, (Event(1, 2, 3),), (15,), Numbering(first=1, video=False)
    )
    (message,) = messages([ask("006_1_2", "samm")], tmp_path, labels)
    assert "names onset 2, apex 3, offset 4" in message


def test_frame_numbers_mean_nothing_without_media(tmp_path, save_frames):
    maps = save_frames(tmp_path / "maps", "a.png")
    labels = {
        "a": ClipLabels(
            "a", events=(Event(1, 2, 3, fine="fear"),), lines=(2,), numbering=Numbering(first=1, video=True)
        )
    }
    clip = find_clips([ask("a")], None, labels, {"motion": maps})["a"]
    assert clip.annotation == Event(fine="fear")


def test_problems_of_labels(tmp_path):
    for name in ("a", "b", "c"):
        video(tmp_path / f"{name}.mp4")
    labels = {"b": ClipLabels("b", events=(Event(1), Event(2)), lines=(4, 5))}
    assert messages([ask("a"), ask("b")], tmp_path, labels) == [
        "clip a: is not in the annotations; add a row (one without onset, apex and offset is localised)",
        "clip b: has several events in the annotations (rows 4, 5); a short clip has one",
    ]
    broken = {"c": ClipLabels("c", errors=("row 3 of its label file: onset must be a frame number, not 'x'",))}
    assert messages([ask("c")], tmp_path, broken) == [f"clip c: {broken['c'].errors[0]}"]
    (message,) = messages([ask("c", subject="1"), ask("c", subject="2")], tmp_path)
    assert message == "clip c: its questions name several subjects: 1, 2"


@pytest.mark.parametrize("events", [1, 3])
def test_events_of_long_videos_are_never_given_away(tmp_path, events):
    video(tmp_path / "a.mp4")
    labels = {"a": ClipLabels("a", "samm", events=(Event(1, 2, 3),) * events, lines=(2,) * events)}
    questions = [ask("a", text="How many expression events appear in this video?"), ask("a", text="Why?")]
    assert {question.type for question in questions} == {"count_all", "open"}
    assert find_clips(questions, tmp_path, labels)["a"].annotation is None


def test_a_suffix_in_the_annotations_or_in_the_question_is_no_part_of_the_name(tmp_path, save_frames):
    file = LabelFile({"a.mp4": ClipLabels("a.mp4", subject="s1"), "b": ClipLabels("b"), "c_1.5": ClipLabels("c_1.5")})
    for name, found_as in (("a", "a.mp4"), ("A.AVI", "a.mp4"), ("b.jpg", "b"), ("c_1.5", "c_1.5")):
        for long in (False, True):
            assert file.find(name, long=long) is (file.videos if long else file)[found_as]
    assert file.find("c_1", long=False) is None
    folder = save_frames(tmp_path / "b", "1.png", "2.png")
    assert media_path(tmp_path, "b.mp4") == folder


def test_a_long_video_without_rows_has_no_events_in_an_official_file_only(tmp_path):
    for name in ("a", "b", "c"):
        video(tmp_path / f"{name}.mp4")
    labels = {"a": ClipLabels("a", "samm", "6", 200.0)}
    questions = [ask("a", text=LONG), ask("b", text=LONG)]
    assert list(find_clips(questions, tmp_path, LabelFile(labels, labels, official=True))) == ["a", "b"]
    assert messages(questions, tmp_path, labels) == [
        "clip b: is not in the annotations; add a row (one that only names it: nothing happens in it)"
    ]
    assert "is not in the annotations" in messages([ask("c")], tmp_path, LabelFile(labels, labels, official=True))[0]


def test_labels_tell_the_data_set_whose_folders_are_searched(tmp_path, save_frames):
    save_frames(tmp_path / "rawpic" / "s15" / "15_0101disgustingteeth", "img1.jpg")
    labels = {"15_0101disgustingteeth": ClipLabels("15_0101", "cas(me)^2", "s15", 30.0)}
    clip = find_clips([ask("15_0101disgustingteeth", text=LONG)], tmp_path, labels)["15_0101disgustingteeth"]
    assert (clip.dataset, clip.subject, clip.fps) == ("cas(me)^2", "s15", 30.0) and clip.media is not None


def test_pictures_and_labels_of_other_clips_are_one_line_each(tmp_path, save_frames):
    maps = save_frames(tmp_path / "maps", "x.png")
    questions = [ask(f"c{n}") for n in range(9)]
    assert messages(questions, None, pictures={"motion": maps}) == [
        f"clips: 9 of 9 clips have no motion picture in {maps}: no picture is named for them (c0, c1, c2, ...)"
    ]
    for n in range(9):
        video(tmp_path / "media" / f"c{n}.mp4")
    (message,) = messages(questions, tmp_path / "media", {"x1": ClipLabels("x1"), "x2": ClipLabels("x2")})
    assert message.startswith("clips: 9 of 9 clips are not in the annotations, which name other clips (x1, x2)")


def test_a_label_file_of_another_data_set_is_named(tmp_path, save_frames):
    save_frames(tmp_path / "S01-07-001", *(f"{n}.jpg" for n in range(1, 66)))
    labels = LabelFile({"sub01_S01-07-001": ClipLabels("sub01_S01-07-001", "casme2", **CASME2_ROW)}, {}, official=True)
    first = messages([ask("S01-07-001", "mmew")], tmp_path, labels)[0]
    assert "asks about clips of mmew (S01-07-001), but the annotations were read as the label file of casme2" in first
    assert "asks about clips" in messages([ask("sub01_S01-07-001", "mmew")], tmp_path, labels)[0]
    save_frames(tmp_path / "sub01" / "S01-07-001", *(f"{n}.jpg" for n in range(1, 66)))
    assert list(find_clips([ask("sub01_S01-07-001", "casme2")], tmp_path, labels)) == ["sub01_S01-07-001"]


def test_frames_from_zero_contradict_labels_from_one(tmp_path, save_frames):
    labels = {"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **CASME2_ROW)}
    folder = save_frames(tmp_path / "sub01" / "EP02_01", *(f"frame_{n:04d}.jpg" for n in range(65)))
    (message,) = messages([ask("sub01_EP02_01", "casme2")], tmp_path, labels)
    assert "holds a frame 0 (frame_0000.jpg), but the frames of the label file count from 1" in message
    (folder / "frame_0000.jpg").unlink()
    clip = find_clips([ask("sub01_EP02_01", "casme2")], tmp_path, labels)["sub01_EP02_01"]
    assert clip.annotation == Event(20, 30, 46)


@pytest.mark.parametrize("pattern", ["img{0}_224.jpg", "2_img{0}.jpg", "img{0}_0.5x.jpg"])
def test_labels_find_frames_with_other_numbers_in_their_names(tmp_path, save_frames, pattern):
    labels = {"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **CASME2_ROW)}
    save_frames(tmp_path / "sub01" / "EP02_01", *(pattern.format(n) for n in range(1, 66)))
    clip = find_clips([ask("sub01_EP02_01", "casme2")], tmp_path, labels)["sub01_EP02_01"]
    assert clip.annotation == Event(20, 30, 46)


@pytest.mark.parametrize(
    ("names", "annotation"),
    [
        (("onset.jpg", "apex.jpg", "offset.jpg"), Event()),
        # The coded onset and apex and nothing else; a lone apex with other frames missing is no such pair.
        (("img21.jpg", "img31.jpg"), Event(0, 1)),
    ],
)
def test_folders_of_key_frames_go_with_a_label_file(tmp_path, save_frames, names, annotation):
    labels = {"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **CASME2_ROW)}
    save_frames(tmp_path / "sub01" / "EP02_01", *names)
    clip = find_clips([ask("sub01_EP02_01", "casme2")], tmp_path, labels)["sub01_EP02_01"]
    assert clip.annotation == annotation


def test_a_folder_of_the_interval_counted_anew_says_so(tmp_path, save_frames):
    labels = {"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **CASME2_ROW)}
    save_frames(tmp_path / "sub01" / "EP02_01", *(f"{n}.jpg" for n in range(1, 28)))
    (message,) = messages([ask("sub01_EP02_01", "casme2")], tmp_path, labels)
    assert "names apex 31, offset 47" in message
    assert message.endswith(
        "holds frames 1 to 27, as many as the coded interval: if they were numbered anew, say --numbers interval"
    )


@pytest.mark.parametrize(
    ("numbers", "first", "count"), [("recording", 0, 65), ("interval", 0, 27), ("interval", 1, 27)]
)
def test_folders_numbered_anew_are_placed_as_the_user_says(tmp_path, save_frames, numbers, first, count):
    labels = LabelFile({"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **CASME2_ROW)}).counted(numbers)
    save_frames(tmp_path / "sub01" / "EP02_01", *(f"f_{n}.jpg" for n in range(first, first + count)))
    clip = find_clips([ask("sub01_EP02_01", "casme2")], tmp_path, labels)["sub01_EP02_01"]
    assert clip.annotation == (Event(20, 30, 46) if numbers == "recording" else Event(0, 10, 26))
    # Frames of our own CSV are indices in any case.
    indexed = LabelFile({"a": ClipLabels("a", events=(Event(1, 2, 3),), lines=(2,))}).counted(numbers)
    assert indexed["a"].numbering is None


def test_an_apex_outside_its_interval_need_not_be_in_the_folder(tmp_path, save_frames):
    outside = {**CASME2_ROW, "events": (Event(20, 60, 46),)}
    labels = {"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **outside)}
    save_frames(tmp_path / "sub01" / "EP02_01", *(f"reg_img{n}.jpg" for n in range(21, 48)))
    clip = find_clips([ask("sub01_EP02_01", "casme2")], tmp_path, labels)["sub01_EP02_01"]
    assert (clip.annotation, clip.warnings) == (Event(0, None, 26), (APEX_OUTSIDE,))

"""Finding media, labels and pictures of clips."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mevqa.data.label_types import ClipLabels, LabelFile
from mevqa.data.layouts import MediaFolder, links_followed
from mevqa.data.media import find_clips, labels_of, search_clips
from mevqa.datasets import dataset as find_dataset
from mevqa.datasets.label_layout import Numbering
from mevqa.errors import InputError
from mevqa.events import Event
from mevqa.questions.question_types import parse_question
from mevqa.types import Question
from mevqa.video.reading.key_frames import APEX_OUTSIDE


def ask(
    clip: str, dataset: str = "unknown", text: str = "What is the coarse expression class?", **more: object
) -> Question:
    return Question(f"{clip}-{len(text)}", clip, text, parse_question(text).type, dataset=dataset, **more)  # type: ignore[arg-type]


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def found(root: Path, clip: str, dataset: str = "unknown") -> Path | None:
    return find_clips([ask(clip, dataset)], root)[clip].media


def messages(*args: object, **more: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        find_clips(*args, **more)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "place", ["CAS-1.mp4", "CAS-1.AVI", "clips/CAS-1.mkv", "casme3/CAS-1.mov", "cas-1.mp4", "Clips/cas-1.MP4"]
)
def test_videos_by_name(tmp_path, place):
    path = video(tmp_path / place)
    assert found(tmp_path, "CAS-1", "casme3") == path


def test_the_exact_case_wins(tmp_path):
    path = video(tmp_path / "J.mp4")
    video(tmp_path / "j.mp4")
    assert found(tmp_path, "J") == path


@pytest.mark.parametrize(
    ("place", "clip"),
    [
        ("Zoe\u0308_1.mp4", "Zo\u00eb_1"),
        ("Zo\u00eb_1.mp4", "Zoe\u0308_01"),
        ("S1_ne_1.mp4", "s01_ne_01"),
        ("006/006_1_2.avi", "6/6_1_2"),
        ("7.mp4", "7.0"),
        ("\uff21\uff11.mp4", "a1"),
    ],
)
def test_spellings_of_a_name(tmp_path, place, clip):
    path = video(tmp_path / place)
    assert found(tmp_path, clip) == path
    (tmp_path / "pictures").mkdir()
    if "/" not in place:
        picture = video(tmp_path / "pictures" / Path(place).with_suffix(".png").name)
        assert MediaFolder(tmp_path / "pictures").pictures(clip) == [picture]


def test_names_that_may_be_two_files(tmp_path):
    one, other = video(tmp_path / "clip_1.mp4"), video(tmp_path / "clip_01.mp4")
    assert found(tmp_path, "clip_1") == one and found(tmp_path, "CLIP_01") == other
    (message,) = messages([ask("clip_001")], tmp_path)
    assert "has several media" in message and "clip_1.mp4" in message and "clip_01.mp4" in message


def test_an_id_with_a_suffix_and_an_id_with_folders(tmp_path):
    path = video(tmp_path / "a.mp4")
    assert found(tmp_path, "a.mp4") == path
    path = video(tmp_path / "deep" / "er" / "b.mp4")
    assert found(tmp_path, "deep/er/b") == path


@pytest.mark.parametrize(
    ("clip", "dataset", "folder"),
    [
        ("CAS-1", "casme3", "CAS-1"),
        ("SAMM-1", "samm", "clips/SAMM-1"),
        ("sub01_EP02_01f", "casme2", "sub01/EP02_01f"),
        ("sub01_EP02_01f", "casme2", "CASME2-RAW/sub01/EP02_01f"),
        ("sub01_EP02_01f", "casme2", "cropped/SUB01/ep02_01F"),
        ("006_1_2", "samm", "006/006_1_2"),
        ("006_1_2", "samm", "SAMM/006/006_1_2"),
        ("s03_sur_02", "smic", "s03/s03_sur_02"),
        ("s03_sur_02", "smic", "HS/s3/micro/surprise/s3_sur_02"),
        ("s13_po_10", "smic", "SMIC_all_raw/HS/s13/micro/positive/s13_po_10"),
        ("spNO.1_a_160", "casme3", "Part_A_ME_clip/frame/spNo.1_a_160"),
        ("dzw_a1", "casme3", "dzw_a1/color"),
        ("dzw_a1", "casme3", "dzw/a1/color"),
        ("spNO.1_a", "casme3", "part_A/spNO.1/a/color"),
        ("spNO.1_j", "casme3", "spNO.1/J/color"),
        ("spNO.1/a", "casme3", "part_A/data/part_A/spNO.1/a/color"),
        ("01_a", "casme3", "part_C/01/a/color"),
        ("15_0101disgustingteeth", "cas(me)^2", "rawpic/s15/15_0101disgustingteeth"),
        ("15_0101", "casme_sq", "rawpic/s15/15_0101disgustingteeth"),
        ("s15/15_0101disgustingteeth", "cas(me)2", "s15/15_0101disgustingteeth"),
        ("23_0502funnyerrors", "cas(me)^2", "rawpic/s19/23_0502funnyerrors"),
        ("006_1", "samm", "SAMM_longvideos/006_1"),
        ("s01_ne_01", "smic", "HS_long/SMIC-HS-E/s01/s1_ne_01"),
        ("s01_ne_01", "smic", "HS_long/SMIC-HS-E/HS/s01/s01_ne_01"),
        ("rec_20230101_107", "mmme", "p01/rec_20230101_107"),
    ],
)
def test_layouts_of_the_data_sets(tmp_path, save_frames, clip, dataset, folder):
    path = save_frames(tmp_path / folder, "img1.jpg", "img2.jpg")
    clip = find_clips([ask(clip, dataset)], tmp_path)[clip]
    assert clip.media is not None and clip.media.samefile(path)
    assert clip.fps == find_dataset(dataset).fps


def test_video_files_tell_their_frame_rate(tmp_path):
    video(tmp_path / "CAS-1.mp4")
    assert find_clips([ask("CAS-1", "casme3")], tmp_path)["CAS-1"].fps is None


def test_missing_media_are_listed_together(tmp_path, save_frames):
    save_frames(tmp_path / "b", "1.jpg")
    (tmp_path / "c").mkdir()
    (tmp_path / "d.txt").touch()
    search = search_clips(
        [ask("a", line=3), ask("a", line=4), ask("b"), ask("c", line=7), ask("d", line=9)],
        tmp_path,
        question_file=Path("q"),
    )
    assert list(search.clips) == ["b"]
    assert [str(problem) for problem in search.problems] == [
        f"q:3: clip a: has no media in {tmp_path}: no video and no folder of frames of that name",
        f"q:7: clip c: the folder c in {tmp_path} holds no frames",
        f"q:9: clip d: has no media in {tmp_path}: no video and no folder of frames of that name",
    ]


def test_ambiguous_media(tmp_path, save_frames):
    save_frames(tmp_path / "a", "1.jpg")
    video(tmp_path / "a.mp4")
    (message,) = messages([ask("a")], tmp_path)
    assert "has several media" in message and "a, a.mp4" in message


@pytest.mark.parametrize("clip", ["../a", "/a", "x/../../a", "..\\a", "C:/a"])
def test_ids_cannot_leave_the_folder(tmp_path, clip):
    root = tmp_path / "root"
    root.mkdir()
    video(tmp_path / "a.mp4")
    (message,) = messages([ask(clip)], root)
    assert "leads out of the media folder" in message


@given(st.text("ab*?[]{}.()|$ /\\\0", min_size=1, max_size=8))
@example("*")
@example("?a")
@example("[a]a")
@example("{clip}")
@example(" aa")
def test_signs_in_ids_are_no_wild_cards(tmp_path_factory, clip):
    root = tmp_path_factory.mktemp("m") / "root"
    video(root / "aa.mp4")
    video(root.parent / "b.mp4")
    search = search_clips([ask(clip, "smic")], root)
    is_the_clip = clip.strip() == "aa"  # Spaces around a name are read over.
    assert list(search.clips) == ([clip] if is_the_clip else [])
    assert len(search.problems) == (not is_the_clip)


def test_missing_folders(tmp_path):
    file = video(tmp_path / "file")
    assert messages([ask("a")], tmp_path / "no") == [f"{tmp_path / 'no'}: the folder of the media does not exist"]
    assert messages([ask("a")], file) == [f"{file}: the folder of the media is a file, not a folder"]
    said = "media: neither a folder of media nor ready-made pictures are given; --media says where the clips are"
    assert messages([ask("a")], None) == [said]


def test_pictures_alone_and_beside_media(tmp_path, save_frames):
    maps = save_frames(tmp_path / "maps", "a.png", "B.png")
    clips = find_clips([ask("a"), ask("b")], None, pictures={"flow": maps})
    assert clips["a"].media is None and dict(clips["a"].pictures) == {"motion": maps / "a.png"}
    assert dict(clips["b"].pictures) == {"motion": maps / "B.png"}
    media = tmp_path / "media"
    path = video(media / "a.mp4")
    clips = find_clips([ask("a"), ask("b")], media, pictures={"motion": maps})
    assert (clips["a"].media, clips["b"].media) == (path, None)
    assert messages([ask("c")], None, pictures={"motion": maps}) == [f"clip c: has no motion picture c.png in {maps}"]


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


def test_the_beginning_of_a_name_finds_videos_and_nothing_else(tmp_path):
    path = video(tmp_path / "rawvideo" / "s15" / "15_0101disgustingteeth.avi")
    (path.parent / "15_0101notes.txt").touch()
    assert found(tmp_path, "15_0101", "cas(me)^2") == path
    video(path.parent / "15_0101again.avi")
    (message,) = messages([ask("15_0101", "cas(me)^2")], tmp_path)
    assert "has several media" in message


LONG = "How many expression events appear in this video?"


def test_what_is_asked_decides_between_the_clip_and_its_long_video():
    short = {"x_a_5": ClipLabels("x_a_5", events=(Event(5, 6, 7),), lines=(2,))}
    video = ClipLabels("x_a", events=(Event(5, 6, 7), Event(9, 9, 9)), lines=(2, 3), names=("x", "x"))
    file = LabelFile(short, {"x_a": video}, str.casefold, official=True)
    asked = [ask("x_a_5"), ask("X_A", text=LONG), ask("none", text=LONG)]
    assert labels_of(asked, file) == {"x_a_5": short["x_a_5"], "X_A": video}
    assert labels_of([ask("x_a")], file) == {"x_a": video}


def test_a_suffix_in_the_annotations_or_in_the_question_is_no_part_of_the_name(tmp_path, save_frames):
    file = LabelFile({"a.mp4": ClipLabels("a.mp4", subject="s1"), "b": ClipLabels("b"), "c_1.5": ClipLabels("c_1.5")})
    for name, found_as in (("a", "a.mp4"), ("A.AVI", "a.mp4"), ("b.jpg", "b"), ("c_1.5", "c_1.5")):
        for long in (False, True):
            assert file.find(name, long=long) is (file.videos if long else file)[found_as]
    assert file.find("c_1", long=False) is None
    folder = save_frames(tmp_path / "b", "1.png", "2.png")
    assert found(tmp_path, "b.mp4") == folder


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


def test_each_folder_is_listed_once(tmp_path, monkeypatch):
    for name in "abc":
        video(tmp_path / f"{name}.mp4")
    listed = []
    iterdir = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: listed.append(self) or iterdir(self))
    folder = MediaFolder(tmp_path)
    for name in "abc":
        assert folder.candidates(name, "casme2") == ([tmp_path / f"{name}.mp4"], [])
    assert listed.count(tmp_path) == 1


def test_a_wrong_folder_of_media_is_one_line_with_three_examples(tmp_path, save_frames):
    save_frames(tmp_path / "other", "1.png")
    search = search_clips([ask(f"c{n}", line=n) for n in range(1, 9)], tmp_path, question_file=Path("q"))
    assert [str(problem) for problem in search.problems] == [
        f"q:1: 8 of 8 clips have no media in {tmp_path}: no video and no folder of frames of their names; "
        "it holds other (c1, c2, c3, ...)"
    ]
    # Two clips are all there are; of five, two that are missing are named.
    assert len(search_clips([ask("c1"), ask("c2")], tmp_path).problems) == 1
    for name in ("c1", "c2", "c3"):
        save_frames(tmp_path / name, "1.png")
    assert len(search_clips([ask(f"c{n}") for n in range(1, 6)], tmp_path).problems) == 2


def test_pictures_and_labels_of_other_clips_are_one_line_each(tmp_path, save_frames):
    maps = save_frames(tmp_path / "maps", "x.png")
    asked = [ask(f"c{n}") for n in range(9)]
    assert messages(asked, None, pictures={"motion": maps}) == [
        f"clips: 9 of 9 clips have no motion picture in {maps}: no picture is named for them (c0, c1, c2, ...)"
    ]
    for n in range(9):
        video(tmp_path / "media" / f"c{n}.mp4")
    (message,) = messages(asked, tmp_path / "media", {"x1": ClipLabels("x1"), "x2": ClipLabels("x2")})
    assert message.startswith("clips: 9 of 9 clips are not in the annotations, which name other clips (x1, x2)")


CASME2_ROW = {"events": (Event(20, 30, 46),), "lines": (2,), "numbering": Numbering(first=1, video=True)}


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
    own = LabelFile({"a": ClipLabels("a", events=(Event(1, 2, 3),), lines=(2,))}).counted(numbers)
    assert own["a"].numbering is None


def test_an_apex_outside_its_interval_need_not_be_in_the_folder(tmp_path, save_frames):
    outside = {**CASME2_ROW, "events": (Event(20, 60, 46),)}
    labels = {"sub01_EP02_01": ClipLabels("sub01_EP02_01", "casme2", **outside)}
    save_frames(tmp_path / "sub01" / "EP02_01", *(f"reg_img{n}.jpg" for n in range(21, 48)))
    clip = find_clips([ask("sub01_EP02_01", "casme2")], tmp_path, labels)["sub01_EP02_01"]
    assert (clip.annotation, clip.warnings) == (Event(0, None, 26), (APEX_OUTSIDE,))


def test_links_may_lead_out_of_the_media_folder_only_where_that_is_allowed(tmp_path):
    outside = video(tmp_path / "outside" / "b.mp4")
    root = tmp_path / "media"
    video(root / "a.mp4")
    video(root / "frames" / "0.png")
    (root / "inner.mp4").symlink_to(root / "a.mp4")
    (root / "b.mp4").symlink_to(outside)
    (root / "c").symlink_to(outside.parent)
    (root / "frames" / "1.png").symlink_to(outside)
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    assert found(linked, "a") == linked / "a.mp4"
    assert found(linked, "inner") == linked / "inner.mp4"
    for clip in ("b", "c/b", "frames"):
        assert "link that leads out" in messages([ask(clip)], linked)[0]
        with links_followed():
            assert found(linked, clip) is not None

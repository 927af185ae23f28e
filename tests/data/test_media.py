"""Finding media, labels and pictures of clips."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_search import LONG, ask, media_path, messages, video
from hypothesis import example, given
from hypothesis import strategies as st

from mevqa.data.label_types import ClipLabels, LabelFile
from mevqa.data.layouts import MediaFolder, links_followed
from mevqa.data.media import find_clips, labels_of, search_clips
from mevqa.datasets import dataset as find_dataset
from mevqa.events import Event


@pytest.mark.parametrize(
    "name", ["CAS-1.mp4", "CAS-1.AVI", "clips/CAS-1.mkv", "casme3/CAS-1.mov", "cas-1.mp4", "Clips/cas-1.MP4"]
)
def test_videos_by_name(tmp_path, name):
    path = video(tmp_path / name)
    assert media_path(tmp_path, "CAS-1", "casme3") == path


def test_the_exact_case_wins(tmp_path):
    path = video(tmp_path / "J.mp4")
    video(tmp_path / "j.mp4")
    assert media_path(tmp_path, "J") == path


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("Zoe\u0308_1.mp4", "Zo\u00eb_1"),
        ("Zo\u00eb_1.mp4", "Zoe\u0308_01"),
        ("S1_ne_1.mp4", "s01_ne_01"),
        ("006/006_1_2.avi", "6/6_1_2"),
        ("7.mp4", "7.0"),
        ("\uff21\uff11.mp4", "a1"),
    ],
)
def test_spellings_of_a_name(tmp_path, name, clip):
    path = video(tmp_path / name)
    assert media_path(tmp_path, clip) == path
    (tmp_path / "pictures").mkdir()
    if "/" not in name:
        picture = video(tmp_path / "pictures" / Path(name).with_suffix(".png").name)
        assert MediaFolder(tmp_path / "pictures").pictures(clip) == [picture]


def test_names_that_may_be_two_files(tmp_path):
    unpadded, padded = video(tmp_path / "clip_1.mp4"), video(tmp_path / "clip_01.mp4")
    assert media_path(tmp_path, "clip_1") == unpadded and media_path(tmp_path, "CLIP_01") == padded
    (message,) = messages([ask("clip_001")], tmp_path)
    assert "has several media" in message and "clip_1.mp4" in message and "clip_01.mp4" in message


def test_an_id_with_a_suffix_and_an_id_with_folders(tmp_path):
    path = video(tmp_path / "a.mp4")
    assert media_path(tmp_path, "a.mp4") == path
    path = video(tmp_path / "deep" / "er" / "b.mp4")
    assert media_path(tmp_path, "deep/er/b") == path


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
    message = "--media: says where the clips are, where no ready-made pictures of them are given"
    assert messages([ask("a")], None) == [message]


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


def test_the_beginning_of_a_name_finds_videos_and_nothing_else(tmp_path):
    path = video(tmp_path / "rawvideo" / "s15" / "15_0101disgustingteeth.avi")
    (path.parent / "15_0101notes.txt").touch()
    assert media_path(tmp_path, "15_0101", "cas(me)^2") == path
    video(path.parent / "15_0101again.avi")
    (message,) = messages([ask("15_0101", "cas(me)^2")], tmp_path)
    assert "has several media" in message


def test_what_is_asked_decides_between_the_clip_and_its_long_video():
    short = {"x_a_5": ClipLabels("x_a_5", events=(Event(5, 6, 7),), lines=(2,))}
    video = ClipLabels("x_a", events=(Event(5, 6, 7), Event(9, 9, 9)), lines=(2, 3), names=("x", "x"))
    file = LabelFile(short, {"x_a": video}, str.casefold, official=True)
    questions = [ask("x_a_5"), ask("X_A", text=LONG), ask("none", text=LONG)]
    assert labels_of(questions, file) == {"x_a_5": short["x_a_5"], "X_A": video}
    assert labels_of([ask("x_a")], file) == {"x_a": video}


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
    assert media_path(linked, "a") == linked / "a.mp4"
    assert media_path(linked, "inner") == linked / "inner.mp4"
    for clip in ("b", "c/b", "frames"):
        assert "link that leads out" in messages([ask(clip)], linked)[0]
        with links_followed():
            assert media_path(linked, clip) is not None

from __future__ import annotations

import pytest

from mevqa.errors import MediaError
from mevqa.video.reading.frame_files import frame_numbers, list_frames


def folder(tmp_path, *names):
    for name in names:
        (tmp_path / name).touch()
    return tmp_path


def order(listed):
    return [file.name for file in listed.files]


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("img{0}.jpg", (8, 9, 10)),
        ("reg_img{0}.jpg", (8, 9, 10)),
        ("006_{0:05d}.jpg", (8, 9, 10)),
        ("img{0}_224.jpg", (8, 9, 10)),
        ("2_img{0}.jpg", (8, 9, 10)),
        ("img{0}_0.5x.jpg", (8, 9, 10)),
        ("img{0}_640x480_q95.jpg", (8, 9, 10)),
        ("s1_{0}_e2_c3.png", (8, 9, 10)),
        ("IMG_20200101_{0:04d}.jpg", (8, 9, 10)),
        # A frame counter and a time in ms: the counter goes by one.
        ("f{0}_t{1:05d}.png", (8, 9, 10)),
        ("t{1:05d}_f{0}.png", (8, 9, 10)),
        # The same number twice.
        ("{0}_{0}.png", (8, 9, 10)),
    ],
)
def test_the_number_that_changes_is_the_frame_number(pattern, numbers):
    assert frame_numbers([pattern.format(number, number * 5) for number in (8, 9, 10)]) == numbers


def test_constant_steps_come_before_irregular_ones():
    assert frame_numbers(["a2_17.png", "a4_33.png", "a6_50.png"]) == (2, 4, 6)
    # A counter that misses frames beside nothing else that changes.
    assert frame_numbers(["a2_224.png", "a3_224.png", "a6_224.png"]) == (2, 3, 6)


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "b.png"],
        ["1.png", "b.png"],
        # Two counters by one, two pairs of numbers, two that both miss frames: none is better than the other.
        ["1_46.png", "2_47.png", "3_48.png"],
        ["1_46.png", "2_60.png"],
        ["1_46.png", "2_48.png", "4_51.png"],
        ["a1.png", "a1_b1.png"],
    ],
)
def test_names_that_do_not_tell(names):
    assert frame_numbers(names) is None


def test_one_name_has_its_last_number():
    assert frame_numbers(["sub01_46.png"]) == (46,)


@pytest.mark.parametrize(
    "names",
    [
        ("onset.jpg", "apex.jpg", "offset.jpg"),
        ("Onset.JPG", "APEX.JPG", "oFFset.JPG"),
        ("sub01_onset.jpg", "sub01_apex.jpg", "sub01_offset.jpg"),
        ("3_onset.png", "1_apex.png", "2_offset.png"),
        ("clipA-OnsetFrame.jpg", "clipA-ApexFrame.jpg", "clipA-OffsetFrame.jpg"),
        ("onsetframe12.jpg", "apexframe30.jpg", "offsetframe46.jpg"),
        ("起始.jpg", "顶点.jpg", "结束.jpg"),
        ("01开始帧.jpg", "01峰值帧.jpg", "01终止帧.jpg"),
        ("起点.jpg", "高潮.jpg", "偏移.jpg"),
        ("Anfang.jpg", "Höhepunkt.jpg", "Ende.jpg"),
        ("début.jpg", "sommet.jpg", "fin.jpg"),
        ("debut.jpg", "apogee.jpg", "FIN.jpg"),
        ("inicio.jpg", "ápice.jpg", "final.jpg"),
        ("inizio.jpg", "picco.jpg", "fine.jpg"),
        ("開始.jpg", "頂点.jpg", "終了.jpg"),
        ("시작.jpg", "정점.jpg", "종료.jpg"),
        ("start.jpg", "peak.jpg", "end.jpg"),
        ("first.jpg", "middle.jpg", "last.jpg"),
        ("onsetf.jpg", "apexf.jpg", "offsetf.jpg"),
        ("fine_onset.jpg", "fine_apex.jpg"),
        ("off-on_onset.jpg", "off-on_apex.jpg", "off-on_offset.jpg"),
        ("apex_onset.jpg", "apex_apex.jpg"),
        ("1_onset_end.jpg", "2_apex_end.jpg"),
        ("on.jpg", "apex.jpg", "off.jpg"),
        ("onset.jpg", "apex.jpg"),
        ("neutral.jpg", "apex.jpg"),
        ("apex.jpg",),
        ("apex.jpg", "offset.jpg"),
    ],
)
def test_key_frames_are_read_by_their_names_in_the_order_of_time(tmp_path, names):
    listed = list_frames(folder(tmp_path, *names))
    assert order(listed) == list(names)
    roles = {"apex.jpg": ("apex",), "apex.jpg offset.jpg": ("apex", "offset")}.get(
        " ".join(names), ("onset", "apex", "offset")[: len(names)]
    )
    assert listed.key_frames == {role: place for place, role in enumerate(roles)}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("onset.jpg", "apex.jpg", "sub_apex.jpg"), "apex.jpg and sub_apex.jpg both name the apex"),
        (("apex1.jpg", "apex2.jpg"), "apex1.jpg and apex2.jpg both name the apex"),
        (("apex.jpg", "smile.jpg"), "names apex.jpg beside smile.jpg"),
        (("apex.jpg", "a.jpg", "b.jpg", "c.jpg", "d.jpg"), "beside a.jpg, b.jpg, c.jpg and 1 more"),
        (("1_apex.jpg", "2_onset.jpg", "3.jpg", "4.jpg"), "not in order"),
        (("peak.jpg", "peak.png"), "claim the same place"),
        ((*(f"frame{n}.jpg" for n in range(1, 6)), "flow.png"), "holds flow.png beside frame1.jpg to frame5.jpg"),
    ],
)
def test_names_that_contradict_one_another(tmp_path, names, message):
    with pytest.raises(MediaError, match=message):
        list_frames(folder(tmp_path, *names))


def test_numbered_frames_between_named_ones_are_the_clip(tmp_path):
    names = [f"frame_{n:03d}{ {1: '_onset', 4: '_apex', 6: '_offset'}.get(n, '') }.jpg" for n in range(1, 9)]
    listed = list_frames(folder(tmp_path, *names))
    assert order(listed) == names and listed.numbers == tuple(range(1, 9))
    assert listed.key_frames == {"onset": 0, "apex": 3, "offset": 5}


def test_other_pictures_beside_onset_and_apex_are_left_out(tmp_path):
    listed = list_frames(folder(tmp_path, "flow.png", "apex.png", "onset.png"))
    assert order(listed) == ["onset.png", "apex.png"]
    assert [file.name for file in listed.left_out] == ["flow.png"]


def test_a_first_frame_without_a_number_is_a_frame(tmp_path):
    names = ["img.jpg", *(f"img ({n}).jpg" for n in range(1, 6))]
    assert order(list_frames(folder(tmp_path, *names))) == names


@pytest.mark.parametrize("word", ["apex", "start", "结束", "weekend", "clip-fine"])
def test_a_word_that_all_names_share_names_nothing(tmp_path, word):
    names = [f"{word}_{n}.jpg" for n in range(1, 6)]
    listed = list_frames(folder(tmp_path, *names))
    assert order(listed) == names and listed.key_frames == {} and listed.numbers == (1, 2, 3, 4, 5)


@pytest.mark.parametrize("name", ["consonset.jpg", "apexify.jpg", "weekend.jpg", "onset_apex.jpg", "Fineart.jpg"])
def test_words_inside_others_and_several_words_name_nothing(tmp_path, name):
    assert list_frames(folder(tmp_path, name)).key_frames == {}


@pytest.mark.parametrize(
    "names",
    [
        ("before", "after"),
        ("s1_After", "s1_Before"),
        ("O", "A", "F"),
        ("clip-o", "clip-a", "clip-f"),
        ("o", "a"),
        ("on", "ap", "off"),
        ("01_前", "01_后"),
        ("avant", "apr\u00e8s"),
    ],
)
def test_words_that_name_key_frames_together(tmp_path, names):
    for name in names:
        (tmp_path / f"{name}.jpg").touch()
    listed = list_frames(tmp_path)
    assert list(listed.key_frames) == ["onset", "apex", "offset"][: len(names)]
    first = sorted(names, key=lambda name: ("after" in name.casefold(), names.index(name)))
    assert [file.stem for file in listed.files] == first


@pytest.mark.parametrize(
    "names", [("rest", "smile"), ("left", "right"), ("x", "a"), ("b", "d", "f"), ("before", "mid")]
)
def test_a_pair_or_a_triple_without_an_order_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / f"{name}.jpg").touch()
    with pytest.raises(MediaError, match="do not tell which comes first; name them onset, apex and offset, or number"):
        list_frames(tmp_path)


@pytest.mark.parametrize("names", [("a", "b"), ("frameA", "frameB", "frameC"), ("1", "2"), ("pic", "pic2")])
def test_letters_and_numbers_are_an_order(tmp_path, names):
    for name in names:
        (tmp_path / f"{name}.jpg").touch()
    assert [file.stem for file in list_frames(tmp_path).files] == list(names)

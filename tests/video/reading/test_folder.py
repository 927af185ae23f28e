from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mevqa.errors import MediaError
from mevqa.video.reading.frame_files import natural_key
from mevqa.video.reading.reader import open_video


def _fill(folder: Path, names: list[str], size: tuple[int, int] = (12, 8)) -> Path:
    """Write frames whose brightness is 10 times their place in ``names``."""
    folder.mkdir(parents=True)
    for place, name in enumerate(names):
        Image.new("RGB", size, (10 * place,) * 3).save(folder / name)
    return folder


def _order(folder: Path) -> list[int]:
    with open_video(folder) as video:
        return [round(float(frame.mean()) / 10) for frame in video]


def test_frames_come_in_natural_order(tmp_path):
    names = ["img2.png", "img9.PNG", "Img10.png", "img11.png", "img100.png"]
    assert _order(_fill(tmp_path / "a", names)) == [0, 1, 2, 3, 4]
    names = ["s1_006_05562.jpg", "s1_006_05563.jpg", "s2_006_00001.jpg"]
    assert _order(_fill(tmp_path / "b", names)) == [0, 1, 2]


def test_natural_keys():
    names = ["reg_img1", "reg_img2", "REG_img10", "reg_img10b", "x"]
    assert sorted(reversed(names), key=natural_key) == names
    assert natural_key("a²") == ((1, "a²"),)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".JPG"])
def test_every_kind_of_picture(tmp_path, suffix):
    folder = _fill(tmp_path / "frames", [f"img{i}{suffix}" for i in range(1, 13)])
    with open_video(folder, fps=200) as video:
        assert (len(video), video.size, video.backend) == (12, (12, 8), "folder")
        assert (video.fps, video.fps_source, video.warnings) == (200.0, "given", ())
        assert video.times_ms == pytest.approx(np.arange(12) * 5.0)
        frames = video.frames([11, 0, 11, -2])
        assert [round(float(frame.mean()) / 10) for frame in frames] == [11, 0, 11, 10]
        assert all(frame.shape == (8, 12, 3) and frame.dtype == np.uint8 for frame in frames)
        frames[0][:] = 0
        assert frames[2].any()


def test_a_folder_without_frame_rate_says_that_it_is_assumed(tmp_path):
    with open_video(_fill(tmp_path / "frames", ["a1.png", "a2.png"])) as video:
        assert (video.fps, video.fps_source) == (30.0, "assumed")
        assert any("30 frames per second are assumed" in warning for warning in video.warnings)


def test_a_jump_in_the_numbers_gives_a_warning(tmp_path):
    with open_video(_fill(tmp_path / "frames", ["f01.png", "f02.png", "f04.png", "f05.png"]), fps=100) as video:
        assert video.warnings == ("the frame numbers jump from 2 to 4 at f04.png; times and speeds are wrong there",)


def test_key_frames_are_no_neighbours_and_their_numbers_do_not_jump(tmp_path):
    with open_video(_fill(tmp_path / "frames", ["f01.png", "f20.png", "f44.png"]), fps=100) as video:
        assert (video.warnings, video.numbers) == ((), (1, 20, 44))


def test_the_number_that_changes_is_the_frame_number_when_a_gap_is_looked_for(tmp_path):
    with open_video(_fill(tmp_path / "frames", [f"img{n}_224.png" for n in (1, 2, 3, 5)]), fps=100) as video:
        assert video.warnings == (
            "the frame numbers jump from 3 to 5 at img5_224.png; times and speeds are wrong there",
        )


def test_other_files_are_passed_over(tmp_path):
    folder = _fill(tmp_path / "frames", ["f1.png", "f2.png"])
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "._f1.png").write_bytes(b"x")
    (folder / "old.png").mkdir()
    assert _order(folder) == [0, 1]


def test_one_picture_is_a_video_of_one_frame(tmp_path):
    folder = _fill(tmp_path / "dossier é 面", ["face 1.png"])
    with open_video(folder / "face 1.png") as video:
        assert (len(video), video[0].shape) == (1, (8, 12, 3))


def test_a_folder_without_frames_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(MediaError, match=r"holds no frames \(bmp, jpeg, jpg, png, tif, tiff\)"):
        open_video(tmp_path)


def test_frames_of_different_sizes_are_an_error(tmp_path):
    folder = _fill(tmp_path / "frames", ["f1.png", "f2.png"])
    Image.new("RGB", (13, 8)).save(folder / "f3.png")
    with pytest.raises(MediaError, match="is 13x8 pixels, the first frame f1.png is 12x8") as caught:
        open_video(folder)
    assert caught.value.path == folder / "f3.png"


@pytest.mark.parametrize("names", [["f1.png", "f1.jpg"], ["f1.png", "f01.png"]])
def test_two_files_for_one_frame_are_an_error(tmp_path, names):
    with pytest.raises(MediaError, match="claim the same place"):
        open_video(_fill(tmp_path / "frames", names))


@pytest.mark.parametrize("content", [b"", b"this is no picture"])
def test_a_file_that_is_no_picture_is_an_error_at_once(tmp_path, content):
    folder = _fill(tmp_path / "frames", ["f1.png", "f2.png"])
    (folder / "f2.png").write_bytes(content)
    with pytest.raises(MediaError, match="is empty|is not a picture") as caught:
        open_video(folder)
    assert caught.value.path == folder / "f2.png"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("shape", [(3, 60, 80), (3, 60, 80, 3)], ids=["grey", "colour"])
@pytest.mark.parametrize(
    ("suffix", "depth"),
    [(".jpg", np.uint8), (".png", np.uint8), (".bmp", np.uint8), (".tif", np.uint8)]
    + [(".png", np.uint16), (".tif", np.uint16)],
)
def test_a_truncated_picture_is_an_error_and_its_neighbours_are_not(tmp_path, suffix, shape, depth):
    folder = tmp_path / "frames"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, np.iinfo(depth).max, shape, dtype=depth, endpoint=True)
    for number in range(3):
        assert cv2.imwrite(str(folder / f"f{number}{suffix}"), noise[number])
    damaged = folder / f"f1{suffix}"
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size * 2 // 3])
    with pytest.raises(MediaError) as caught, open_video(folder) as video:
        assert video[0].shape == video[2].shape == (60, 80, 3)
        video[1]
    assert caught.value.path == damaged


def test_a_frame_that_changed_its_size_is_an_error(tmp_path):
    folder = _fill(tmp_path / "frames", ["f1.png", "f2.png"])
    with open_video(folder) as video:
        Image.new("RGB", (13, 8)).save(folder / "f2.png")
        with pytest.raises(MediaError, match="no longer 12x8"):
            video[1]


def test_a_name_that_no_system_accepts_is_an_error(tmp_path):
    with pytest.raises(MediaError, match="cannot be read|no such file"):
        open_video(tmp_path / ("x" * 5000))


def test_a_closed_folder_gives_no_frames(tmp_path):
    video = open_video(_fill(tmp_path / "frames", ["f1.png", "f2.png"]))
    stream = iter(video)
    next(stream)
    video.close()
    for use in (lambda: video[0], lambda: next(stream)):
        with pytest.raises(ValueError, match="closed"):
            use()


@pytest.mark.parametrize("shape", [(20, 20), (20, 20, 3)], ids=["grey", "colour"])
def test_a_highlight_in_a_frame_that_was_not_sampled_is_white_and_nothing_else_changes(tmp_path, shape):
    pixels = np.full(shape, 500, dtype=np.uint16)
    pixels[0, 0] = 1000
    for number in range(40):
        assert cv2.imwrite(str(tmp_path / f"f{number:02}.png"), pixels)
    pixels[5, 5:9] = 1100
    assert cv2.imwrite(str(tmp_path / "f01.png"), pixels)
    with open_video(tmp_path) as video:
        before, bright = video[0], video[1]
    assert (bright[5, 5:9] == 255).all()
    bright[5, 5:9] = before[5, 5:9]
    assert (bright == before).all()

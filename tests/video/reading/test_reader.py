from __future__ import annotations

import gc
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mevqa.errors import MediaError
from mevqa.video.reading import decord_backend
from mevqa.video.reading.reader import open_video
from mevqa.video.reading.video import Video


def assert_exact(video: Video, number_of, seed: int = 0) -> None:
    """Not one wrong frame: iteration, one pass, random, backwards, and mixed with one another."""
    length = len(video)
    assert [number_of(frame) for frame in video] == list(range(length))
    rng = random.Random(seed)
    wanted = [rng.randrange(length) for _ in range(300)]
    assert [number_of(frame) for frame in video.frames(wanted)] == wanted
    assert [number_of(video[index]) for index in wanted[:40]] == wanted[:40]
    backwards = list(range(length - 1, max(-1, length - 15), -1))
    assert [number_of(video[index]) for index in backwards] == backwards
    stream = iter(video)
    for index in range(5):
        assert number_of(next(stream)) == index
        assert number_of(video[length - 1 - index]) == length - 1 - index


def test_every_frame_of_every_format_is_exact(footage, numbered_format, expected_backend):
    with open_video(footage.recipe(numbered_format), random_access=True) as video:
        assert len(video) == footage.LENGTH
        assert video.backend == ("pyav" if decord_backend.decord is None else expected_backend)
        assert (video.fps, video.size) == (25.0, (96, 64))
        assert video.times_ms == pytest.approx(np.arange(400) * 40.0)
        assert_exact(video, footage.number_of)


@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "mjpeg.avi", "h264.mkv"])
def test_decord_serves_only_where_it_is_asked_for(footage, name):
    with open_video(footage.recipe(name)) as video:
        assert video.backend == "pyav"
        assert_exact(video, footage.number_of, seed=1)


def test_variable_frame_rate_is_in_the_times(footage, tmp_path):
    timing = "-vf settb=1/1000,setpts=N*20+floor(N/10)*15 -fps_mode passthrough -enc_time_base 1/1000"
    path = footage.write(tmp_path / "vfr.mkv", f"{timing} -c:v libx264 -bf 2 -g 50 -pix_fmt yuv420p")
    index = np.arange(400)
    with open_video(path) as video:
        assert video.times_ms == pytest.approx(index * 20.0 + index // 10 * 15)
        assert (video.fps, video.fps_source) == (50.0, "timestamps")
        assert_exact(video, footage.number_of)
    with open_video(path, fps=200) as video:
        assert (video.fps, video.fps_source) == (200.0, "given")
        assert video.times_ms == pytest.approx(index * 5.0)


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_rotated_footage_is_upright(footage, tmp_path, turn, suffix):
    plain = footage.write(tmp_path / f"plain{suffix}", "-c:v libx264 -g 60 -pix_fmt yuv420p", turn=turn)
    rotated = tmp_path / f"rotated{suffix}"
    footage.run("-display_rotation", str(90 * turn), "-i", plain, "-c", "copy", rotated)
    with open_video(rotated) as video:
        assert video.size == (96, 64)
        assert_exact(video, footage.number_of)


def test_mirrored_footage_is_upright(footage, tmp_path):
    rotated = tmp_path / "mirrored.mp4"
    footage.run("-display_hflip", "-i", footage.recipe("h264.mp4"), "-c", "copy", rotated)
    with open_video(rotated) as video, open_video(footage.recipe("h264.mp4")) as plain:
        assert np.array_equal(video[7], plain[7][:, ::-1])


def test_an_edit_list_hides_the_frames_before_its_start(footage, tmp_path):
    path = tmp_path / "trimmed.mp4"
    footage.run("-ss", "3.52", "-i", footage.recipe("h264.mp4"), "-c", "copy", path)
    with open_video(path) as video:
        numbers = [footage.number_of(frame) for frame in video]
        assert numbers == list(range(88, 400))
        assert video.backend == "pyav"
        assert video.times_ms[0] == 0.0
        assert [footage.number_of(video[i]) for i in (311, 0, 150, 149)] == [399, 88, 238, 237]
        assert any("frames are hidden" in warning for warning in video.warnings)


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mov"])
def test_an_edit_list_hides_the_frames_after_its_end(footage, tmp_path, name):
    """A phone's trim: the edit list (version 0: count, then duration, start and rate) is shortened in place."""
    data = bytearray(footage.recipe(name).read_bytes())
    duration = data.index(b"elst") + 12
    whole = int.from_bytes(data[duration : duration + 4], "big")
    data[duration : duration + 4] = (whole // 4).to_bytes(4, "big")
    path = tmp_path / name
    path.write_bytes(data)
    with open_video(path) as video:
        assert len(video) == 100
        assert_exact(video, footage.number_of)
        assert "300 of the file's 400 frames are hidden; frames are counted without them" in video.warnings


@pytest.mark.parametrize("offset", ["-0.5", "2"])
def test_times_start_at_zero_whatever_the_first_timestamp(footage, tmp_path, offset):
    path = tmp_path / "shifted.mkv"
    footage.run("-itsoffset", offset, "-i", footage.recipe("h264.mkv"), "-c", "copy", path)
    with open_video(path) as video:
        assert video.times_ms == pytest.approx(np.arange(400) * 40.0)
        assert_exact(video, footage.number_of)


def test_sound_and_cover_pictures_are_passed_over(footage, tmp_path):
    cover = tmp_path / "cover.png"
    Image.new("RGB", (32, 32), "red").save(cover)
    path = tmp_path / "talk.mp4"
    inputs = ["-i", cover, "-f", "lavfi", "-i", "sine=d=16", "-i", footage.recipe("h264.mp4")]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-c:v", "copy", "-disposition:v:0", "attached_pic"]
    footage.run(*inputs, *maps, path)
    with open_video(path) as video:
        assert [footage.number_of(frame) for frame in video.frames([3, 399])] == [3, 399]


def test_a_video_of_one_frame(footage, tmp_path):
    path = footage.write(tmp_path / "one.mp4", "-c:v libx264 -pix_fmt yuv420p", frames=1)
    with open_video(path) as video:
        assert len(video) == 1
        assert footage.number_of(video[0]) == footage.number_of(video[-1]) == 0
        assert video.times_ms.tolist() == [0.0]
        assert video.fps == 25.0


@pytest.mark.parametrize("name", ["träning 100 % 面 #1.mp4", "a:b%03d.mkv", "mjpeg's [x].avi"])
def test_any_name_can_be_opened(footage, tmp_path, name):
    recipe = {".mp4": "h264.mp4", ".mkv": "h264.mkv", ".avi": "mjpeg.avi"}[Path(name).suffix]
    path = tmp_path / "dossier é vide" / name
    path.parent.mkdir()
    path.write_bytes(footage.recipe(recipe).read_bytes())
    with open_video(path) as video:
        assert footage.number_of(video[123]) == 123


def test_the_extension_does_not_decide(footage, tmp_path):
    path = tmp_path / "really_an_avi.mp4"
    path.write_bytes(footage.recipe("xvid.avi").read_bytes())
    with open_video(path) as video:
        assert video.backend == "pyav"
        assert_exact(video, footage.number_of)


def test_indices_behave_as_in_a_sequence(footage):
    with open_video(footage.recipe("h264_one_gop.mp4")) as video:
        assert footage.number_of(video[-1]) == 399
        assert footage.number_of(video[np.int64(5)]) == 5
        assert video.frames([]) == []
        for index in (400, -401):
            with pytest.raises(IndexError, match="outside the video of 400 frames"):
                video.frames([0, index])
        with pytest.raises(TypeError):
            video.frames([1.5])


@pytest.mark.parametrize("name", ["h264.mp4", "xvid.avi"])
def test_frames_belong_to_the_caller(footage, name):
    with open_video(footage.recipe(name)) as video:
        first, again = video.frames([9, 9])
        first[:] = 0
        assert footage.number_of(again) == 9
        again[:] = 0
        assert footage.number_of(video[9]) == 9


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts open files in /proc")
@pytest.mark.parametrize("name", ["h264.mp4", "xvid.avi"])
def test_close_releases_the_file(footage, name):
    path = footage.recipe(name)

    def handles() -> int:
        links = [Path("/proc/self/fd") / entry for entry in os.listdir("/proc/self/fd")]
        return sum(os.path.realpath(link) == str(path.resolve()) for link in links)

    with open_video(path) as video:
        unfinished = iter(video)
        next(unfinished)
        assert footage.number_of(video[20]) == 20
        assert handles() > 0
    gc.collect()
    assert handles() == 0
    for use in (lambda: video[0], lambda: iter(video), lambda: video.frames([]), lambda: next(unfinished)):
        with pytest.raises(ValueError, match="closed"):
            use()
    video.close()


@pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf")])
def test_a_senseless_frame_rate_is_refused(footage, fps):
    with pytest.raises(MediaError, match="fps must be a positive number"):
        open_video(footage.recipe("h264.mp4"), fps=fps)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("talking_face.mp4", 472, (640, 360)),
        ("no_face.mp4", 95, (960, 540)),
        ("face_then_no_face.mov", 169, (960, 540)),
    ],
)
def test_real_footage(shared_data, name, frames, size):
    with open_video(shared_data / "video" / name) as video:
        assert (len(video), video.size) == (frames, size)
        rng = random.Random(0)
        wanted = [rng.randrange(frames) for _ in range(12)]
        chosen = dict(zip(wanted, video.frames(wanted), strict=True))
        for index, frame in enumerate(video):
            if index in chosen:
                assert np.array_equal(frame, chosen[index]), index
        assert np.all(np.diff(video.times_ms) > 0)

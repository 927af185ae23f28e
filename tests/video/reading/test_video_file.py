from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from mevqa.errors import MediaError
from mevqa.video.decoding import kept_frames
from mevqa.video.decoding.frame_table import probe
from mevqa.video.reading import video_file
from mevqa.video.reading.reader import open_video
from mevqa.video.reading.video_file import VideoFile


@pytest.fixture
def starts(monkeypatch) -> list[Path]:
    """The files that a decoder was started for, one entry a start."""
    started: list[Path] = []
    original = video_file.StreamingDecoder

    def counting(path: Path) -> object:
        started.append(path)
        return original(path)

    monkeypatch.setattr(video_file, "StreamingDecoder", counting)
    return started


def test_many_frames_in_any_order_take_one_pass(footage, starts):
    path = footage.recipe("xvid.avi")
    with VideoFile(path, probe(path), None) as video:
        wanted = [390, 2, 200, 2, 17, 399]
        assert [footage.number_of(frame) for frame in video.frames(wanted)] == wanted
        assert len(starts) == 1


def test_going_back_a_little_does_not_start_over(footage, starts):
    path = footage.recipe("xvid.avi")
    with VideoFile(path, probe(path), None) as video:
        for index in (100, 101, 102, 100, 103, 101):
            assert footage.number_of(video[index]) == index
        assert len(starts) == 1
        assert footage.number_of(video[99]) == 99
        assert len(starts) == 2


@pytest.mark.parametrize("name", ["h264_open_gop.mp4", "xvid.avi", "raw_grey.avi"])
def test_kept_frames_are_those_that_would_be_decoded_again(footage, tmp_path, starts, name):
    path = tmp_path / name  # No table of this file is remembered.
    path.write_bytes(footage.recipe(name).read_bytes())
    wanted = [390, 2, 200, 2, 17, 399, 5]
    with open_video(path, keep_frames=True) as video:
        kept = [video[index] for index in wanted]
    assert starts == [] and [footage.number_of(frame) for frame in kept] == wanted
    with open_video(path) as video:
        assert all(np.array_equal(video[index], frame) for index, frame in zip(wanted, kept, strict=True))
    assert starts


def test_of_a_long_file_no_frame_is_kept(footage, tmp_path, starts, monkeypatch):
    monkeypatch.setattr(kept_frames, "MOST_BYTES", 1_000_000)
    path = tmp_path / "clip.avi"
    path.write_bytes(footage.recipe("xvid.avi").read_bytes())
    kept = kept_frames.KeptFrames()
    assert len(kept) == 0 < probe(path, kept).frames and len(kept) == 0
    path.touch()
    with open_video(path, keep_frames=True) as video:
        assert [footage.number_of(video[index]) for index in (390, 2)] == [390, 2]
    assert len(starts) == 2


def test_a_file_that_changed_under_the_reader_is_an_error(footage, tmp_path):
    path = tmp_path / "clip.avi"
    path.write_bytes(footage.recipe("xvid.avi").read_bytes())
    video = open_video(path)
    footage.write(path, "-c:v mpeg4 -vtag XVID", frames=10)
    with video, pytest.raises(MediaError, match="did the file change"):
        video[300]
    with open_video(path) as video:
        assert len(video) == 10


# Run by itself: in the tests' own process other tests' memory comes and goes.
_READ_ALL = """
import sys
from pathlib import Path
from mevqa.video.reading.reader import open_video

def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

with open_video(Path(sys.argv[1])) as video:
    assert len(video) == 2500
    for index in range(0, 2500, 50):
        video[index]  # loads whatever library serves random access
    for number, _ in enumerate(video):
        if number == 200:
            settled = resident_mib()
    for index in range(0, 2500, 4):
        video[index]
    print(resident_mib() - settled)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("name", ["long.avi", "long.mp4"])
def test_memory_does_not_grow_with_the_length(footage, tmp_path, name):
    options = {"long.avi": "-c:v mpeg4 -bf 2 -vtag XVID", "long.mp4": "-c:v libx264 -preset ultrafast -g 50"}[name]
    path = tmp_path / name
    source = "testsrc2=s=192x144:r=50:d=50"
    footage.run("-f", "lavfi", "-i", source, *options.split(), "-pix_fmt", "yuv420p", path)
    done = subprocess.run([sys.executable, "-c", _READ_ALL, str(path)], capture_output=True, text=True, check=True)
    # All frames together would be 198 MiB, those of the second loop 49 MiB.
    assert float(done.stdout) < 25


def test_messages_of_decoders_stay_outside_python_whoever_asked_for_them(footage):
    """A decoder's thread that waits for the interpreter while its decoder is freed would wait for ever."""
    av.logging.set_level(av.logging.ERROR)
    with open_video(footage.recipe("h264.mp4")) as video:
        video.frames([3])
        assert av.logging.get_level() is None


def test_a_frame_behind_a_keyframe_is_decoded_from_there_and_is_the_same(footage, monkeypatch):
    path = footage.recipe("h264_fragments.mp4")  # a keyframe every 60 frames
    begun = []
    real = VideoFile._decode
    monkeypatch.setattr(VideoFile, "_decode", lambda self, start=0: begun.append(start) or real(self, start))
    with VideoFile(path, probe(path), None) as video:
        whole = [frame.picture for frame in video.read_forward()]
        for index in (399, 130, 131, 60, 59, 0, 250):
            assert np.array_equal(video[index], whole[index])
    assert begun == [0, 360, 120, 60, 0, 0, 240]


def test_an_index_that_leads_elsewhere_costs_time_and_no_frame(footage, monkeypatch):
    path = footage.recipe("h264_fragments.mp4")
    monkeypatch.setattr(video_file.StreamingDecoder, "jump", lambda self, stamp: None)
    with VideoFile(path, probe(path), None) as video:
        assert [footage.number_of(video[index]) for index in (399, 130, 131)] == [399, 130, 131]


def test_keyframes_that_refer_to_other_frames_are_no_place_to_begin(footage, tmp_path):
    options = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 0 -x264-params intra-refresh=1:keyint=40"
    path = footage.write(tmp_path / "refresh.mp4", options)
    assert not probe(path).can_jump and probe(footage.recipe("h264_fragments.mp4")).can_jump


def test_what_is_left_of_a_damaged_file_is_numbered_by_its_times(footage, tmp_path):
    path = footage.write(tmp_path / "hole.mp4", "-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 2 -g 10")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(MediaError):
        open_video(path)
    with open_video(path, errors="skip") as video:
        read = [frame for frame in video.read_forward() if not frame.missing]
        numbers = [footage.number_of(frame.picture) for frame in read]
        # Pictures that refer to a lost one are missing too: FFmpeg paints them over, mostly without a word.
        assert numbers == [frame.number for frame in read]
        assert 100 < len(read) < 400 == len(video) and video.missing == set(range(400)) - {
            frame.number for frame in read
        }
        assert "the rest is read" in video.warnings[0]
        assert [footage.number_of(frame) for frame in video.frames([90, 2])] == [90, 2]
        with pytest.raises(MediaError, match="is damaged"):
            video[min(video.missing)]

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import pytest

from mevqa.errors import MediaError
from mevqa.video.decoding.probe import probe
from mevqa.video.reading import pyav_backend
from mevqa.video.reading.pyav_backend import PyAVVideo
from mevqa.video.reading.reader import open_video


@pytest.fixture
def starts(monkeypatch) -> list[Path]:
    """The files that a decoder was started for, one entry a start."""
    started: list[Path] = []
    original = pyav_backend.StreamingDecoder

    def counting(path: Path) -> object:
        started.append(path)
        return original(path)

    monkeypatch.setattr(pyav_backend, "StreamingDecoder", counting)
    return started


def test_many_frames_in_any_order_take_one_pass(footage, starts):
    path = footage.recipe("xvid.avi")
    with PyAVVideo(path, probe(path), None) as video:
        wanted = [390, 2, 200, 2, 17, 399]
        assert [footage.number_of(frame) for frame in video.frames(wanted)] == wanted
        assert len(starts) == 1


def test_going_back_a_little_does_not_start_over(footage, starts):
    path = footage.recipe("xvid.avi")
    with PyAVVideo(path, probe(path), None) as video:
        for index in (100, 101, 102, 100, 103, 101):
            assert footage.number_of(video[index]) == index
        assert len(starts) == 1
        assert footage.number_of(video[99]) == 99
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

from __future__ import annotations

import importlib
import subprocess
import sys
import weakref

import numpy as np
import pytest

from mevqa.video.decoding.frame_table import probe
from mevqa.video.reading import decord_backend
from mevqa.video.reading.reader import open_video
from mevqa.video.reading.video_file import VideoFile

needs_decord = pytest.mark.skipif(decord_backend.decord is None, reason="decord has no wheel for this platform")


@needs_decord
@pytest.mark.parametrize("name", ["xvid.avi", "hevc_open_gop.mp4", "h264_open_gop.mp4"])
def test_decord_does_return_wrong_frames_where_it_is_not_used(footage, name):
    path = footage.recipe(name)
    assert decord_backend.open_decord(path, probe(path), None) is None
    reader = decord_backend.decord.VideoReader(str(path), num_threads=1)
    order = range(399, -1, -3)
    assert any(footage.number_of(reader[index].asnumpy()) != index for index in order)


@needs_decord
def test_an_avi_whose_index_is_damaged_is_read_in_order(footage, tmp_path):
    data = bytearray(footage.recipe("raw_grey.avi").read_bytes())
    entry = data.index(b"idx1") + 8 + 16 * 65
    data[entry : entry + 4] = b"junk"
    path = tmp_path / "index.avi"
    path.write_bytes(data)
    with open_video(path, random_access=True) as video:
        assert video.backend == "pyav"
        assert [footage.number_of(video[index]) for index in range(99, 50, -1)] == list(range(99, 50, -1))


@needs_decord
@pytest.mark.parametrize("name", ["h264.mp4", "mjpeg.avi", "hevc.mp4"])
def test_both_backends_give_the_same_pixels(footage, name):
    path = footage.recipe(name)
    with open_video(path, random_access=True) as video, VideoFile(path, probe(path), None) as plain:
        assert (video.backend, plain.backend) == ("decord", "pyav")
        for index in (0, 251, 399, 17):
            assert np.array_equal(video[index], plain[index])


@needs_decord
def test_when_decord_gives_up_the_frame_is_still_exact(footage, monkeypatch):
    class GivesUp:
        def __init__(self, *arguments: object, **options: object) -> None:
            pass

        def __getitem__(self, index: int) -> object:
            raise RuntimeError("DECORD_EOF_RETRY_MAX")

    with open_video(footage.recipe("h264.mp4"), random_access=True) as video:
        assert isinstance(video, decord_backend.DecordVideo)
        monkeypatch.setattr(decord_backend.decord, "VideoReader", GivesUp)
        assert [footage.number_of(frame) for frame in video.frames([399, 3, 251])] == [399, 3, 251]


@needs_decord
def test_no_reader_outlives_a_call_because_it_decodes_the_rest_of_the_file_into_memory(footage, monkeypatch):
    alive = weakref.WeakSet()
    original = decord_backend.decord.VideoReader

    class LongVideoResult(original):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            alive.add(self)

    monkeypatch.setattr(decord_backend.decord, "VideoReader", LongVideoResult)
    with open_video(footage.recipe("h264.mp4"), random_access=True) as video:
        assert video.backend == "decord" and not alive
        video.frames([399, 3])
        assert not alive
        for _ in zip(range(3), video, strict=False):
            assert not alive


@needs_decord
@pytest.mark.parametrize("lie", ["count", "times", "picture"])
def test_a_reader_that_disagrees_with_the_decoding_is_not_used(footage, monkeypatch, lie):
    class Lies:
        def __init__(self, *arguments: object, **options: object) -> None:
            self._frames = 399 if lie == "count" else 400

        def __len__(self) -> int:
            return self._frames

        def get_frame_timestamp(self, indices: range) -> np.ndarray:
            start = np.array(indices) * (0.05 if lie == "times" else 0.04)
            return np.stack([start, start + 0.04], axis=1)

        def __getitem__(self, index: int) -> np.ndarray:
            return footage.frame(1) if lie == "picture" else first

    path = footage.recipe("h264.mp4")
    with VideoFile(path, probe(path), None) as plain:
        first = plain[0]
    monkeypatch.setattr(decord_backend.decord, "VideoReader", Lies)
    assert decord_backend.open_decord(path, probe(path), None) is None


@needs_decord
def test_a_bridge_set_by_another_library_does_not_matter(footage, monkeypatch):
    monkeypatch.setattr(decord_backend.decord.video_reader, "bridge_out", lambda array: array.asnumpy())
    with open_video(footage.recipe("mjpeg.avi"), random_access=True) as video:
        assert video.backend == "decord"
        assert footage.number_of(video[3]) == 3


@needs_decord
def test_a_file_that_decord_cannot_open_is_read_by_pyav(footage, monkeypatch):
    def refuse(*args, **options):
        raise decord_backend.decord.DECORDError("broken metadata")

    monkeypatch.setattr(decord_backend.decord, "VideoReader", refuse)
    with open_video(footage.recipe("mjpeg.avi"), random_access=True) as video:
        assert video.backend == "pyav"
        assert footage.number_of(video[3]) == 3


@needs_decord
def test_decord_leaves_the_png_files_of_opencv_alone(tmp_path):
    code = (
        "import sys, mevqa.video.reading.decord_backend, cv2, numpy as np\n"
        "picture = np.full((2, 2), 3, np.uint16)\n"
        "assert 'decord' in sys.modules and cv2.imwrite(sys.argv[1], picture)\n"
        "assert (cv2.imread(sys.argv[1], cv2.IMREAD_UNCHANGED) == picture).all()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "f.png"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_package_pyav_serves(footage, monkeypatch):
    monkeypatch.setitem(sys.modules, "decord", None)
    try:
        assert importlib.reload(decord_backend).decord is None
        with open_video(footage.recipe("h264.mp4"), random_access=True) as video:
            assert video.backend == "pyav"
            assert footage.number_of(video[251]) == 251
    finally:
        monkeypatch.undo()
        importlib.reload(decord_backend)

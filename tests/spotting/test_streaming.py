from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from mevqa.benchmarks.spotting_cost import repeat_video
from mevqa.errors import MediaError
from mevqa.spotting import spot_video
from mevqa.video.decoding import frame_table
from mevqa.video.decoding.frame_table import packet_table
from mevqa.video.reading.reader import open_video, read_once
from mevqa.video.reading.video_file import PacketMismatch, VideoFile


def encoded(path, stamps, codec="libx264", options=None):
    """A file of grey pictures, each of its own brightness, shown at given times in 1/600 s."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=Fraction(30), options=options or {"crf": "12", "bf": "2", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 600)
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 5 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 600)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


STEADY = [20 * number for number in range(40)]
UNEVEN = list(np.cumsum([20 + 7 * (number % 3) for number in range(40)]))


def announced(path, fps=None):
    """The file by what its packets announce."""
    return VideoFile(path, packet_table(path), fps)


@pytest.mark.parametrize("stamps", [STEADY, UNEVEN])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frames_numbers_and_times_are_those_of_the_vetted_reader(tmp_path, stamps, suffix):
    path = encoded(tmp_path / f"v.{suffix}", stamps)
    with announced(path) as once, open_video(path) as vetted:
        assert len(once) == len(vetted) == 40 and (once.fps, once.size) == (vetted.fps, vetted.size)
        assert np.array_equal(once.times_ms, vetted.times_ms)
        read = list(once.read_forward())
        assert [frame.number for frame in read] == list(range(40))
        assert all(np.array_equal(streamed.picture, frame) for streamed, frame in zip(read, vetted, strict=True))
        for streamed, frame in zip(once.frames([3, 4, 30]), vetted.frames([3, 4, 30]), strict=True):
            assert np.array_equal(streamed, frame)


def test_the_users_rate_decides_the_times(tmp_path):
    once = announced(encoded(tmp_path / "v.mp4", STEADY), 200.0)
    assert once.fps == 200.0 and once.times_ms[-1] == pytest.approx(39 * 5)


def test_pictures_that_nobody_wants_are_not_made(tmp_path):
    once = announced(encoded(tmp_path / "v.mp4", STEADY))
    made = [frame.number for frame in once.read_forward(lambda ms: ms >= 1000) if frame.picture is not None]
    assert made == list(range(30, 40))


def test_going_on_does_not_begin_anew_and_going_back_does(tmp_path, monkeypatch):
    once = announced(encoded(tmp_path / "v.mp4", STEADY))
    begun = []
    real = VideoFile._decode
    monkeypatch.setattr(VideoFile, "_decode", lambda self, start=0: begun.append(start) or real(self, start))
    for indices in ([2, 3], [], [4], [30, 39]):
        once.frames(indices)
    assert begun == [0]
    assert once.frames([5])[0].mean() == pytest.approx(25, abs=4) and begun == [0, 0]


@pytest.mark.parametrize("spoil", ["other time", "more", "fewer"])
def test_a_file_that_gives_other_frames_than_its_packets_announce_is_refused(tmp_path, spoil):
    path = encoded(tmp_path / "v.mp4", STEADY)
    table = packet_table(path)
    stamps = {
        "other time": np.where(np.arange(40) == 25, table.stamps - 1, table.stamps),
        "more": np.append(table.stamps, table.stamps[-1] + 500),
        "fewer": table.stamps[:-1],
    }[spoil]
    once = VideoFile(path, replace(table, stamps=stamps, frames=len(stamps)), None)
    with pytest.raises(PacketMismatch):
        list(once.read_forward())


def test_what_does_not_tell_is_left_to_the_vetted_reader(tmp_path):
    whole = encoded(tmp_path / "v.mp4", STEADY)
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[:-300])
    (tmp_path / "noise.mp4").write_bytes(bytes(500))
    for name in ("cut.mp4", "noise.mp4", "none.mp4"):
        assert packet_table(tmp_path / name) is None
        with pytest.raises(MediaError):
            spot_video(tmp_path / name)
        with pytest.raises(MediaError):
            read_once(tmp_path / name, list)


def test_a_whole_file_is_decoded_once(long_video, spotting_result, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("decoded twice")

    monkeypatch.setattr(frame_table, "probe", refused)
    assert spot_video(long_video.path) == spotting_result


def test_both_ways_of_reading_find_the_same(long_video, spotting_result, monkeypatch):
    monkeypatch.setattr(frame_table, "packet_table", lambda path: None)
    assert spot_video(long_video.path) == spotting_result


def test_a_surprise_in_the_middle_is_read_the_other_way_from_the_start(long_video, spotting_result, monkeypatch):
    table = packet_table(long_video.path)
    stamps = np.where(np.arange(table.frames) == 200, table.stamps + 1, table.stamps)
    monkeypatch.setattr(frame_table, "packet_table", lambda path: replace(table, stamps=stamps))
    assert spot_video(long_video.path) == spotting_result


def test_a_repeated_video_has_every_frame_at_its_time(tmp_path):
    source = encoded(tmp_path / "v.mp4", STEADY)
    repeat_video(source, tmp_path / "long.mp4", minutes=3.5 * 40 / 30 / 60)
    once = announced(tmp_path / "long.mp4")
    read = list(once.read_forward())
    assert len(read) == 160 and np.allclose(np.diff(once.times_ms), 1000 / 30, atol=1)
    assert np.array_equal(read[130].picture, read[10].picture)

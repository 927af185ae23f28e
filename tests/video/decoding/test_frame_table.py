from __future__ import annotations

import random
import struct
import wave
from pathlib import Path

import av
import pytest
from av.video.frame import PictureType

from mevqa.errors import MediaError
from mevqa.video.decoding.frame_table import probe
from mevqa.video.reading.reader import open_video

WHOLE = ["h264.mp4", "h264_faststart.mp4", "h264_fragments.mp4", "h264.mov", "h264.mkv", "xvid.avi", "mjpeg.avi"]
WHOLE += ["vp9.webm", "wmv.wmv"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_truncated_file_is_an_error_wherever_it_was_cut(footage, tmp_path, name):
    whole = footage.recipe(name).read_bytes()
    length = len(whole)
    cuts = [1, 8, 12, 100, 1000, *(length * k // 10 for k in range(1, 10)), length - 1000, length - 100, length - 1]
    path = tmp_path / f"cut{Path(name).suffix}"
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(MediaError) as caught:
            open_video(path)
        assert caught.value.path == path
        assert caught.value.reason
        if cut >= 1000:
            assert "truncated" in caught.value.reason, (cut, caught.value.reason)


def _avi_chunks(data: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Where the list of pictures begins, and its chunks."""
    start = data.index(b"movi") - 8
    position, end = start + 12, start + 8 + struct.unpack_from("<I", data, start + 4)[0]
    chunks = []
    while position < end:
        size = struct.unpack_from("<I", data, position + 4)[0]
        chunks.append((data[position : position + 4], data[position + 8 : position + 8 + size]))
        position += 8 + size + (size & 1)
    return start, chunks


def _write_avi(path: Path, data: bytes, start: int, chunks: list[tuple[bytes, bytes]]) -> None:
    body = index = b""
    for tag, picture in chunks:
        index += tag + struct.pack("<III", 16, 4 + len(body), len(picture))
        body += tag + struct.pack("<I", len(picture)) + picture + b"\0" * (len(picture) & 1)
    movie = b"LIST" + struct.pack("<I", len(body) + 4) + b"movi" + body
    new = data[:start] + movie + b"idx1" + struct.pack("<I", len(index)) + index
    path.write_bytes(new[:4] + struct.pack("<I", len(new) - 8) + new[8:])


def test_frames_that_the_recorder_dropped_are_not_counted_and_give_a_warning(footage, tmp_path):
    data = footage.recipe("mjpeg.avi").read_bytes()
    start, chunks = _avi_chunks(data)
    path = tmp_path / "dropped.avi"
    _write_avi(
        path, data, start, [(tag, b"" if i in (100, 101, 300) else body) for i, (tag, body) in enumerate(chunks)]
    )
    kept = [i for i in range(400) if i not in (100, 101, 300)]
    with open_video(path) as video:
        assert [footage.number_of(frame) for frame in video] == kept
        assert [footage.number_of(video[i]) for i in (396, 100, 99)] == [399, 102, 99]
        assert video.times_ms[[99, 100]].tolist() == [99 * 40.0, 102 * 40.0]
        assert "3 frames were dropped" in " ".join(video.warnings)


def test_an_avi_that_lost_its_end_is_an_error_even_with_consistent_sizes(footage, tmp_path):
    data = footage.recipe("mjpeg.avi").read_bytes()
    start, chunks = _avi_chunks(data)
    path = tmp_path / "short.avi"
    _write_avi(path, data, start, chunks[:-7])
    with pytest.raises(MediaError, match="announces 400 frames, 393 are there"):
        open_video(path)


@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "xvid.avi", "h264.mkv", "mjpeg.avi"])
def test_a_hole_in_the_middle_is_an_error(footage, tmp_path, name):
    data = bytearray(footage.recipe(name).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MediaError, match="damaged|cannot be decoded"):
        open_video(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "h264.mkv", "mjpeg.avi", "xvid.avi"])
def test_random_damage_is_an_error_or_the_same_frame_by_every_way_of_reading(footage, tmp_path, name):
    whole = footage.recipe(name).read_bytes()
    rng = random.Random(7)
    path = tmp_path / name
    for trial in range(60):
        data = bytearray(whole)
        for _ in range((1, 3, 30)[trial % 3]):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            with open_video(path) as video:
                if video.size == (96, 64):
                    numbers = [footage.number_of(frame) for frame in video]
                    wanted = [rng.randrange(len(video)) for _ in range(20)]
                    assert [footage.number_of(video[i]) for i in wanted] == [numbers[i] for i in wanted]
        except MediaError:
            pass


def test_what_is_not_a_video_is_an_error_with_its_reason(tmp_path):
    text = tmp_path / "notes.mp4"
    text.write_text("these are notes, not a video\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    zeros = tmp_path / "zeros.avi"
    zeros.write_bytes(bytes(5000))
    for path, reason in [
        (text, "cannot be read as a video"),
        (empty, r"is empty \(0 bytes\)"),
        (zeros, "cannot be read as a video"),
        (tmp_path / "missing.mp4", "there is no such file"),
        (Path("/dev/null"), "neither a file nor a folder"),
    ]:
        with pytest.raises(MediaError, match=reason) as caught:
            open_video(path)
        assert caught.value.path == path


def test_sound_only_is_an_error(footage, tmp_path):
    sound = tmp_path / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    as_mp4 = tmp_path / "sound.mp4"
    footage.run("-i", sound, as_mp4)
    for path in (sound, as_mp4):
        with pytest.raises(MediaError, match="no video stream"):
            open_video(path)


def test_a_playlist_cannot_reach_other_files(footage, tmp_path):
    target = footage.recipe("h264.ts")
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:16\n#EXTINF:16,\n{target}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match="cannot be read as a video"):
        open_video(playlist)
    playlist.write_text(f"ffconcat version 1.0\nfile '{target}'\n")
    with pytest.raises(MediaError, match="cannot be read as a video"):
        open_video(playlist)


def test_a_change_of_size_is_an_error(footage, tmp_path):
    small, large, both = (tmp_path / name for name in ("small.h264", "large.h264", "both.h264"))
    for path, size in ((small, "64x64"), (large, "128x96")):
        footage.run("-f", "lavfi", "-i", f"testsrc2=s={size}:d=1", "-c:v", "libx264", path)
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(MediaError, match="frame 25 is 128x96 pixels, the first 64x64"):
        open_video(both)


def test_the_files_of_the_exactness_test_are_what_they_claim(footage):
    for name in ("h264.mp4", "hevc.mp4", "hevc_open_gop.mp4", "xvid.avi", "h264.avi", "h264.mkv"):
        with av.open(str(footage.recipe(name))) as container:
            kinds = [frame.pict_type for frame in container.decode(video=0)]
        assert kinds.count(PictureType.B) > 100, name
    logs = {name: probe(footage.recipe(name)).packets for name in ("h264.mp4", "hevc.mp4", "hevc_open_gop.mp4")}
    assert {name: log.open_gop for name, log in logs.items()} == {
        "h264.mp4": False,
        "hevc.mp4": False,
        "hevc_open_gop.mp4": True,
    }
    assert logs["h264.mp4"].keyframes == 2


def test_a_file_is_decoded_once_until_it_changes(footage, tmp_path):
    path = tmp_path / "clip.avi"
    path.write_bytes(footage.recipe("mjpeg.avi").read_bytes())
    assert probe(path) is probe(path)
    assert probe(path).frames == 400
    path.write_bytes(footage.recipe("xvid.avi").read_bytes())
    assert probe(path).codec == "mpeg4"

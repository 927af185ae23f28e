from __future__ import annotations

import struct

import pytest

from mevqa.video.decoding.containers import declared_size

NAMES = ["h264.mp4", "h264_faststart.mp4", "h264_fragments.mp4", "h264.mov", "h264.mkv", "vp9.webm", "xvid.avi"]


@pytest.mark.parametrize("name", [*NAMES, "wmv.wmv", "h264.ts"])
def test_a_whole_file_is_as_long_as_it_says(footage, name):
    path = footage.recipe(name)
    assert declared_size(path) == path.stat().st_size


def test_a_file_without_declared_sizes(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see")
    assert declared_size(path) is None


def _box(kind: bytes, size: int) -> bytes:
    return struct.pack(">I", size) + kind + bytes(max(0, size - 8))


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (_box(b"ftyp", 16) + struct.pack(">I4sQ", 1, b"mdat", 1 << 33), 16 + (1 << 33)),
        (_box(b"ftyp", 16) + struct.pack(">I4s", 0, b"mdat") + bytes(50), None),
        (_box(b"ftyp", 16) + _box(b"moov", 24) + bytes(40), None),
        (_box(b"ftyp", 16) + struct.pack(">I4s", 900, b"moov"), 916),
        (_box(b"ftyp", 16) + struct.pack(">I4s", 1, b"mdat"), 32),
        (b"RIFF" + struct.pack("<I", 0) + b"AVI LIST" + bytes(30), None),
        (b"RIFF" + struct.pack("<I", 5000) + b"AVI LIST" + bytes(30), 5008),
        (b"RIFF" + struct.pack("<I", 12) + b"AVI " + bytes(8) + b"RIFF" + struct.pack("<I", 64) + b"AVIX", 92),
        (b"RIFF" + struct.pack("<I", 13) + b"AVI " + bytes(9), 21),
        (bytes.fromhex("1a45dfa3 84 00000000 18538067 01ffffffffffffff") + bytes(9), None),
        (bytes.fromhex("1a45dfa3 84 00000000 18538067 01000000000000ff") + bytes(9), 21 + 255),
    ],
    ids=["large box", "box to the end", "zeros after", "cut box", "cut header", "unfinished avi", "cut avi",
         "second riff", "no padding byte", "live matroska", "cut matroska"],
)  # fmt: skip
def test_declared_sizes(tmp_path, data, declared):
    path = tmp_path / "file"
    path.write_bytes(data)
    assert declared_size(path) == declared

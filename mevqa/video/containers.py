"""Is the file whole? The sizes that MP4/MOV, AVI and Matroska/WebM files declare, held against the file's length.

Demuxers read a file that was cut at a packet boundary without complaint, and a cut AVI or MKV simply has fewer frames:
only the declared sizes tell. Formats without declared sizes (MPEG-TS, raw streams, live WebM) cannot be told.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

#: Top-level boxes of ISO base media files (ISO/IEC 14496-12) and QuickTime that may come first.
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid"}


def declared_size(path: Path) -> int | None:
    """Return how long the file should be in bytes by its own headers, None when they do not tell.

    A file shorter than this was truncated.

    Raises:
        OSError: The file cannot be read.
    """
    length = os.path.getsize(path)
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _FIRST_BOXES:
            return _boxes(file, length)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return _riff(file, length)
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _matroska(file)
    return None


def _boxes(file: BinaryIO, length: int) -> int | None:
    """Walk the top-level boxes of an MP4 or MOV file."""
    position = 0
    while position + 8 <= length:
        file.seek(position)
        header = file.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            if len(header) < 16:
                return position + 16
            size = int.from_bytes(header[8:16], "big")
        # 0 means "to the end of the file"; anything else below a header's length is padding after the last box.
        if size < 8 or not header[4:8].isascii():
            return None
        position += size
    return position


def _riff(file: BinaryIO, length: int) -> int | None:
    """Walk the RIFF chunks of an AVI file (a second and further ones in OpenDML files over 1 GB)."""
    position = 0
    while position + 8 <= length:
        file.seek(position)
        header = file.read(8)
        size = int.from_bytes(header[4:8], "little")
        # A recorder that was interrupted, or that streams, leaves 0 or all ones.
        if header[:4] != b"RIFF" or size in (0, 0xFFFFFFFF):
            break
        position += 8 + size + (size & 1)
    # Some writers leave out the padding byte of the last chunk.
    return position - 1 if position == length + 1 else (position or None)


def _matroska(file: BinaryIO) -> int | None:
    """Read the EBML header and the size of the segment (RFC 8794, section 6)."""
    file.seek(4)
    header = _element_size(file)
    if header is None:
        return None
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return None
    segment = _element_size(file)
    return None if segment is None else file.tell() + segment


def _element_size(file: BinaryIO) -> int | None:
    """Read a variable-length size; all ones mean unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    width = 9 - first[0].bit_length()
    rest = file.read(width - 1)
    bits = 7 * width
    value = int.from_bytes(first + rest, "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value

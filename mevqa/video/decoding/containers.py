"""Detection of truncated files: the sizes that MP4/MOV, AVI, Matroska/WebM and WMV declare, and the file's length.

Demuxers read a file that was cut at a packet boundary without complaint, and a cut AVI or MKV simply has fewer frames:
only the declared sizes tell. Formats without declared sizes (MPEG-PS, FLV, raw streams, live WebM and
MP4 fragments) cannot be told.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

#: Top-level boxes of ISO base media files (ISO/IEC 14496-12) and QuickTime that may come first.
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid"}

#: Identifiers of the header and file properties objects of ASF files (Advanced Systems Format specification, 10.1-2).
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


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
        if head == _ASF_HEADER[:12]:
            return _asf(file)
        return _transport(file, length)


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
    position = size = 0
    while position + 8 <= length:
        file.seek(position)
        header = file.read(8)
        size = int.from_bytes(header[4:8], "little")
        # A recorder that was interrupted, or that streams, leaves 0 or all ones.
        if header[:4] != b"RIFF" or size in (0, 0xFFFFFFFF):
            break
        position += 8 + size + (size & 1)
    # Some writers leave out the byte that pads the last chunk to an even size.
    return position - 1 if position == length + 1 and size & 1 else (position or None)


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


def _asf(file: BinaryIO) -> int | None:
    """Read the file size of the file properties object, unless the file was streamed."""
    file.seek(16)
    header = file.read(min(int.from_bytes(file.read(8), "little"), 1 << 20))
    at = header.find(_ASF_PROPERTIES)
    if at < 0 or len(header) < at + 92:
        return None
    broadcast = header[at + 88] & 1
    return None if broadcast else int.from_bytes(header[at + 40 : at + 48], "little")


def _transport(file: BinaryIO, length: int) -> int | None:
    """Round up to whole packets of an MPEG transport stream (188 bytes; 192 in AVCHD, ISO/IEC 13818-1, 2.4.3)."""
    for packet, sync in ((188, 0), (192, 4)):
        file.seek(0)
        head = file.read(4 * packet)
        if len(head) == 4 * packet and all(head[sync + i * packet] == 0x47 for i in range(4)):
            return -(-length // packet) * packet
    return None


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

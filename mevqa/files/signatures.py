"""Kinds of files by their first bytes, for those that are given where text or a zip is expected."""

from __future__ import annotations

from collections.abc import Mapping

#: First bytes of common files (https://www.garykessler.net/library/file_sigs.html, and the formats' own pages).
_SIGNATURES: Mapping[bytes, str] = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (xlsx)",
    b"PK\x05\x06": "an empty zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a spreadsheet or document of old Office (xls)",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\x00": "an SQLite database",
    b"%PDF": "a PDF",
    b"\x93NUMPY": "a NumPy array",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x80\x04\x95": "a pickle of Python",
}
_TAR = (257, b"ustar")


def file_kind(data: bytes) -> str | None:
    """Return what kind of file begins with some bytes, with its article; None for text and unknown kinds.

    Args:
        data: The first bytes of the file, 300 or more where there are so many.
    """
    start, name = _TAR
    if data[start : start + len(name)] == name:
        return "a tar archive"
    return next((kind for begin, kind in _SIGNATURES.items() if data.startswith(begin)), None)

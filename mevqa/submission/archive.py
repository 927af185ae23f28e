"""The zip of a submission, read with every problem of its packing; nothing is ever unpacked to a folder."""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import check_file
from mevqa.files.signatures import file_kind
from mevqa.files.system_errors import reading

#: No submission is near this large; a zip that unpacks to more is not one.
_LARGEST = 64 << 20
#: Nor has one so many files.
_MOST = 1000
#: Methods that common readers have (APPNOTE.TXT of the zip format, section 4.4.5).
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES encryption"}
#: Files that operating systems add by themselves.
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$", re.IGNORECASE)
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, RuntimeError, NotImplementedError, ValueError, OverflowError),
)
_ENCRYPTED = 0x1


@dataclass(slots=True)
class Archive:
    """Content and problems of a zip.

    Attributes:
        members: Content by official name.
        problems: Faults that make the zip invalid.
        repairable: Those of the problems that packing anew mends.
        cosmetic: Flaws of packing that did not hinder reading.
    """

    members: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    repairable: list[Problem] = field(default_factory=list)
    cosmetic: list[Problem] = field(default_factory=list)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip, or is named like one.

    Raises:
        InputError: It is another archive, or a damaged zip.
    """
    with reading(path):
        check_file(path)
    with path.open("rb") as stream:
        kind = file_kind(stream.read(512))
    if zipfile.is_zipfile(path):
        return True
    if kind is not None and "zip archive" not in kind:
        raise InputError([Problem(path, f"is {kind}; hand in a zip, or the file of answers itself")])
    if kind is not None or path.suffix.lower() == ".zip":
        raise InputError([Problem(path, "is not a zip, or a damaged one; pack it again")])
    return False


def read_archive(path: Path, expected: Collection[str]) -> Archive:
    """Read the files of a zip that are asked for.

    Args:
        path: The zip.
        expected: Official names; each must stand at the top of the zip, once, and nothing else.

    Raises:
        InputError: The zip as a whole cannot be read, or is no submission by its size.
    """
    archive = Archive()
    try:
        with zipfile.ZipFile(path) as package:
            entries = [entry for entry in package.infolist() if not entry.filename.endswith(("/", "\\"))]
            _refuse_size(path, entries)
            for name, entry in _chosen(path, entries, expected, archive).items():
                try:
                    archive.members[name] = _read(package, entry)
                except _Unreadable as error:
                    archive.problems.append(Problem(f"{path}/{name}", str(error)))
                if entry.compress_type in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
                    method = _METHODS[entry.compress_type]
                    archive.cosmetic.append(
                        Problem(f"{path}/{name}", f"is compressed by {method}, which not every reader has")
                    )
    except _BROKEN as error:
        raise InputError([Problem(path, f"is a damaged zip ({_one_line(error)}); pack it again")]) from error
    return archive


class _Unreadable(Exception):
    """A member that cannot be read; the message says why and the mend."""


def _refuse_size(path: Path, entries: Collection[zipfile.ZipInfo]) -> None:
    if len(entries) > _MOST:
        raise InputError([Problem(path, f"holds {len(entries)} files; it is no submission")])
    if sum(entry.file_size for entry in entries) > _LARGEST:
        raise InputError([Problem(path, f"unpacks to more than {_LARGEST >> 20} MB; it is no submission")])


def _chosen(
    path: Path, entries: Collection[zipfile.ZipInfo], expected: Collection[str], archive: Archive
) -> dict[str, zipfile.ZipInfo]:
    """Return the entry of each official name; names that must not be there are problems."""
    chosen: dict[str, zipfile.ZipInfo] = {}
    places: Counter[str] = Counter()
    litter = []
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        base = name.rpartition("/")[2]
        quoted = repr(entry.filename)
        if _LITTER.search(name):
            litter.append(entry.filename)
        elif name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
            archive.problems.append(Problem(path, f"holds {quoted}, a path that leads out of the zip's folder"))
            places[base] += base in expected
        elif base not in expected:
            archive.problems.append(Problem(path, f"holds {quoted}, which no question file asks for"))
        else:
            places[base] += 1
            chosen.setdefault(base, entry)
            if name != base:
                inside = Problem(path, f"holds {quoted} in a folder; it must stand at the top of the zip")
                archive.problems.append(inside)
                archive.repairable.append(inside)
    for name in expected:
        if not places[name]:
            archive.problems.append(Problem(path, f"lacks {name}"))
        elif places[name] > 1:
            archive.problems.append(Problem(path, f"holds {name!r} {_times(places[name])}; keep one"))
            chosen.pop(name, None)
    if litter:
        more = f" and {len(litter) - 1} more" if len(litter) > 1 else ""
        archive.cosmetic.append(Problem(path, f"holds {litter[0]!r}{more}, files of the operating system"))
    return chosen


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the content of one file."""
    if entry.flag_bits & _ENCRYPTED or entry.compress_type == 99:
        raise _Unreadable("is locked with a password; pack it without one")
    if entry.compress_type not in _READABLE:
        method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        raise _Unreadable(f"is compressed by {method}, which the usual readers lack; pack it again with plain Deflate")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _Unreadable("is a symbolic link, not a file; pack the file itself")
    try:
        with package.open(entry) as stream:
            content = stream.read(_LARGEST + 1)
    except _BROKEN as error:
        raise _Unreadable(f"is damaged ({_one_line(error)}); pack it again") from error
    if len(content) != entry.file_size:
        raise _Unreadable(f"is damaged ({len(content)} bytes in place of {entry.file_size}); pack it again")
    return content


def _one_line(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__

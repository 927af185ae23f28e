"""Reading a user's file, and nothing that would wait or go on for ever."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import BinaryIO

_CALLED = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def check_file(path: Path) -> None:
    """Refuse pipes, sockets and devices; what a shell gives for ``<(COMMAND)`` and ``/dev/stdin`` may be a pipe.

    Raises:
        OSError: It is no file, or is not there.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind in _CALLED and not (kind == stat.S_IFIFO and str(path).startswith(("/dev/", "/proc/"))):
        raise OSError(errno.EINVAL, f"it is {_CALLED[kind]}, not a file", str(path))


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        OSError: It cannot be opened, or is no file.
    """
    check_file(path)
    return path.open("rb")


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        OSError: It cannot be read, or is no file.
    """
    check_file(path)
    return path.read_bytes()

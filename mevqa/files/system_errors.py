"""Errors of the operating system as one clear line: which file, what cannot be done with it, why, and the mend."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from mevqa.errors import InputError, MediaError, Problem

_ELSEWHERE = "name a place that you may write to"
#: Advice for an error, by its number.
_MENDS = {
    errno.ENOSPC: "make room and repeat the command",
    errno.EDQUOT: "make room and repeat the command",
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: "change its permissions, or name another",
    errno.EPERM: "change its permissions, or name another",
    errno.ENOENT: "it may have been moved while it was in use",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "a part of its path is a file",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or write less",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close other programs that hold files open",
    errno.EIO: "look after the disk or the network drive, and repeat the command",
    errno.ESTALE: "look after the network drive, and repeat the command",
    errno.ELOOP: "its links lead round in a circle",
    errno.ENOMEM: "close other programs, or give it less at once",
    errno.ENXIO: "nothing reads from it",
}
#: How libraries written in Rust (safetensors, tokenizers) name the system's error inside one of their own.
_RUST = re.compile(r"\(os error (\d+)\)")
#: What Python has for the bytes of a file name that are not UTF-8 (PEP 383).
_NAME_BYTES = re.compile("[\udc80-\udcff]")
#: How ``shutil`` lists the system's errors of many files in one of its own.
_ERRNO = re.compile(r"\[Errno (\d+)\]")
#: Messages of torch for a file that could not be written to its end; they do not say why.
_TORCH = re.compile(r"PytorchStreamWriter failed|inline_container\.cc.*unexpected pos")

#: Message of ``Path.resolve`` for a circle of links, up to Python 3.12.
_CIRCLE = re.compile(r"Symlink loop from '(.*)'$", re.DOTALL)


def reason(error: OSError) -> str:
    """Return why the system refused, and the mend where there is one."""
    why = error.strerror or str(error) or type(error).__name__
    mend = _MENDS.get(error.errno) if error.errno is not None else None
    return f"{why}; {mend}" if mend else why


def unreadable(error: OSError) -> str:
    """Return that an input cannot be read, and why; a folder where a file is meant is the commonest cause."""
    if error.errno == errno.EISDIR:
        return "cannot be read: it is a folder; name a file in it"
    return f"cannot be read: {error.strerror or error}"


def problem_of(error: OSError, otherwise: Path | str = "the system") -> Problem:
    """Return an error with the file that it names.

    Args:
        error: The error.
        otherwise: Name for an error that names no file.
    """
    name = error.filename2 or error.filename
    return Problem(os.fsdecode(name) if isinstance(name, (str, bytes)) else otherwise, reason(error))


def media_problem(error: MediaError | OSError, path: Path) -> Problem:
    """Return the problem of a video that cannot be read, with the file at fault: that of one frame of a folder."""
    if isinstance(error, MediaError):
        return Problem(error.path, error.reason)
    return Problem(path, f"cannot be read: {reason(error)}")


def as_system_error(error: BaseException) -> OSError | None:
    """Return the system's error that a library has wrapped into one of its own; None where there is none."""
    if isinstance(error, shutil.Error) and (match := _ERRNO.search(str(error))) is not None:
        return OSError(int(match[1]), os.strerror(int(match[1])))
    if isinstance(error, OSError):
        return error
    if (match := _RUST.search(str(error))) is not None:
        return OSError(int(match[1]), os.strerror(int(match[1])))
    if isinstance(error, RuntimeError) and (match := _CIRCLE.match(str(error))) is not None:
        return OSError(errno.ELOOP, os.strerror(errno.ELOOP), match[1])
    if isinstance(error, UnicodeEncodeError) and _NAME_BYTES.search(error.object[error.start : error.end]):
        name = error.object[max(0, error.start - 40) : error.end + 40]
        return OSError(errno.EILSEQ, "the name is not UTF-8; rename it", name)
    if isinstance(error, MemoryError):
        return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    if _TORCH.search(str(error)):
        return OSError(None, "a file of weights could not be written to its end; make room and repeat the command")
    return None


def reading(path: Path | str) -> AbstractContextManager[None]:
    """Turn the system's errors into one line about the file that is read; as ``writing``."""
    return writing(path, "cannot be read")


@contextmanager
def writing(path: Path | str, what: str = "cannot be written") -> Iterator[None]:
    """Turn the system's errors into one line about the file or folder that is written.

    Args:
        path: Its name for the user.
        what: Beginning of the message, what has failed.

    Raises:
        InputError: It cannot be written.
    """
    try:
        yield
    except Exception as error:
        if (system_error := as_system_error(error)) is None:
            raise
        raise InputError([Problem(path, f"{what}: {reason(system_error)}")]) from error

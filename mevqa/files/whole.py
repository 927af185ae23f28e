"""Files and folders that appear whole or not at all, whenever the process that writes them is killed.

They are written under a name of their own beside, and renamed at the end. What a killed process left under such a name
is written anew by the next one; names of that form are never another's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.files.lock import LOCK_NAME, hold_folder

#: What a half-written file or folder is called: a dot, its name, and this.
PART_ENDING = ".mevqa-part"


def part_of(path: Path) -> Path:
    """Return where a file or folder is written until it is whole."""
    return path.with_name(f".{path.name}{PART_ENDING}")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a kill leaves either the old or the new one.

    Args:
        path: The file.
        content: Its bytes, or text that is written as UTF-8 with the line ends that it has.

    Raises:
        OSError: It cannot be written.
    """
    part = part_of(path)
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(part, path)


def is_vacant(folder: Path) -> bool:
    """Return whether a folder holds nothing but locks and what a killed process of ours left half-written."""
    return all(is_leftover(path) for path in folder.iterdir())


def is_leftover(path: Path) -> bool:
    """Return whether a name is that of a lock, or of something half-written."""
    return path.name.startswith(LOCK_NAME) or (path.name.startswith(".") and path.name.endswith(PART_ENDING))


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Fill a folder beside ``target`` that takes its name at the end; what goes wrong before leaves nothing behind.

    What a killed process left half-written is cleared and begun again; two processes cannot fill it at once.

    Args:
        target: The folder to make: absent, or there and empty. Missing parents are made, and removed again where the
            work fails.

    Yields:
        The folder to fill.

    Raises:
        InputError: Nothing can be written there, or another process is filling it.
    """
    target = target.resolve()
    filling = part_of(target)
    with hold_folder(filling, name=target):
        _clear(filling)
        try:
            yield filling
        except BaseException:
            _clear(filling)
            raise
    try:
        if target.exists():
            target.rmdir()  # It is empty; not every system lets a folder take the place of another.
        filling.rename(target)
    except OSError as error:
        shutil.rmtree(filling, ignore_errors=True)
        raise InputError([Problem(target, f"cannot be made: {error.strerror or error}")]) from error


def _clear(folder: Path) -> None:
    """Remove all that is in a folder but its lock."""
    for path in folder.iterdir():
        if path.name.startswith(LOCK_NAME):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

"""Files and folders that appear whole or not at all, whenever the process that writes them is killed.

They are written under a name of their own beside, and renamed at the end. What a killed process left under such a name
is written anew by the next one; names of that form are never another's.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.errors import InputError, Problem
from mevqa.files.lock import LOCK_NAME, hold_folder
from mevqa.files.system_errors import writing

if TYPE_CHECKING:
    from PIL.Image import Image

#: Ending of a half-written file or folder: its name is a dot, the final name, and this.
PART_ENDING = ".mevqa-part"
#: Bytes of the longest name that common file systems take.
_LONGEST_NAME = 255


def part_of(path: Path) -> Path:
    """Return where a file or folder is written until it is whole."""
    return path.with_name(f".{bounded_name(path.name, len(PART_ENDING) + 1)}{PART_ENDING}")


def bounded_name(name: str, more: int = 0) -> str:
    """Return a file name, or its hash where it is longer than file systems take with some more characters."""
    if len(os.fsencode(name)) + more <= _LONGEST_NAME:
        return name
    return hashlib.blake2b(os.fsencode(name), digest_size=8).hexdigest()


def write_whole(path: Path, content: str | bytes) -> None:
    r"""Write a file so that a kill or a full disk leaves either the old or the new one.

    What is no regular file (``/dev/stdout``, a pipe) is written to directly; a link stays a link to what is replaced.

    Args:
        path: The file; its folder is there.
        content: Its bytes, or text that is written as UTF-8 with the line ends that it has. Bytes of file names that
            are not UTF-8 are written as ``\udcXX``, which is what JSON calls them.

    Raises:
        InputError: It cannot be written.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with writing(path), replacing(path) as part:
        part.write_bytes(data)


def append_whole(path: Path, text: str) -> None:
    """Add lines to a file and force them to the disk; what does not fit on it is taken back.

    Args:
        path: The file; it is made where it is not there.
        text: The lines, each with its end.

    Raises:
        InputError: They cannot be written.
    """
    data = text.encode("utf-8", "backslashreplace")
    with writing(path), path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            while data:
                data = data[file.write(data) :]
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


def write_picture(path: Path, image: Image, **options: bool) -> None:
    """Write a picture whole, in the format of its suffix; PNG where that names none.

    Args:
        path: The file.
        image: The picture.
        options: Of the format, as for Pillow's ``save``.

    Raises:
        InputError: It cannot be written, or there is no such picture in that format.
    """
    from PIL import Image

    content = io.BytesIO()
    try:
        image.save(content, Image.registered_extensions().get(path.suffix.lower(), "PNG"), **options)
    except (OSError, ValueError, KeyError) as error:
        raise InputError([Problem(path, f"cannot be written: {error}")]) from error
    write_whole(path, content.getvalue())


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, where it is not there.

    Raises:
        InputError: It cannot be made, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError([Problem(folder, "is a file; name another folder")])
    with writing(folder, "cannot be made"):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file beside ``path`` that takes its name at the end; what goes wrong before leaves nothing behind.

    Args:
        path: The file.

    Yields:
        Where to write it.

    Raises:
        OSError: It cannot be written.
    """
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode) or path.is_relative_to("/dev") or path.is_relative_to("/proc"):
            # A pipe that nobody reads would wait for ever.
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            yield path
            return
    target = Path(os.path.realpath(path))
    part = part_of(target)
    try:
        yield part
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


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
            with writing(target), utf8_named(filling) as named:
                yield named
        except BaseException:
            _clear(filling)
            raise
    try:
        with writing(target, "cannot be made"):
            if target.exists():
                target.rmdir()  # It is empty; not every system lets a folder take the place of another.
            filling.rename(target)
    except InputError:
        shutil.rmtree(filling, ignore_errors=True)
        raise


@contextmanager
def whole_files(folder: Path) -> Iterator[Path]:
    """Let a library that writes in place fill a folder aside; its files then take their names in ``folder``.

    Args:
        folder: Where the files and folders belong; it is there. What has one of their names is replaced.

    Yields:
        The folder to fill.

    Raises:
        InputError: Nothing can be written there.
    """
    part = part_of(folder / "files")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with writing(folder):
            part.mkdir()
            with utf8_named(part) as named:
                yield named
            for path in sorted(part.iterdir()):
                target = folder / path.name
                if path.is_dir():
                    shutil.rmtree(target, ignore_errors=True)
                path.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def utf8_named(folder: Path) -> Iterator[Path]:
    """Give a folder a name that is UTF-8: its own, or that of a temporary link to it.

    File names are bytes; the tokenisers' library reads texts only.

    Args:
        folder: The folder.

    Yields:
        A path that leads to it.
    """
    try:
        str(folder.absolute()).encode("utf-8")
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="mevqa-name-") as aside:
            link = Path(aside) / "folder"
            link.symlink_to(folder.absolute(), target_is_directory=True)
            yield link
    else:
        yield folder


def _clear(folder: Path) -> None:
    """Remove all that is in a folder but its lock."""
    for path in folder.iterdir():
        if path.name.startswith(LOCK_NAME):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

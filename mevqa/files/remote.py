"""Media that lie elsewhere (``s3://``, ``gs://``, ``hf://``), fetched through fsspec where they are read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from mevqa.errors import InputError, Problem


@dataclass(frozen=True, slots=True, order=True)
class RemoteFile:
    """A file that fsspec can read.

    Attributes:
        url: With its scheme.
    """

    url: str

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(self.url).name

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return PurePosixPath(self.url).stem

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.url).suffix

    def is_dir(self) -> bool:
        """Return that it is a file: folders of frames are read where they are."""
        return False

    def __str__(self) -> str:
        return self.url


#: A file here or elsewhere.
AnyFile: TypeAlias = Path | RemoteFile


def is_remote(name: object) -> bool:
    """Return whether a name has a scheme, and so is no path."""
    return "://" in str(name) and not isinstance(name, Path)


def list_remote(url: str, suffixes: frozenset[str] | tuple[str, ...]) -> list[RemoteFile]:
    """Return the files with one of some endings that a URL stands for: itself, or those right below it, sorted.

    Args:
        url: Of a file or a folder.
        suffixes: Endings in lower case, with their dot.

    Raises:
        InputError: The package that reads that scheme is not installed, the URL cannot be reached, there is no
            such file or folder, or the folder holds no such file.
    """
    system, path = _file_system(url)
    try:
        if system.isfile(path):
            return [RemoteFile(url)]
        names = system.ls(path, detail=False)
    except Exception as error:  # of many libraries and servers
        raise InputError([Problem(url, f"cannot be listed: {_reason(error)}")]) from error
    scheme = url.partition("://")[0]
    files = sorted(
        RemoteFile(name if "://" in name else f"{scheme}://{name}")
        for name in map(str, names)
        if PurePosixPath(name).suffix.lower() in suffixes
    )
    if not files:
        raise InputError([Problem(url, f"holds no file that ends in {', '.join(sorted(suffixes))}")])
    return files


@contextmanager
def local_copy(file: AnyFile) -> Iterator[Path]:
    """Give a file as one on this machine: itself, or a copy that is deleted afterwards.

    Args:
        file: The file.

    Raises:
        InputError: The package that reads its scheme is not installed, or it cannot be fetched.
    """
    if isinstance(file, Path):
        yield file
        return
    system, path = _file_system(file.url)
    with tempfile.TemporaryDirectory(prefix="mevqa-") as folder:
        copy = Path(folder) / file.name
        try:
            system.get_file(path, str(copy))
        except Exception as error:  # of many libraries and servers
            raise InputError([Problem(file.url, f"cannot be fetched: {_reason(error)}")]) from error
        yield copy


def _file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
        return system, str(path)
    except ImportError as error:
        raise InputError([Problem(url, f"what reads it is not installed: {_reason(error)}")]) from error
    except ValueError as error:
        raise InputError([Problem(url, f"cannot be read: {_reason(error)}")]) from error


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")

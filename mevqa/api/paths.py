"""Paths and lists of paths as callers give them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from mevqa.files.remote import is_remote

#: A file or folder.
AnyPath: TypeAlias = str | os.PathLike[str]


def optional_path(path: AnyPath | None) -> Path | None:
    """Return a path, None for None."""
    return None if path is None else Path(path)


def path_list(paths: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return a list of paths, also where one alone is given."""
    if isinstance(paths, (str, os.PathLike)):
        return [Path(paths)]
    return [Path(path) for path in paths]


def media_list(media: AnyPath | Sequence[AnyPath]) -> list[Path | str]:
    """Return a list of paths and, where they are given, URLs, which no path could hold."""
    several = [media] if isinstance(media, (str, os.PathLike)) else media
    return [str(path) if is_remote(path) else Path(path) for path in several]

"""Folders whose names are not UTF-8, for libraries that take only names that are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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

"""Uploaded files until a page opens them; files of interrupted uploads, and those never opened, are removed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Uploads of all browsers together that are sent at once, and as many may wait to be opened: with the largest file that
#: is taken they bound what is written. A page opens at once what it has sent, so that old ones wait in vain.
MOST_UPLOADS = 8


class Uploads:
    """Files that browsers send, in the folder into which Gradio writes them.

    While a file is sent it lies in the folder itself, afterwards in a folder below it, which is named by its content.

    Args:
        folder: That folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way = 0
        self._waiting: dict[Path, str | None] = {}
        self._lock = threading.Lock()

    @contextmanager
    def under_way(self) -> Iterator[bool]:
        """Count an upload while it is sent; after the last one the files of interrupted uploads are removed.

        Yields:
            Whether there is room for it; else it must not be written.
        """
        with self._lock:
            has_room = self._under_way < MOST_UPLOADS
            self._under_way += has_room
        if not has_room:
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                self._under_way -= 1
                if not self._under_way:
                    for part in self._folder.iterdir():
                        if part.is_file():
                            _remove(part)

    def received(self, owner: str | None, answer: bytes) -> None:
        """Note the files of a whole upload.

        Args:
            owner: The browser that sent them.
            answer: What Gradio answers: their paths as a JSON list, or why they were refused.
        """
        try:
            names = json.loads(answer)
        except ValueError:
            return
        if not isinstance(names, list):
            return
        paths = [Path(name) for name in names if isinstance(name, str)]
        with self._lock:
            self._waiting |= {path: owner for path in paths if path.is_relative_to(self._folder)}
            oldest = list(self._waiting)[:-MOST_UPLOADS]
        for path in oldest:
            self.discard(path)

    def discard(self, path: Path) -> None:
        """Remove a file that was opened, or could not be."""
        with self._lock:
            self._waiting.pop(path, None)
        if path.resolve().is_relative_to(self._folder):
            _remove(path)

    def discard_all(self, owner: str | None) -> None:
        """Remove the files that a browser has sent and not opened."""
        with self._lock:
            paths = [path for path, sender in self._waiting.items() if sender == owner]
        for path in paths:
            self.discard(path)


def _remove(path: Path) -> None:
    with suppress(OSError):  # It is gone, or still open where an open file cannot be removed.
        path.unlink()

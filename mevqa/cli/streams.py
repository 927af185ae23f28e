r"""Standard output and standard error that closed descriptors, full disks and narrow encodings cannot trip.

What an encoding lacks is written as in JSON (``\u2588``), so that JSON stays JSON. Notes on standard error that cannot
be written end nothing; an answer on standard output that cannot be written is an error.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mevqa.errors import MevqaError
from mevqa.files.system_errors import reason
from mevqa.safe_text import visible, without_secrets


class _Stream:
    """A text stream that says in one line what is wrong with it, or nothing.

    Ids, file names and answers come from others: control characters in them are shown and not obeyed, and secrets are
    starred out.

    Attributes:
        drawn: The same stream for texts with control characters of their own (progress bars), which it passes on as
            they are; None: this is that stream.
    """

    def __init__(self, stream: Any, *, must_work: bool, draws: bool = False) -> None:
        self._stream = stream
        self._must_work = must_work
        self.drawn = None if draws else _Stream(stream, must_work=must_work, draws=True)

    def write(self, text: str) -> int:
        """Write a text.

        Raises:
            MevqaError: It is standard output and cannot be written.
            BrokenPipeError: It is standard output and nobody reads on.
        """
        self._try(self._stream.write, visible(without_secrets(text)) if self.drawn is not None else text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back; errors as for ``write``."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _try(self, act: Any, *words: str) -> None:
        try:
            act(*words)
        except (OSError, ValueError) as error:
            _discard(self._stream)
            if not self._must_work:
                return
            if not isinstance(error, OSError) or isinstance(error, BrokenPipeError):
                raise
            raise MevqaError(f"standard output: cannot be written: {reason(error)}") from error


@contextmanager
def usable_streams() -> Iterator[None]:
    """Make the standard streams usable while a command runs."""
    _occupy_closed_descriptors()
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mevqa.escape")
    try:
        sys.stdout = _Stream(before[0] or _nowhere(), must_work=True)
        sys.stderr = _Stream(before[1] or _nowhere(), must_work=False)
        yield
    finally:
        sys.stdout, sys.stderr = before


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return characters that an encoding lacks as JSON escapes them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    numbers = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(f"\\u{number:04x}" for number in numbers), error.end


codecs.register_error("mevqa.escape", _escape)


def _nowhere() -> io.TextIOWrapper:
    return open(os.devnull, "w", encoding="utf-8")


def _occupy_closed_descriptors() -> None:
    """Open the standard descriptors that are closed, so that no output file gets their numbers and foreign text."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The system gives the lowest number that is free.


def _discard(stream: Any) -> None:
    """Let the rest of a stream go nowhere: Python writes it out once more as it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

"""Verbosity: lines of progress and notes on standard error, which ``-q`` hides.

The library's own steps are logged under the name ``mevqa``, which ``-v`` shows.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_hidden = 0


def progress_shows() -> bool:
    """Return whether progress and notes are wanted."""
    return not _hidden


@contextmanager
def hidden_progress() -> Iterator[None]:
    """Show neither progress nor notes; warnings and errors are shown as ever."""
    global _hidden
    _hidden += 1
    try:
        yield
    finally:
        _hidden -= 1


def show(text: str) -> None:
    """Print a line of progress, or a note, on standard error where it is wanted."""
    if progress_shows():
        print(text, file=sys.stderr, flush=True)


@contextmanager
def logged_steps() -> Iterator[None]:
    """Write the library's log of its steps to standard error."""
    log = logging.getLogger("mevqa")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]

"""Interrupts and the request to terminate: no traceback, the exit code that shells expect, and time to tidy up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit codes of a process that a signal ended: 128 and the signal's number.
INTERRUPTED, TERMINATED = 130, 143


class Terminated(BaseException):
    """The process was asked to end (SIGTERM); no handler of ordinary errors may swallow it."""


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into ``Terminated`` in the main thread, so that locks are released and folders are tidied.

    Batch systems send it before they kill; left alone it ends Python on the spot. Nothing is changed outside the main
    thread, and where the caller handles it already.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

"""Interrupts and the request to terminate: no traceback, the exit code that shells expect, and time to tidy up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit codes of a process that a signal ended: 128 and the signal's number.
INTERRUPTED, TERMINATED = 130, 143
#: How many pieces of work are under way that are finished first, and whether the process was asked to terminate.
_under_way, _asked = 0, False
#: Whether processes are forked that are to end without a word.
_quiet = False


class Terminated(BaseException):
    """The process was asked to end (SIGTERM); no handler of ordinary errors may swallow it."""


def _terminate(number: int, frame: FrameType | None) -> None:
    global _asked
    if _asked or not _under_way:
        _asked = False
        raise Terminated
    _asked = True


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
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def finished_first() -> Iterator[None]:
    """Let a request to terminate wait for the work inside, e.g. a clip and its answers; a second one does not wait.

    Raises:
        Terminated: At the end, where it was asked for in the meantime.
    """
    global _under_way, _asked
    _under_way += 1
    try:
        yield
    finally:
        _under_way -= 1
    if _asked and not _under_way:
        _asked = False
        raise Terminated


@contextmanager
def quiet_workers() -> Iterator[None]:
    """Let processes that are forked inside end without a word: only this one answers to an interrupt.

    A terminal sends an interrupt to all of them, and each would print a traceback. Nothing is changed outside the main
    thread.

    Raises:
        BaseException: The error of the interrupt, also where a library that was tidying up raised something else.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    global _quiet
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    raised: list[BaseException] = []

    def handle(number: int, frame: FrameType | None) -> None:
        handler = before[signal.Signals(number)]
        try:
            if callable(handler):
                handler(number, frame)
            elif handler is signal.SIG_DFL:
                raise Terminated
        except BaseException as error:
            raised.append(error)
            raise

    try:
        for number in before:
            signal.signal(number, handle)
        _quiet = True
        yield
    except Exception:
        if raised:
            raise raised[0] from None
        raise
    finally:
        _quiet = False
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Start processes (of the method ``spawn``) inside that an interrupt of the terminal does not reach.

    A terminal interrupts all processes; only this one answers, and ends the others. They inherit the blocked signals of
    the thread that starts them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # With the first process Python starts its tracker of resources, and then unblocks interrupts: it must run before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: Signals that were blocked in the thread that forks, before it forked.
_forking = threading.local()


def _block_termination() -> None:
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,)) if _quiet else None


def _restore_mask() -> None:
    if _forking.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _quieten_child() -> None:
    if _forking.mask is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _restore_mask()


if hasattr(os, "register_at_fork"):
    # Python forgets a signal that reaches a process while it is forked: a pool would wait for it for ever.
    os.register_at_fork(before=_block_termination, after_in_parent=_restore_mask, after_in_child=_quieten_child)

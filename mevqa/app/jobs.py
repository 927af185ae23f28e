"""Work in a thread of its own that says how far it is and can be stopped in the middle."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")

#: Seconds between two looks at how far it is.
_INTERVAL = 0.15


class StoppedError(BaseException):
    """The work was stopped by the user; no handler of ordinary errors may swallow it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far work is.

    Attributes:
        text: What is under way.
        done: Of ``total`` units; 0 of 0 where it cannot be told.
        total: In all.
    """

    text: str
    done: int = 0
    total: int = 0


#: Tells what is under way, and how far: text, done, total.
Report = Callable[[str, int, int], None]


class Job(Generic[_T]):
    """One piece of work.

    Stopping raises ``StoppedError`` inside the work, as an interrupt of the keyboard does in the main thread: a model
    stops between two tokens, the spotter between two frames.

    Args:
        work: What is done; it is given a function that tells how far it is.
    """

    def __init__(self, work: Callable[[Report], _T]) -> None:
        self._work = work
        self._progress = Progress("Starting")
        self._result: list[_T] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="mevqa-app-job", daemon=True)

    def start(self) -> Job[_T]:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the work where it is; nothing happens where it has ended."""
        with self._lock:
            if self._finished.is_set() or self._stopped:
                return
            self._stopped = True
            if self._thread.ident is not None:
                target = ctypes.c_ulong(self._thread.ident)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(StoppedError))

    @property
    def stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stopped

    def follow(self) -> Iterator[Progress]:
        """Yield how far it is, now and whenever that changes, until it has ended."""
        told: Progress | None = None
        while not self._finished.is_set():
            if self._progress != told:
                told = self._progress
                yield told
            self._finished.wait(_INTERVAL)

    def result(self, timeout: float | None = None) -> _T:
        """Wait for the end and return what the work returned.

        Raises:
            StoppedError: It was stopped.
            BaseException: What the work raised.
            TimeoutError: It has not ended in time.
        """
        if not self._finished.wait(timeout):
            raise TimeoutError("the work has not ended")
        if self._stopped:
            raise StoppedError
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self) -> None:
        try:
            try:
                self._result.append(self._work(self._report))
            finally:
                # From here on nothing is raised in this thread from outside: stop() sees that it has ended.
                with self._lock:
                    self._finished.set()
        except BaseException as error:
            self._error = error
            self._finished.set()

    def _report(self, text: str, done: int = 0, total: int = 0) -> None:
        if self._stopped:
            raise StoppedError
        self._progress = Progress(text, done, total)


class RateLimit:
    """So many pieces of work in a minute for each name.

    Args:
        most: Number in ``seconds``.
        seconds: Length of the window.
        clock: Tells the time in seconds.
    """

    def __init__(self, most: int, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._times: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def wait(self, name: str) -> float:
        """Count one piece of work; return 0, or the seconds until the next one is allowed (which is not counted)."""
        with self._lock:
            now = self._clock()
            for other in [key for key, times in self._times.items() if times[-1] <= now - self._seconds]:
                del self._times[other]
            recent = [one for one in self._times.get(name, ()) if one > now - self._seconds]
            if len(recent) >= self._most:
                return recent[0] + self._seconds - now
            self._times[name] = [*recent, now]
            return 0.0

"""Jobs: work in a thread of its own that reports its progress and can be stopped at any point."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")

#: Seconds between two checks of the progress.
_INTERVAL = 0.15


class StoppedError(BaseException):
    """The work was stopped by the user; no handler of ordinary errors may swallow it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job.

    Attributes:
        text: Description of the current step.
        done: Finished units of ``total``; 0 of 0 where they cannot be counted.
        total: Units in all.
    """

    text: str
    done: int = 0
    total: int = 0


#: Reports progress: description, finished units, units in all.
Report = Callable[[str, int, int], None]


class Job(Generic[_T]):
    """One job.

    Stopping raises ``StoppedError`` inside the work, as an interrupt of the keyboard does in the main thread: a model
    stops between two tokens, the spotter between two frames.

    Args:
        work: The work; it gets a function to report its progress.
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
        """Start the thread of the job."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the job; a job that has ended is left alone."""
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
        """Yield the progress, now and whenever it changes, until the job has ended."""
        last: Progress | None = None
        while not self._finished.is_set():
            if self._progress != last:
                last = self._progress
                yield last
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
        clock: Returns the time in seconds.
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
            recent = [moment for moment in self._times.get(name, ()) if moment > now - self._seconds]
            if len(recent) >= self._most:
                return recent[0] + self._seconds - now
            self._times[name] = [*recent, now]
            return 0.0

"""Clips looked at by several processes, ahead of the model that is asked about them.

The processes are started anew and not forked: a model's library runs threads, of which a fork has only the locks. Each
imports what reads video (a second or two), which is why they are started before the model is loaded. Bounded are the
clips that lie ready: at most ``AHEAD`` for each process.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pickle import PicklingError
from typing import TYPE_CHECKING, TypeAlias

from mevqa.errors import MevqaError
from mevqa.events import Event
from mevqa.signals import interrupts_blocked
from mevqa.types import Clip

if TYPE_CHECKING:
    from mevqa.inference.drawing.cache import CachedViews
    from mevqa.inference.view_config import ViewConfig
    from mevqa.video.views.render import ClipViews

#: Clips that may be under way or lie ready, for each process.
AHEAD = 2

#: A clip, and whether it is asked about as a long video.
Look: TypeAlias = tuple[Clip, bool]


class LostProcess(MevqaError):
    """A process that draws has ended; no clip is at fault."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process that draws, and our end of the pipe to it."""

    process: BaseProcess
    pipe: Connection


class DrawingProcesses:
    """Processes that draw the views of clips ahead, until they are closed.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._all: list[_Worker] = []
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="mevqa drawing")
        self._drawn_by: ViewConfig | CachedViews | None = None
        self._waiting: list[Look] = []
        self._under_way: dict[tuple[str, bool], Future[ClipViews]] = {}

        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        with interrupts_blocked():
            for _ in range(self._count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_draw_until_closed, args=(theirs,), daemon=True)
                process.start()
                theirs.close()
                self._all.append(_Worker(process, ours))
                self._idle.put(self._all[-1])

    def close(self) -> None:
        """End the processes at once, whatever they are at."""
        for worker in self._all:
            worker.process.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._all:
            worker.process.join()
            worker.pipe.close()

    def look_ahead(self, drawn_by: ViewConfig | CachedViews, looks: Sequence[Look]) -> None:
        """Begin to look at clips; what was begun before and is not asked for any more is dropped.

        Args:
            drawn_by: What draws them.
            looks: The clips, in the order in which they will be asked for.
        """
        if drawn_by != self._drawn_by:
            self._under_way.clear()
        self._drawn_by = drawn_by
        wanted = {(clip.id, long_video) for clip, long_video in looks}
        self._under_way = {key: future for key, future in self._under_way.items() if key in wanted}
        self._waiting = [look for look in reversed(looks) if (look[0].id, look[1]) not in self._under_way]
        self._hand_out()

    def render(self, clip: Clip, *, long_video: bool) -> ClipViews:
        """Return the views of a clip, once a process has drawn them.

        Args:
            clip: The clip.
            long_video: Whether it is asked about as a long video.

        Raises:
            LostProcess: A process was ended by the system.
            InputError: As for ``ViewConfig.render``.
            MediaError: Likewise.
        """
        key = (clip.id, long_video)
        if key not in self._under_way:
            self._waiting = [look for look in self._waiting if (look[0].id, look[1]) != key]
            self._begin((clip, long_video))
        try:
            return self._under_way[key].result()
        finally:  # A clip that cannot be drawn makes room for the next, too.
            del self._under_way[key]
            self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and len(self._under_way) < AHEAD * self._count:
            self._begin(self._waiting.pop())

    def _begin(self, look: Look) -> None:
        assert self._drawn_by is not None
        self._under_way[look[0].id, look[1]] = self._threads.submit(self._ask, self._drawn_by, look)

    def _ask(self, drawn_by: ViewConfig | CachedViews, look: Look) -> ClipViews:
        """Have a process that has nothing to do look at a clip."""
        worker = self._idle.get()
        try:
            worker.pipe.send((drawn_by, _sendable(look[0]), look[1]))
            outcome: ClipViews | BaseException = worker.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._lost(worker) from error
        finally:
            self._idle.put(worker)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _lost(self, worker: _Worker) -> LostProcess:
        """Return the error of a process that ended while it looked at a clip."""
        worker.process.join(5)
        code = worker.process.exitcode
        if code is not None and code > 0:
            why = (
                "a process that draws could not start (see above); a script that asks for several needs "
                "`if __name__ == '__main__':` around what it does"
            )
        else:
            why = f"one of {self._count} processes was ended by the system, often for lack of memory; name fewer"
        return LostProcess(f"--workers: {why}; the same command goes on")


def _sendable(clip: Clip) -> Clip:
    """Return what of a clip decides its pictures, in a form that can be sent."""
    annotation = clip.annotation
    event = None if annotation is None else Event(annotation.onset, annotation.apex, annotation.offset)
    return replace(clip, annotation=event, pictures=dict(clip.pictures), notes=())


def _draw_until_closed(pipe: Connection) -> None:
    """Look at clips until nobody asks any more: what a process that draws does."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    import cv2

    import mevqa.video.views.render  # noqa: F401 - while the model is loaded, and not with the first clip

    cv2.setNumThreads(1)  # As many processes as there are cores keep these busy without.
    with suppress(EOFError, OSError, BrokenPipeError):
        while True:
            drawn_by, clip, long_video = pipe.recv()
            try:
                outcome: ClipViews | Exception = drawn_by.render(clip, long_video=long_video)
            except Exception as error:  # Raised where the clip is asked for.
                outcome = error
            try:
                pipe.send(outcome)
            except (PicklingError, TypeError, AttributeError):
                pipe.send(RuntimeError(f"{type(outcome).__name__}: {outcome}"))

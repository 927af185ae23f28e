"""Processes of this machine, a new one for each item: one that the system ends costs its own item only."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from mevqa.engines.base import Item, Lost, Result
from mevqa.signals import quiet_workers

_ENDED = "the process that worked on it was ended by the system, often for lack of memory; name fewer --workers"


class LocalEngine:
    """Processes of this machine; with one worker the work is done in this one.

    Args:
        workers: Processes at once.
    """

    shares_files = True

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[tuple[int, Result | Lost], None, None]:
        """Yield the index of each item with its result, as ``Engine`` has it."""
        if self._workers == 1:
            yield from ((place, work(item)) for place, item in enumerate(items))
            return
        with quiet_workers(), closing(_in_processes(work, items, self._workers)) as done:
            yield from done


def _in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[tuple[int, Result | Lost], None, None]:
    context = _context()
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    waiting = list(enumerate(items))[::-1]
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                place, item = waiting.pop()
                ours, theirs = context.Pipe(duplex=False)
                process: BaseProcess = context.Process(target=_send, args=(theirs, work, item), daemon=True)
                process.start()
                theirs.close()
                running[ours] = place, process
            # A pipe is ready when its result comes or its process has ended: a large result is read while it is sent.
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                place, ended = running.pop(ready)
                result = _received(ready)
                ended.join()
                yield place, result
    finally:
        for ours, (_, left) in running.items():
            left.terminate()
            left.join()
            ours.close()


def _context() -> Any:
    """Return the start method of processes: forks, which keep registered entries, where a fork is safe."""
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    # A fork of a process that has joined a cluster of Ray waits for ever for threads that it does not have.
    ray = sys.modules.get("ray")
    joined = ray is not None and ray.is_initialized()
    return multiprocessing.get_context("fork" if can_fork and not joined else "spawn")


def _send(theirs: Connection, work: Callable[[Item], Result], item: Item) -> None:
    theirs.send(work(item))
    theirs.close()


def _received(ours: Connection) -> Any:
    """Return the result that a process sends, ``Lost`` where it ended before."""
    try:
        return ours.recv()
    except EOFError:
        return Lost(_ENDED)
    finally:
        ours.close()

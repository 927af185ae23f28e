"""A cluster of Ray: the one that ``RAY_ADDRESS`` names, else processes of this machine that Ray starts and ends."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from mevqa.engines.base import Item, Lost, Result
from mevqa.errors import InputError, Problem

#: How often an item whose process was ended is tried again, elsewhere where it can be.
RETRIES = 2
#: Items under way for each worker: one that is worked on and one that waits, so that nobody is idle.
_AHEAD = 2
#: Seconds after which a waiting driver looks whether it was interrupted.
PATIENCE = 1.0
#: Seconds within which the head of a cluster takes a connection.
_ANSWER = 10.0


class RayEngine:
    """Tasks of Ray, one an item.

    Args:
        workers: Tasks at once; on this machine as many processes are started.

    Raises:
        InputError: Ray is not installed.
    """

    shares_files = False

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._ray = import_ray()

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[tuple[int, Result | Lost], None, None]:
        """Yield the index of each item with its result, as ``Engine`` has it.

        Raises:
            InputError: The cluster that ``RAY_ADDRESS`` names cannot be reached.
        """
        ray = self._ray
        with join_cluster(ray, self._workers):
            folder = os.getcwd()

            def work_on(item: Item) -> Result:  # Ray takes plain functions only
                enter(folder)
                return work(item)

            task = ray.remote(max_retries=RETRIES, num_cpus=1)(work_on)
            waiting = list(enumerate(items))[::-1]
            running: dict[Any, int] = {}
            try:
                while waiting or running:
                    while waiting and len(running) < self._workers * _AHEAD:
                        place, item = waiting.pop()
                        running[task.remote(item)] = place
                    done, _ = ray.wait(list(running), num_returns=1, timeout=PATIENCE)
                    for reference in done:
                        place = running.pop(reference)
                        yield place, _result(ray, reference)
            finally:
                for reference in running:
                    ray.cancel(reference, force=True)


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return lost(ray, error)


def enter(folder: str) -> None:
    """Make relative paths mean in a worker what they mean where the command runs, if it sees that folder."""
    with suppress(OSError):
        os.chdir(folder)


def lost(ray: Any, error: Exception) -> Lost:
    """Return the loss of an item for which Ray raised an error.

    Args:
        ray: The package.
        error: The error of Ray.
    """
    if isinstance(error, ray.exceptions.RayTaskError):
        cause = getattr(error, "cause", None) or error
        return Lost(f"failed on the cluster: {type(cause).__name__}: {_one_line(cause)}")
    return Lost(f"the process that worked on it was ended {RETRIES + 1} times ({_one_line(error)})")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


@contextmanager
def join_cluster(ray: Any, workers: int) -> Iterator[None]:
    """Join the user's cluster, or start one on this machine and end it afterwards.

    Args:
        ray: The package.
        workers: Processes that are started on this machine.

    Raises:
        InputError: The cluster that ``RAY_ADDRESS`` names cannot be reached.
    """
    if ray.is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS")
    _check_answers(address)
    here: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
    # What this process can import, its workers on this machine can.
    paths = {} if address else {"runtime_env": {"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **here, **paths)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        message = f"no cluster of Ray answers at {address!r}: {_one_line(error)}"
        raise InputError([Problem("RAY_ADDRESS", message)]) from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_answers(address: str | None) -> None:
    """Refuse the address of a cluster at which nobody listens: Ray itself would try for minutes.

    Raises:
        InputError: Nobody listens there.
    """
    match = re.fullmatch(r"(?:ray://)?(?P<host>[^/:]+):(?P<port>\d+)", address or "")
    if match is None:
        return
    try:
        socket.create_connection((match["host"], int(match["port"])), timeout=_ANSWER).close()
    except OSError as error:
        raise InputError([Problem("RAY_ADDRESS", f"no cluster of Ray answers at {address!r}: {error}")]) from error


def import_ray() -> Any:
    """Return the package.

    Raises:
        InputError: It is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError([Problem("--engine ray", "needs Ray: pip install 'mevqa[ray]'")]) from error
    return ray

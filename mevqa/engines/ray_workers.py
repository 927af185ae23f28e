"""Workers of a cluster of Ray that keep something, such as a loaded model, from item to item."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mevqa.engines.base import Item, Lost
from mevqa.engines.ray_engine import PATIENCE, RETRIES, enter, import_ray, join_cluster, lost


class RayWorkers:
    """Actors of Ray, each with an object that ``make`` returned there; one that is ended is started again.

    Args:
        ray: The package.
        make: Makes the object that a worker keeps; its method ``work`` takes an item.
        count: How many.
        gpus: GPUs that each needs.
    """

    def __init__(self, ray: Any, make: Callable[[], Any], count: int, gpus: float) -> None:
        class Worker:
            def __init__(self, make_kept: Callable[[], Any], folder: str) -> None:
                enter(folder)
                self.make_kept = make_kept
                self.kept: Any = None

            def call(self, method: str, *arguments: Any) -> Any:
                # Made now and not before: its error is then the error of this call.
                if self.kept is None:
                    self.kept = self.make_kept()
                return getattr(self.kept, method)(*arguments)

        options = {"num_cpus": 1, "num_gpus": gpus, "max_restarts": RETRIES, "max_task_retries": RETRIES}
        self._ray = ray
        self._workers = [ray.remote(**options)(Worker).remote(make, os.getcwd()) for _ in range(count)]

    def first(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the first worker returns.

        Raises:
            Exception: The error that it raises there.
        """
        try:
            return self._ray.get(self._workers[0].call.remote(method, *arguments))
        except self._ray.exceptions.RayTaskError as error:
            raise (error.cause or error) from error

    def map(self, items: Sequence[Item]) -> Generator[tuple[int, Any | Lost], None, None]:
        """Yield the index of each item with its result of ``work``, in the order in which they are done.

        Args:
            items: The items; one at a time is with each worker.
        """
        idle = list(self._workers)
        waiting = list(enumerate(items))[::-1]
        running: dict[Any, tuple[int, Any]] = {}
        while waiting or running:
            while waiting and idle:
                place, item = waiting.pop()
                worker = idle.pop()
                running[worker.call.remote("work", item)] = place, worker
            done, _ = self._ray.wait(list(running), num_returns=1, timeout=PATIENCE)
            for reference in done:
                place, worker = running.pop(reference)
                idle.append(worker)
                try:
                    result = self._ray.get(reference)
                except self._ray.exceptions.RayError as error:
                    result = lost(self._ray, error)
                yield place, result

    def end(self) -> None:
        """End the workers, whatever they are at."""
        for worker in self._workers:
            self._ray.kill(worker)


@contextmanager
def ray_workers(make: Callable[[], Any], count: int, *, uses_gpu: bool) -> Iterator[RayWorkers]:
    """Start workers on the cluster that ``RAY_ADDRESS`` names, else on this machine; they are ended afterwards.

    Args:
        make: Makes the object that a worker keeps.
        count: How many.
        uses_gpu: Whether each takes a GPU, where the cluster has any.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached.
    """
    ray = import_ray()
    with join_cluster(ray, count):
        gpus = 1.0 if uses_gpu and ray.cluster_resources().get("GPU", 0) >= 1 else 0.0
        workers = RayWorkers(ray, make, count, gpus)
        try:
            yield workers
        finally:
            workers.end()

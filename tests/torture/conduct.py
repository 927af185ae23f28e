"""Make the attempts of campaigns in worker processes, each in a folder of its own."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from tests.torture.attempts import Attempt, Campaign, Row
from tests.torture.registry import chosen


@dataclass(frozen=True, slots=True)
class Plan:
    """How campaigns are made.

    Attributes:
        seed: Decides everything that is drawn.
        work: Folder for the attempts.
        jobs: Processes at once.
        keep: Whether folders of attempts that fell are kept.
    """

    seed: int
    work: Path
    jobs: int
    keep: bool


class Conductor:
    """Worker processes that make attempts, in each of which mevqa is imported once."""

    def __init__(self, plan: Plan, campaigns: Sequence[Campaign]) -> None:
        self._plan = plan
        self._pool = self._new_pool()
        self._left = list(campaigns)
        self._prepared: dict[str, Future[list[str]]] = {}

    def _prepare(self, campaign: Campaign) -> list[str]:
        """Prepare what a campaign reads, and begin to prepare for the next one; return what went wrong."""
        if campaign in self._left:
            del self._left[: self._left.index(campaign) + 1]
        following = (
            queued for queued in self._left if queued.prepare is not None and queued.place not in self._prepared
        )
        for prepared in (campaign, *itertools.islice(following, 1)):
            if prepared.prepare is not None and prepared.place not in self._prepared:
                self._prepared[prepared.place] = self._pool.submit(_prepare, prepared.name, self._plan)
        return self._prepared[campaign.place].result() if campaign.prepare is not None else []

    def _new_pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._plan.jobs, context, initializer=_ignore_interrupts)

    def close(self) -> None:
        """End the workers once they are done with the attempts that they are at."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def conduct(
        self, row: Row, numbers: list[int], share: Callable[[], float | None], on_attempt: Callable[[Row], None]
    ) -> None:
        """Make the attempts of one campaign.

        Args:
            row: Is filled as the attempts end, so that it holds also after an interrupt.
            numbers: Which attempts.
            share: Returns the monotonic time after which none is begun; called once all is prepared.
            on_attempt: Called after each.
        """
        started = time.monotonic()
        try:
            name = row.campaign.name
            problems = self._prepare(row.campaign)
            if problems:
                row.fell[-1] = problems
                return
            until = share()
            left, running = list(reversed(numbers)), dict[Future[tuple[list[str], float]], int]()
            while left or running:
                while left and len(running) < 2 * self._plan.jobs:
                    if until is not None and time.monotonic() > until and (running or row.tried):
                        break  # One attempt is made of each campaign, however late it is.
                    number = left.pop()
                    running[self._pool.submit(_attempt, name, number, self._plan)] = number
                if not running:
                    return  # It is too late for what is left.
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    number = running.pop(done)
                    problems, seconds = done.result()
                    row.tried += 1
                    if problems:
                        row.fell[number] = problems
                    row.slowest = max(row.slowest, seconds)
                    row.seconds = time.monotonic() - started
                    on_attempt(row)
        except BrokenProcessPool:
            row.fell[-1] = ["a worker itself was ended; the rest was not tried"]
            self._pool = self._new_pool()
            usable = (
                (place, result) for place, result in self._prepared.items() if result.done() and not result.exception()
            )
            self._prepared = dict(usable)
        finally:
            row.seconds = time.monotonic() - started


def _ignore_interrupts() -> None:
    """Leave an interrupt to the process that conducts; a handler, unlike SIG_IGN, is not handed on to commands."""
    signal.signal(signal.SIGINT, lambda *_: None)


def _prepare(name: str, plan: Plan) -> list[str]:
    campaign = _campaign(name)
    shared = _shared(campaign, plan)
    shared.mkdir(parents=True)
    try:
        assert campaign.prepare is not None
        campaign.prepare(shared)
    except Exception:
        return ["could not be prepared:", *traceback.format_exc().splitlines()]
    return []


def _attempt(name: str, number: int, plan: Plan) -> tuple[list[str], float]:
    """Make one attempt; return its faults with its notes, and the seconds that it took."""
    campaign = _campaign(name)
    folder = plan.work / name.replace("/", "-") / f"attempt-{number}"
    folder.mkdir(parents=True)
    drawn = random.Random(f"{plan.seed}/{name}/{number}")
    attempt = Attempt(number, drawn, folder, _shared(campaign, plan))
    started = time.monotonic()
    try:
        problems = campaign.run(attempt)
    except Exception:
        problems = ["the campaign itself failed:", *traceback.format_exc().splitlines()]
    seconds = time.monotonic() - started
    if not (problems and plan.keep):
        shutil.rmtree(folder, ignore_errors=True)
    return ([*problems, *attempt.notes] if problems else []), seconds


def _shared(campaign: Campaign, plan: Plan) -> Path:
    return plan.work / "shared" / campaign.place


def _campaign(name: str) -> Campaign:
    return next(campaign for campaign in chosen([name]) if campaign.name == name)

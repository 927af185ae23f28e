"""Campaign, one attempt of it, and outcome of a command."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one command ended.

    Attributes:
        command: Words behind ``mevqa``.
        code: Exit code; minus the number of the signal that ended it.
        out: Standard output.
        err: Standard error.
        seconds: Wall-clock time.
        peak: Peak resident memory, bytes.
        stopped: Which limit it was ended at: ``time``, ``memory``, or nothing.
    """

    command: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    peak: int
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a campaign.

    Attributes:
        number: Counts from 0.
        random: Decides all that is drawn; the same for the same seed, campaign and number.
        folder: An empty folder of its own, removed afterwards.
        shared: What ``Campaign.prepare`` wrote; never to be changed.
        notes: Lines that are printed with a fault: what was drawn.
    """

    number: int
    random: random.Random
    folder: Path
    shared: Path
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Attempts of one kind: a row of the table.

    Attributes:
        name: Its module's name, or that, a slash and what of it, e.g. ``kills/eval``.
        tried: What is tried, for the table.
        run: Makes one attempt and returns its faults, one line each.
        full: How many attempts the full form makes.
        short: How many attempts the short form makes.
        prepare: Fills a folder that all attempts read; done once.
        of: Name of that folder, which campaigns that prepare the same share; those with the same function do anyway.
    """

    name: str
    tried: str
    run: Callable[[Attempt], list[str]]
    full: int
    short: int
    prepare: Callable[[Path], None] | None = None
    of: str = ""

    @property
    def place(self) -> str:
        """Name of the folder that all attempts read."""
        function = getattr(self.prepare, "__qualname__", "")
        of = self.of or (f"{self.prepare.__module__}.{function}" if self.prepare and function else self.name)
        return of.replace("/", "-")


@dataclass(slots=True)
class Row:
    """Result of a campaign, one row of the table.

    Attributes:
        campaign: The campaign.
        wanted: How many attempts were to be made.
        tried: How many were made.
        fell: Number of each attempt that fell, and its faults and notes.
        seconds: Wall-clock time.
        slowest: Seconds of the slowest attempt.
    """

    campaign: Campaign
    wanted: int
    tried: int = 0
    fell: dict[int, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0

"""The usage of a served model in a run: a line a clip in ``usage.jsonl``, so that a run that is continued counts on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import open_file
from mevqa.files.json_rows import parse_row
from mevqa.files.whole import append_whole
from mevqa.inference.logs.answer_log import drop_torn_line
from mevqa.models.base import BudgetSpentError

#: The logs in a run folder: one, or one for each process that answers a part of the clips.
_LOGS = "usage*.jsonl"
_COUNTS = ("requests", "repeated", "prompt_tokens", "cached_tokens", "written_tokens")


class Meter(Protocol):
    """Counts the usage of a model; ``mevqa.models.served.usage.Meter`` is one."""

    def begin(self, cost: float) -> None:
        """Set what the run had cost before."""
        ...

    def take(self) -> tuple[Any, float | None]:
        """Return what was used since the last call, a dataclass, and its cost where the price is known."""
        ...


@dataclass(frozen=True, slots=True)
class TotalUsage:
    """Requests, tokens and cost of a run.

    Attributes:
        counts: Requests and tokens, by the names of ``mevqa.models.served.usage.Usage``.
        cost: What they cost, as far as prices were given.
        unpriced: How many requests no price was given for.
        stopped: Why the run ended before its last clip; empty where it did not.
    """

    counts: dict[str, int]
    cost: float
    unpriced: int
    stopped: str


def read_usage(run: Path) -> TotalUsage | None:
    """Return what a run used; None for one whose model counts nothing.

    Args:
        run: The run folder.

    Raises:
        InputError: A line of the log is none.
    """
    logs = sorted(run.glob(_LOGS))
    if not logs:
        return None
    total = TotalUsage(dict.fromkeys(_COUNTS, 0), 0.0, 0, "")
    for path in logs:
        total = _add_log(total, path)
    return total


def _add_log(total: TotalUsage, path: Path) -> TotalUsage:
    """Return a total with the usage of one log added."""
    counts, cost, unpriced, stopped = dict(total.counts), total.cost, total.unpriced, ""
    with open_file(path) as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break  # The line that a kill tore.
            try:
                row = dict(parse_row(line.decode().rstrip("\n")).values)
                for name in _COUNTS:
                    counts[name] += int(row.get(name, 0))
                cost += float(row.get("cost", 0.0))
                unpriced += 0 if "cost" in row else int(row.get("requests", 0))
                stopped = str(row.get("stopped", ""))
            except (ValueError, TypeError) as error:
                raise InputError([Problem(path, f"is not a line of usage: {error}", number)]) from error
    return TotalUsage(counts, cost, unpriced, stopped or total.stopped)


class UsageLog:
    """The log of a run, open for appending.

    Args:
        answers: The log of answers beside which it stands; of processes that share a run each has its own.
        meter: What counts; None for a model that counts nothing, of which nothing is written.

    Attributes:
        stopped: Why the run ends before its last clip; empty where it does not.

    Raises:
        InputError: A line of the log is none.
    """

    def __init__(self, answers: Path, meter: Meter | None) -> None:
        self._path = answers.with_name(answers.name.replace("answers", "usage", 1))
        self._meter = meter
        self.stopped = ""
        if meter is None:
            return
        if self._path.is_file():
            drop_torn_line(self._path)
        if (before := read_usage(answers.parent)) is not None:
            meter.begin(before.cost)

    @contextmanager
    def counted(self, clip: str) -> Iterator[None]:
        """Write what is used for a clip, also where it is not finished; one that would cost too much ends the run.

        Args:
            clip: The clip.
        """
        try:
            yield
        except BudgetSpentError as error:
            self.stopped = str(error)
        finally:
            if self._meter is not None:
                self._write(clip, *self._meter.take())

    def _write(self, clip: str, used: Any, cost: float | None) -> None:
        row: dict[str, Any] = {"clip": clip, **{name: value for name, value in asdict(used).items() if value}}
        if cost is not None:
            row["cost"] = cost
        if self.stopped:
            row["stopped"] = self.stopped
        if any(asdict(used).values()) or self.stopped:
            append_whole(self._path, json.dumps(row, ensure_ascii=False) + "\n")

"""Parts of a run that several processes answer at once: which clips each takes, and who may write beside whom."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder, part_holders

if TYPE_CHECKING:
    from mevqa.inference.runs import RunRecord
    from mevqa.types import Question

#: Seconds that the processes of a run may take to begin, one after the other.
BEGINNING = 120.0

#: Clips that a note names before it counts the rest.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal parts of a run.

    Attributes:
        index: Which, from 0.
        count: Of how many.
    """

    index: int
    count: int

    @property
    def name(self) -> str:
        """Name of its log and its lock."""
        return f"{self.index + 1}-of-{self.count}"

    def of(self, clips: Iterable[str]) -> list[str]:
        """Return its clips: every ``count``-th, so that data sets and subjects are dealt evenly."""
        return list(clips)[self.index :: self.count]


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``i/n``, the i-th of n shards, counted from 1.

    Returns:
        0-based index and count.

    Raises:
        InputError: It is not of this form, or i is not between 1 and n.
    """
    match = re.fullmatch(r"\s*([0-9]{1,18})\s*/\s*([0-9]{1,18})\s*", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        message = f"{text[:40]!r} is no shard; write i/n with i from 1 to n, as in 2/4 for the second of four"
        raise InputError([Problem("--shard", message)])
    return int(match[1]) - 1, int(match[2])


def chosen_shard(part: str | None) -> Shard | None:
    """Return the shard that ``i/n`` names; None for the whole run, which 1/1 is too.

    Raises:
        InputError: As for ``parse_shard``.
    """
    shard = None if part is None else Shard(*parse_shard(part))
    return None if shard is not None and shard.count == 1 else shard


def launched_shard(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the shard of a process that ``accelerate launch`` or ``torchrun`` started with others, as ``i/n``.

    Args:
        environment: Where they say which process of how many it is (``RANK``, ``WORLD_SIZE``); None: that of this
            process.

    Returns:
        None for a process that was started alone.
    """
    variables = os.environ if environment is None else environment
    rank, world = variables.get("RANK", ""), variables.get("WORLD_SIZE", "")
    if not (rank.isdigit() and world.isdigit()) or int(world) < 2:
        return None
    return f"{int(rank) + 1}/{world}"


@contextmanager
def hold_run(out: Path, shard: Shard | None) -> Iterator[None]:
    """Hold a run, or one part of it, while it is answered.

    Parts of one division are answered side by side; a whole run, and parts of two divisions, are not.

    Args:
        out: The run folder.
        shard: The part; None for the whole.

    Raises:
        InputError: Another process writes the same, or something that overlaps with it.
    """
    if shard is None:
        with hold_folder(out):
            _refuse_others(out, None)
            yield
        return
    with hold_folder(out, part=shard.name):
        with hold_folder(out, wait=BEGINNING):
            _refuse_others(out, shard)
        yield


def _refuse_others(out: Path, shard: Shard | None) -> None:
    """Refuse to write beside parts of another division."""
    for part, holder in part_holders(out).items():
        if shard is None or not part.endswith(f"-of-{shard.count}"):
            message = f"its part {part.replace('-of-', '/')} is being written by {holder}; wait for it, or end it"
            raise InputError([Problem(out, message)])


def lacking_clips(run: RunRecord, questions: Sequence[Question]) -> str | None:
    """Name the clips of a run of several processes that have no answer yet; None without any, or where one wrote it.

    Args:
        run: The run.
        questions: Of its files.
    """
    clips, answers = set(run.manifest.get("clips", ())), run.answers
    questions = [question for question in questions if question.clip_id in clips]
    clip_ids = list(dict.fromkeys(question.clip_id for question in questions if question.id not in answers))
    if not clip_ids:
        return None
    count = len({question.clip_id for question in questions})
    examples = ", ".join(clip_ids[:_NAMED]) + (f" and {len(clip_ids) - _NAMED} more" if len(clip_ids) > _NAMED else "")
    return (
        f"{len(clip_ids)} of {count} clips are not answered yet ({examples}): other parts are under way, or were "
        "ended; the same command goes on, with any number of parts"
    )

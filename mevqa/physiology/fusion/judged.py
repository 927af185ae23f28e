"""Events as a spotter or recogniser judged them: with scores and probabilities of classes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.events.rows import column_table
from mevqa.data.numbers import read_number
from mevqa.errors import InputError, Problem
from mevqa.files.tables.headers import find_header, simplify
from mevqa.files.tables.sheets import read_sheets
from mevqa.physiology.events import TimedEvent, read_timed_events
from mevqa.physiology.fusion.spotted_json import events_of_video, spotted_videos

#: Columns of the probabilities of classes: ``p_happiness``.
_PROBABILITY = re.compile(r"p[_ ](.+)", re.IGNORECASE)
#: A class that is named without a probability is taken to be at least so many times as likely as any other class, and
#: at least as likely as all others together (our choice: how often the recogniser is right is not known).
_NAMED_TIMES = 2.0
_NAMED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """An event with the probabilities of its classes by the video.

    Attributes:
        event: The event.
        classes: Probability of each class, summing to one; None where there are none.
    """

    event: TimedEvent
    classes: Mapping[str, float] | None


def read_judged_events(
    path: Path, fps: float | None = None, classes: Sequence[str] = ()
) -> tuple[list[JudgedEvent], list[str]]:
    """Read the events of any spotter or recogniser, with their probabilities of classes.

    Args:
        path: JSON of ``mevqa spot --json``; or a table with score, columns ``p_CLASS`` of probabilities, or a class. A
            class that is named alone gets 2/3 of two classes, and 1/2 of more.
        fps: Frames per second where the table has none.
        classes: Classes that there are besides those that the table names.

    Returns:
        The events, and notes for the reader.

    Raises:
        InputError: The file cannot be read, or cells are wrong; all problems together.
    """
    if path.suffix.lower() == ".json" and (videos := spotted_videos(path)) is not None:
        return _from_json(path, videos), []
    events, notes = read_timed_events(path, fps)
    chances = _table_probabilities(path)
    if chances:
        return [JudgedEvent(event, chances.get(event.line)) for event in events], notes
    named_classes = {event.emotion for event in events if event.emotion}
    class_names = sorted({*classes, *named_classes})
    if not named_classes or len(class_names) < 2:
        return [JudgedEvent(event, None) for event in events], notes
    share = named_share(len(class_names))
    notes.append(
        f"{path.name} names classes without probabilities (p_CLASS): the named one is taken to have {share:.2g}"
    )
    other_share = (1 - share) / (len(class_names) - 1)
    return [
        JudgedEvent(
            event,
            {name: share if name == event.emotion else other_share for name in class_names} if event.emotion else None,
        )
        for event in events
    ], notes


def named_share(count: int) -> float:
    """Return the probability of a class that is named without one, among ``count`` classes: more than 1 / ``count``."""
    return max(_NAMED_SHARE, _NAMED_TIMES / (_NAMED_TIMES + count - 1))


def _table_probabilities(path: Path) -> dict[int, dict[str, float]]:
    """Return the probabilities of the classes by line; empty where the table has no such columns.

    Raises:
        InputError: Cells are no probabilities.
    """
    if path.suffix.lower() in (".json", ".jsonl"):
        return {}
    table = column_table()
    columns = {field: tuple(map(simplify, spellings)) for field, spellings in table.columns.items()}
    for sheet in read_sheets(path):
        header = find_header(sheet, columns, table.required)
        if header is None:
            continue
        classes = {
            match[1].strip().lower(): heading
            for heading in header.headings
            if (match := _PROBABILITY.fullmatch(heading))
        }
        if len(classes) < 2:
            return {}
        class_columns = {f"p_{name}": (simplify(heading),) for name, heading in classes.items()}
        header = find_header(sheet, {**columns, **class_columns}, table.required)
        assert header is not None
        rows = {row.line: {name: row.cells.get(f"p_{name}", "") for name in classes} for row in header.rows}
        return _checked(path, rows)
    return {}


def _checked(path: Path, rows: Mapping[int, Mapping[str, str]]) -> dict[int, dict[str, float]]:
    problems, result = [], {}
    for line, cells in rows.items():
        values = {name: read_number(cell) for name, cell in cells.items()}
        bad = [name for name, value in values.items() if not (math.isfinite(value) and 0 <= value <= 1)]
        if bad and any(cells.values()):
            message = f"p_{bad[0]} must be a probability, 0 to 1, not {cells[bad[0]]!r}"
            problems.append(Problem(path, message, line))
        elif not bad and sum(values.values()) <= 0:
            problems.append(Problem(path, "the probabilities of its classes are all 0", line))
        elif not bad:
            total = sum(values.values())
            result[line] = {name: value / total for name, value in values.items()}
    if problems:
        raise InputError(problems)
    return result


def _from_json(path: Path, videos: Sequence[tuple[int, object]]) -> list[JudgedEvent]:
    problems: list[Problem] = []
    judged = [
        JudgedEvent(event, probabilities or None)
        for line, video in videos
        for event, probabilities in events_of_video(path, line, video, problems)
    ]
    if problems:
        raise InputError(problems)
    return judged

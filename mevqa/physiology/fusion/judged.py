"""Events with what a spotter or recogniser says of them: scores, and probabilities of classes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mevqa.data.events.rows import column_table
from mevqa.data.numbers import read_number
from mevqa.errors import InputError, Problem
from mevqa.events import Kind
from mevqa.files.json_rows import STRICT_DECODER
from mevqa.files.tables.headers import find_header, simplify
from mevqa.files.tables.sheets import read_sheets, read_text
from mevqa.physiology.events import TimedEvent, read_timed_events

#: Columns of the probabilities of classes: ``p_happiness``.
_PROBABILITY = re.compile(r"p[_ ](.+)", re.IGNORECASE)
#: Share of a class that is named without a probability (our choice).
_NAMED = 0.5


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """An event with what the video says of it.

    Attributes:
        event: The event.
        classes: Probability of each class, summing to one; None where classes were not told.
    """

    event: TimedEvent
    classes: Mapping[str, float] | None


def read_judged_events(path: Path, fps: float | None = None) -> tuple[list[JudgedEvent], list[str]]:
    """Read events of any spotter or recogniser.

    Args:
        path: JSON of ``mevqa spot --json``; or a table with score, columns ``p_CLASS`` of probabilities, or a class. A
            class that is named alone is taken to be right in half of the cases.
        fps: Frames per second where the table does not tell.

    Returns:
        The events, and what a reader should know.

    Raises:
        InputError: What is wrong with the file, all of it.
    """
    if path.suffix.lower() == ".json" and (videos := _spotted_videos(path)) is not None:
        return _from_json(path, videos), []
    events, notes = read_timed_events(path, fps)
    chances = _table_probabilities(path)
    if chances:
        return [JudgedEvent(one, chances.get(one.line)) for one in events], notes
    named = sorted({one.emotion for one in events if one.emotion})
    if len(named) < 2:
        return [JudgedEvent(one, None) for one in events], notes
    share = f"{_NAMED:g}"
    notes.append(f"{path.name} names classes without probabilities (p_CLASS): the named one is taken to have {share}")
    rest = (1 - _NAMED) / (len(named) - 1)
    return [
        JudgedEvent(one, {name: _NAMED if name == one.emotion else rest for name in named} if one.emotion else None)
        for one in events
    ], notes


def _table_probabilities(path: Path) -> dict[int, dict[str, float]]:
    """Return the probabilities of the classes by line; empty where the table has no such columns.

    Raises:
        InputError: Cells are no probabilities.
    """
    if path.suffix.lower() in (".json", ".jsonl"):
        return {}
    table = column_table()
    known = {field: tuple(map(simplify, spellings)) for field, spellings in table.columns.items()}
    for sheet in read_sheets(path):
        header = find_header(sheet, known, table.required)
        if header is None:
            continue
        classes = {
            found[1].strip().lower(): heading
            for heading in header.headings
            if (found := _PROBABILITY.fullmatch(heading))
        }
        if len(classes) < 2:
            return {}
        own = {f"p_{name}": (simplify(heading),) for name, heading in classes.items()}
        header = find_header(sheet, {**known, **own}, table.required)
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
            said = f"p_{bad[0]} must be a probability, 0 to 1, not {cells[bad[0]]!r}"
            problems.append(Problem(path, said, line))
        elif not bad and sum(values.values()) <= 0:
            problems.append(Problem(path, "the probabilities of its classes are all 0", line))
        elif not bad:
            total = sum(values.values())
            result[line] = {name: value / total for name, value in values.items()}
    if problems:
        raise InputError(problems)
    return result


def _spotted_videos(path: Path) -> list[Any] | None:
    """Return the videos of what ``mevqa spot --json`` wrote; None for other JSON."""
    try:
        content = STRICT_DECODER.decode(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(path, f"is not JSON: {error}")]) from error
    if isinstance(content, list) and content and all(isinstance(one, dict) and "events" in one for one in content):
        return content
    return None


def _from_json(path: Path, videos: Sequence[Mapping[str, Any]]) -> list[JudgedEvent]:
    events = []
    try:
        for place, video in enumerate(videos, 1):
            fps = float(video["fps"])
            for one in video["events"]:
                kind: Kind | None = one.get("kind")
                event = TimedEvent(
                    str(video["video"]), video.get("subject"), int(one["onset"]), one.get("apex"), int(one["offset"]),
                    kind, float(one["score"]), None, fps, int(one["onset"]) / fps, False, place,
                )  # fmt: skip
                classes = {str(name).lower(): float(share) for name, share in (one.get("classes") or {}).items()}
                total = sum(classes.values())
                known = {name: share / total for name, share in classes.items()} if total > 0 else None
                events.append(JudgedEvent(event, known))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        said = f"is not what mevqa spot --json writes: {type(error).__name__} {error} in video {place}"
        raise InputError([Problem(path, said)]) from error
    return events

"""Events as a spotter or recogniser judged them: with scores and probabilities of classes."""

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
    """An event with the probabilities of its classes by the video.

    Attributes:
        event: The event.
        classes: Probability of each class, summing to one; None where there are none.
    """

    event: TimedEvent
    classes: Mapping[str, float] | None


def read_judged_events(path: Path, fps: float | None = None) -> tuple[list[JudgedEvent], list[str]]:
    """Read the events of any spotter or recogniser, with their probabilities of classes.

    Args:
        path: JSON of ``mevqa spot --json``; or a table with score, columns ``p_CLASS`` of probabilities, or a class. A
            class that is named alone is taken to be right in half of the cases.
        fps: Frames per second where the table has none.

    Returns:
        The events, and notes for the reader.

    Raises:
        InputError: The file cannot be read, or cells are wrong; all problems together.
    """
    if path.suffix.lower() == ".json" and (videos := _spotted_videos(path)) is not None:
        return _from_json(path, videos), []
    events, notes = read_timed_events(path, fps)
    chances = _table_probabilities(path)
    if chances:
        return [JudgedEvent(event, chances.get(event.line)) for event in events], notes
    class_names = sorted({event.emotion for event in events if event.emotion})
    if len(class_names) < 2:
        return [JudgedEvent(event, None) for event in events], notes
    share = f"{_NAMED:g}"
    notes.append(f"{path.name} names classes without probabilities (p_CLASS): the named one is taken to have {share}")
    other_share = (1 - _NAMED) / (len(class_names) - 1)
    return [
        JudgedEvent(
            event,
            {name: _NAMED if name == event.emotion else other_share for name in class_names} if event.emotion else None,
        )
        for event in events
    ], notes


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


def _spotted_videos(path: Path) -> list[Any] | None:
    """Return the videos of a file of ``mevqa spot --json``; None for other JSON."""
    try:
        content = STRICT_DECODER.decode(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(path, f"is not JSON: {error}")]) from error
    if (
        isinstance(content, list)
        and content
        and all(isinstance(video, dict) and "events" in video for video in content)
    ):
        return content
    return None


def _from_json(path: Path, videos: Sequence[Mapping[str, Any]]) -> list[JudgedEvent]:
    events = []
    try:
        for place, video in enumerate(videos, 1):
            fps = float(video["fps"])
            for entry in video["events"]:
                kind: Kind | None = entry.get("kind")
                event = TimedEvent(
                    str(video["video"]), video.get("subject"),
                    int(entry["onset"]), entry.get("apex"), int(entry["offset"]),
                    kind, float(entry["score"]), None, fps, int(entry["onset"]) / fps, False, place,
                )  # fmt: skip
                classes = {str(name).lower(): float(share) for name, share in (entry.get("classes") or {}).items()}
                total = sum(classes.values())
                probabilities = {name: share / total for name, share in classes.items()} if total > 0 else None
                events.append(JudgedEvent(event, probabilities))
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        message = f"is not what mevqa spot --json writes: {type(error).__name__} {error} in video {place}"
        raise InputError([Problem(path, message)]) from error
    return events

"""How well two answers to a question agree, 0 to 1: equal labels, shared action units, frames or words.

With a reference as one of the two it is the grade of the other. Labels: equal or not. Lists of action units: F1 of the
sets, as the challenge scores them. Counts: 1 / (1 + their difference), ours. Intervals: the share of frames that both
hold (intersection over union). Texts: F1 of their words (ROUGE-1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mevqa.events import Event
from mevqa.types import Parts, Value


def agreement(answer: Value | None, other: Value | None) -> float:
    """Return how well two answers agree, 0 to 1; 0 where one is missing."""
    if answer is None or other is None:
        return 0.0
    if isinstance(answer, int) and isinstance(other, int):
        return 1 / (1 + abs(answer - other))
    if isinstance(answer, Event) and isinstance(other, Event):
        return _overlap(_frames([answer]), _frames([other]))
    if isinstance(answer, Parts) and isinstance(other, Parts):
        return (_f1(answer.units, other.units) + (answer.fine == other.fine) + (answer.coarse == other.coarse)) / 3
    if isinstance(answer, tuple) and isinstance(other, tuple):
        events = [part for part in (*answer, *other) if isinstance(part, Event)]
        if events or not (answer or other):
            return _overlap(*(_frames(part for part in value if isinstance(part, Event)) for value in (answer, other)))
        return _f1(map(str, answer), map(str, other))
    if isinstance(answer, str) and isinstance(other, str):
        return float(answer == other) or _f1(answer.lower().split(), other.lower().split())
    return 0.0


def _f1(words: Iterable[str], other_words: Iterable[str]) -> float:
    """Return F1 of two bags of words."""
    first, second = Counter(words), Counter(other_words)
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 1.0


def _frames(events: Iterable[Event]) -> set[int]:
    """Return the frames of events; of one without an offset that of its onset."""
    frames: set[int] = set()
    for event in events:
        if event.onset is not None:
            frames.update(range(event.onset, (event.onset if event.offset is None else event.offset) + 1))
    return frames


def _overlap(frames: set[int], other_frames: set[int]) -> float:
    return len(frames & other_frames) / len(frames | other_frames) if frames or other_frames else 1.0

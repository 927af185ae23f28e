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


def agreement(one: Value | None, two: Value | None) -> float:
    """Return how well two answers agree; 0 where one is none."""
    if one is None or two is None:
        return 0.0
    if isinstance(one, int) and isinstance(two, int):
        return 1 / (1 + abs(one - two))
    if isinstance(one, Event) and isinstance(two, Event):
        return _overlap(_frames([one]), _frames([two]))
    if isinstance(one, Parts) and isinstance(two, Parts):
        return (_f1(one.units, two.units) + (one.fine == two.fine) + (one.coarse == two.coarse)) / 3
    if isinstance(one, tuple) and isinstance(two, tuple):
        events = [part for part in (*one, *two) if isinstance(part, Event)]
        if events or not (one or two):
            return _overlap(*(_frames(part for part in own if isinstance(part, Event)) for own in (one, two)))
        return _f1(map(str, one), map(str, two))
    if isinstance(one, str) and isinstance(two, str):
        return float(one == two) or _f1(one.lower().split(), two.lower().split())
    return 0.0


def _f1(one: Iterable[str], two: Iterable[str]) -> float:
    """Return F1 of two bags of words."""
    first, second = Counter(one), Counter(two)
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 1.0


def _frames(events: Iterable[Event]) -> set[int]:
    """Return the frames of events; of one without an offset that of its onset."""
    frames: set[int] = set()
    for event in events:
        if event.onset is not None:
            frames.update(range(event.onset, (event.onset if event.offset is None else event.offset) + 1))
    return frames


def _overlap(one: set[int], two: set[int]) -> float:
    return len(one & two) / len(one | two) if one or two else 1.0

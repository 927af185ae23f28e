"""Counts of events in a long video and the types of its n-th events, made to agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.events import KINDS, Kind
from mevqa.questions.question_types import question_type
from mevqa.types import Question, Reply

#: Largest count that is answered.
MOST_EVENTS = 99
_MICRO, _MACRO = "micro-expression", "macro-expression"
#: Weight of an answer whose model gives no confidence, and the least weight of any answer.
_UNKNOWN_WEIGHT = 0.5
_LEAST = 0.05
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class _Events:
    """Consistent answers about a video: the counts, and which of the events asked about are micro-expressions."""

    micro: int
    macro: int
    micro_ordinals: frozenset[int]

    def answer(self, question: Question) -> str:
        if _is_count(question):
            numbers = {None: self.micro + self.macro, "micro": self.micro, "macro": self.macro}
            return str(numbers[question_type(question.type).counted])
        return _MICRO if question.ordinal in self.micro_ordinals else _MACRO


def _is_count(question: Question) -> bool:
    return question_type(question.type).fact == "count"


def decide_events(questions: Sequence[Question], replies: Sequence[Reply], texts: Sequence[str]) -> list[str]:
    """Return the answers about the events of one video that change the given ones least.

    Micro and macro add up to all, the n-th event exists, and no more events are told to be of a type than are counted
    of it. A changed count costs its difference times the confidence in it, a changed type the log-odds of its options.

    Args:
        questions: Counts and n-th types about one video, each with an answer.
        replies: With the options and the confidence of the answers.
        texts: The answers in official form.
    """
    counts = [
        (
            question_type(question.type).counted,
            min(int(text), MOST_EVENTS),
            _UNKNOWN_WEIGHT if r.confidence is None else max(r.confidence, _LEAST),
        )
        for question, r, text in zip(questions, replies, texts, strict=True)
        if _is_count(question)
    ]
    odds: dict[int, float] = {}
    for question, reply, text in zip(questions, replies, texts, strict=True):
        if not _is_count(question) and question.ordinal is not None and question.ordinal <= MOST_EVENTS:
            odds[question.ordinal] = odds.get(question.ordinal, 0.0) + _micro_odds(reply, text)
    events = _cheapest_events(counts, odds)
    return [
        text if not _is_count(q) and q.ordinal not in odds else events.answer(q)
        for q, text in zip(questions, texts, strict=True)
    ]


def _cheapest_events(counts: Sequence[tuple[Kind | None, int, float]], odds: dict[int, float]) -> _Events:
    """Return the consistent answers of least cost; among equals those nearest to the counts, then the smallest."""
    surest_micro = sorted(odds, key=lambda ordinal: -odds[ordinal])
    splits = []
    for number in range(len(odds) + 1):
        chosen = frozenset(surest_micro[:number])
        flipped = [o for o in odds if odds[o] and (odds[o] > 0) != (o in chosen)]
        splits.append((chosen, sum(abs(odds[o]) for o in flipped), len(flipped)))
    kinds: tuple[Kind | None, ...] = (None, *KINDS)
    costs = {kind: [0.0] * (MOST_EVENTS + 1) for kind in kinds}
    shifts = {kind: [0] * (MOST_EVENTS + 1) for kind in kinds}
    for kind, answered_count, weight in counts:
        for value in range(MOST_EVENTS + 1):
            costs[kind][value] += weight * abs(value - answered_count)
            shifts[kind][value] += abs(value - answered_count)
    every, micros, macros = ((costs[kind], shifts[kind]) for kind in kinds)
    best: tuple[tuple[float, int, int, int, int], _Events] | None = None
    for total in range(max(odds, default=0), MOST_EVENTS + 1):
        for micro in range(total + 1):
            macro = total - micro
            cost = every[0][total] + micros[0][micro] + macros[0][macro]
            if best is not None and cost > best[0][0]:
                continue
            shift = every[1][total] + micros[1][micro] + macros[1][macro]
            for chosen, loss, flips in splits:
                if len(chosen) > micro or len(odds) - len(chosen) > macro:
                    continue
                key = (round(cost + loss, 9), shift, flips, total, micro)
                if best is None or key < best[0]:
                    best = (key, _Events(micro, macro, chosen))
    if best is None:
        raise AssertionError("every set of ordinals up to the largest count has a story")
    return best[1]


def decide_presence(presence: Sequence[tuple[Question, str]], events: Sequence[tuple[Question, str]]) -> list[str]:
    """Return the answers to the questions whether there is an event: those that counts and n-th types leave open stay.

    An event of one kind is one of any kind; without counts the question for any kind follows those for each.

    Args:
        presence: Questions for the presence of events of one video, with their answers.
        events: Counts and n-th types about it, with answers that agree.
    """
    present: dict[Kind | None, bool] = {}
    for question, text in events:
        if not _is_count(question):
            present["micro" if text == _MICRO else "macro"] = present[None] = True
    for question, text in events:
        if _is_count(question):
            present[question_type(question.type).counted] = int(text) > 0
    answered_yes: dict[Kind | None, bool] = {}
    for question, text in presence:
        answered_yes[question.kind] = answered_yes.get(question.kind, False) or text == "yes"
    if present.get(None) is False:
        present |= {"micro": False, "macro": False}
    kinds = [present.get(kind, answered_yes.get(kind)) for kind in KINDS]
    if None not in present and (True in kinds or kinds == [False, False]):
        present[None] = True in kinds
    return [("yes" if present[q.kind] else "no") if q.kind in present else text for q, text in presence]


def _micro_odds(reply: Reply, text: str) -> float:
    """Return the log-odds of micro against macro."""
    options = reply.options or {}
    if _MICRO in options and _MACRO in options:
        micro, macro = options[_MICRO], options[_MACRO]
    else:
        micro = 0.8 if text == _MICRO else 0.2
        macro = 1 - micro
    return math.log(max(micro, _SMALLEST) / max(macro, _SMALLEST))

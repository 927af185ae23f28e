"""Verdicts on single answers: right, partly right, wrong, no usable answer, or no reference."""

from __future__ import annotations

from mevqa.events import Event
from mevqa.questions.question_types import question_type
from mevqa.scoring.answers.event_answers import (
    THRESHOLD,
    matched,
    overlap,
    span_of,
    spans_of,
    summary_counts_share,
    summary_units_f1,
)
from mevqa.scoring.answers.grading import plain, read_sentence
from mevqa.scoring.answers.items import Item

#: Verdicts in the order of the filter, with what they are called.
VERDICTS = {
    "right": "right",
    "partly": "partly right",
    "wrong": "wrong",
    "none": "no usable answer",
    "open": "no reference",
}


def verdict(item: Item | None, *, answered: bool) -> str:
    """Return the key of a verdict.

    A list of units is partly right when it shares a unit with the reference, a sentence when it agrees in units, fine
    or coarse class. A list of events is right when each is found (IoU >= .5) with its kind and no other is named, and
    partly right when one is found; the longest event is partly right when the intervals overlap at all. A description
    is right when it agrees in all that the reference states, a summary in its numbers of events and units; either is
    partly right when it agrees in any of it.

    Args:
        item: The scored question; None without a reference.
        answered: Whether there is an answer.
    """
    if item is None:
        return "open" if answered else "none"
    if item.value is None:
        return "none"
    metric = question_type(item.question.type).metric
    if metric == "sentence":
        return _of_sentence(item)
    if isinstance(item.reference, frozenset) and isinstance(item.value, frozenset):
        if item.value == item.reference:
            return "right"
        return "partly" if item.value & item.reference else "wrong"
    if metric in _OF_EVENTS:
        return _OF_EVENTS[metric](item)
    if metric == "text":
        return "right" if plain(str(item.value)) == plain(str(item.reference)) else "wrong"
    return "right" if item.value == item.reference else "wrong"


def _of_sentence(item: Item) -> str:
    """Grade a sentence by the units and classes that it names."""
    answer, reference = read_sentence(item.text), read_sentence(item.question.reference or "")
    if plain(item.text) == plain(item.question.reference or "") or (answer == reference and any(reference)):
        return "right"
    units, true_units = answer[0] or frozenset(), reference[0] or frozenset()
    shared = bool(units & true_units) or any(
        a is not None and a == b for a, b in zip(answer[1:], reference[1:], strict=True)
    )
    return "partly" if shared else "wrong"


def _grade(right: bool, partly: bool) -> str:
    return "right" if right else "partly" if partly else "wrong"


def _of_intervals(item: Item) -> str:
    """Grade a list of events."""
    answered, coded = spans_of(item.value), spans_of(item.reference)
    pairs = matched(answered, coded)
    kinds = (
        all(coded_event.kind in (None, answered_event.kind) for answered_event, coded_event in pairs)
        or item.question.kind is not None
    )
    return _grade(len(pairs) == len(answered) == len(coded) and kinds, bool(pairs))


def _of_longest(item: Item) -> str:
    """Grade the interval of the longest event."""
    (answered,), (coded,) = spans_of(item.value)[:1], spans_of(item.reference)[:1]
    share = overlap(answered, coded)
    return _grade(share >= THRESHOLD, share > 0)


def _of_description(item: Item) -> str:
    """Grade a description by the parts that the reference states."""
    answer, reference = item.value, item.reference
    if not isinstance(answer, Event) or not isinstance(reference, Event):
        return "wrong"
    same = [
        getattr(answer, part) == getattr(reference, part)
        for part in ("kind", "fine", "coarse")
        if getattr(reference, part)
    ]
    shared = any(same)
    if reference.action_units:
        same.append(answer.unit_names == reference.unit_names)
        shared = shared or bool(set(answer.unit_names) & set(reference.unit_names))
    if (interval := span_of(reference)) is not None:
        same.append(overlap(span_of(answer), interval) >= THRESHOLD)
    return _grade(all(same), shared or any(same))


def _of_summary(item: Item) -> str:
    """Grade a summary by the numbers of events and the units that it states."""
    scores = (summary_counts_share(item), summary_units_f1(item))
    defined = [score for score in scores if score is not None]
    return _grade(all(score == 1 for score in defined), any(defined))


_OF_EVENTS = {
    "intervals": _of_intervals,
    "interval": _of_longest,
    "description": _of_description,
    "summary": _of_summary,
}


def answered_class(item: Item | None) -> str:
    """Return the class that was answered to a closed question, ``none`` without one; empty for other questions."""
    if item is None or question_type(item.question.type).metric != "classes":
        return ""
    return "none" if item.value is None else str(item.value)


def reference_class(item: Item | None) -> str:
    """Return the class of the reference of a closed question; empty for other questions."""
    return str(item.reference) if item is not None and question_type(item.question.type).metric == "classes" else ""

"""Whether an answer is right, as a reader of single answers wants to know it."""

from __future__ import annotations

from mevqa.records import QuestionType
from mevqa.scoring.answers import plain, read_sentence
from mevqa.scoring.items import Item
from mevqa.vqa.surface import SENTENCES

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
    or coarse class.

    Args:
        item: The scored question; None without a reference.
        answered: Whether there is an answer.
    """
    if item is None:
        return "open" if answered else "none"
    if item.value is None:
        return "none"
    if item.question.type in SENTENCES:
        return _of_sentence(item)
    if isinstance(item.reference, frozenset) and isinstance(item.value, frozenset):
        if item.value == item.reference:
            return "right"
        return "partly" if item.value & item.reference else "wrong"
    if item.question.type is QuestionType.OPEN:
        return "right" if plain(str(item.value)) == plain(str(item.reference)) else "wrong"
    return "right" if item.value == item.reference else "wrong"


def _of_sentence(item: Item) -> str:
    """Compare what two sentences name."""
    named, true = read_sentence(item.text), read_sentence(item.question.reference or "")
    if plain(item.text) == plain(item.question.reference or "") or (named == true and any(true)):
        return "right"
    units, true_units = named[0] or frozenset(), true[0] or frozenset()
    shared = bool(units & true_units) or any(a is not None and a == b for a, b in zip(named[1:], true[1:], strict=True))
    return "partly" if shared else "wrong"


def answered_class(item: Item | None) -> str:
    """Return the class that was answered to a closed question, ``none`` without one; empty for other questions."""
    from mevqa.scoring.answers import CLOSED

    if item is None or item.question.type not in CLOSED:
        return ""
    return "none" if item.value is None else str(item.value)


def reference_class(item: Item | None) -> str:
    """Return the class of the reference of a closed question; empty for other questions."""
    from mevqa.scoring.answers import CLOSED

    return str(item.reference) if item is not None and item.question.type in CLOSED else ""

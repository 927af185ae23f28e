"""The usual wording of the questions, as data."""

from __future__ import annotations

from decimal import Decimal

from mevqa.events import Kind
from mevqa.questions.question_types import question_type
from mevqa.types import Question


def official_wordings(
    kind: str,
    *,
    plural: bool = False,
    action_unit: str | None = None,
    ordinal: int | None = None,
    events: Kind | None = None,
    between_s: tuple[float, float] | None = None,
) -> tuple[str, ...]:
    """Return every usual wording of a question: the official ones, and ours of the types that no official file has.

    Args:
        kind: Name of its type.
        plural: Whether it asks for several units, where the type distinguishes.
        action_unit: The unit asked about, for presence and side.
        ordinal: n of the n-th event.
        events: The kind of events asked about; None for both.
        between_s: From and to which second events are asked about.

    Returns:
        The wordings, most usual first; none for open questions and where the slot of the type is not filled.
    """
    usual = question_type(kind).wordings
    texts = usual.plural if plural and usual.plural else usual.singular
    event = "expression" if events is None else f"{events}-expression"
    first, last = (None, None) if between_s is None else map(seconds_text, between_s)
    slots = {
        "unit": action_unit,
        "n": ordinal,
        "event": event,
        "an_event": f"{'an' if events is None else 'a'} {event}",
        "a": first,
        "b": last,
    }
    if any(value is None and f"{{{name}}}" in text for text in texts for name, value in slots.items()):
        return ()
    return tuple(text.format(**slots) for text in texts)


def official_text(question: Question) -> str:
    """Return the question in official words: for models that were trained on them and know no other.

    A question that already is in official words, or of no official type, is returned as it stands.
    """
    wordings = official_wordings(
        question.type,
        plural=question.plural,
        action_unit=question.action_unit,
        ordinal=question.ordinal,
        events=question.kind,
        between_s=question.between_s,
    )
    return wordings[0] if wordings and question.text not in wordings else question.text


def seconds_text(seconds: float) -> str:
    """Return a time in seconds as it stands in a question: ``3``, ``2.5``."""
    return format(Decimal(repr(float(seconds))).normalize(), "f")

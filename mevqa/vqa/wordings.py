"""The official wording of the questions, as data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mevqa.records import Question, QuestionType
from mevqa.strict_yaml import StrictModel, read_yaml

_TABLE = Path(__file__).parent.parent / "tables" / "question_wordings.yaml"


class _Wordings(StrictModel):
    singular: tuple[str, ...]
    plural: tuple[str, ...] = ()


class _Table(StrictModel):
    wordings: dict[QuestionType, _Wordings]


def official_wordings(
    kind: QuestionType, *, plural: bool = False, action_unit: str | None = None, ordinal: int | None = None
) -> tuple[str, ...]:
    """Return every official wording of a question.

    Args:
        kind: Its type.
        plural: Whether it asks for several units, where the type distinguishes.
        action_unit: The unit asked about, for presence and side.
        ordinal: n of the n-th event.

    Returns:
        The wordings, most usual first; none for ``OPEN`` and where the slot of the type is not filled.
    """
    entry = _table().get(kind)
    if entry is None:
        return ()
    texts = entry.plural if plural and entry.plural else entry.singular
    slots = {"unit": action_unit, "n": ordinal}
    if any(value is None and f"{{{name}}}" in text for text in texts for name, value in slots.items()):
        return ()
    return tuple(text.format(**slots) for text in texts)


def official_text(question: Question) -> str:
    """Return the question in official words: for models that were trained on them and know no other.

    A question that already is in official words, or of no official type, is returned as it stands.
    """
    wordings = official_wordings(
        question.type, plural=question.plural, action_unit=question.action_unit, ordinal=question.ordinal
    )
    return wordings[0] if wordings and question.text not in wordings else question.text


@cache
def _table() -> dict[QuestionType, _Wordings]:
    return read_yaml(_TABLE, _Table).wordings

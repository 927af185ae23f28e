"""Typed values of answers as plain JSON values, and the digest of the code and tables that read them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mevqa.events import KINDS, Event
from mevqa.facs import ActionUnit, unit_number
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import question_type
from mevqa.questions.reading.text.thoughts import without_thoughts
from mevqa.questions.reading.types import Reading
from mevqa.resources import TABLES
from mevqa.types import Answer, Parts, Question, Value

_FRAMES = ("onset", "apex", "offset")


def to_json(value: Value | None) -> Any:
    """Return a value as a text, a number, a list or an object; action units in lists are FACS numbers.

    Lists hold units or intervals; objects are an event (``onset``, ``apex``, ``offset``, ``kind``, ``action_units``,
    ``fine``, ``coarse``, as far as they are known) or what a sentence says (``units``, ``fine``, ``coarse``).
    """
    if isinstance(value, tuple):
        return [_event_to_json(item) if isinstance(item, Event) else item for item in value]
    if isinstance(value, Parts):
        return {"units": list(value.units), "fine": value.fine, "coarse": value.coarse}
    return _event_to_json(value) if isinstance(value, Event) else value


def from_json(data: Any) -> Value | None:
    """Return the value that ``to_json`` wrote.

    Raises:
        ValueError: It is none of a kind that answers have.
    """
    if data is None or isinstance(data, str) or (isinstance(data, int) and not isinstance(data, bool)):
        return data
    if isinstance(data, list) and all(isinstance(item, Mapping) for item in data):
        return tuple(_event_from_json(item) for item in data)
    if isinstance(data, list) and all(isinstance(item, (int, str)) and not isinstance(item, bool) for item in data):
        return tuple(data)
    if isinstance(data, Mapping) and data.keys() == {"units", "fine", "coarse"}:
        return Parts(tuple(map(str, data["units"])), data["fine"], data["coarse"])
    if isinstance(data, Mapping):
        return _event_from_json(data)
    raise ValueError(f"'value' must be a text, a whole number, a list or an object, not {data!r}")


def answer_value(question: Question, answer: Answer) -> Value | None:
    """Return the value of an answer, read from its text where it has none; None when it has no text."""
    return stored_reading(question, answer.text, answer.value).value if answer.text else None


def stored_reading(question: Question, text: str, value: Value | None, *, truncated: bool = False) -> Reading:
    """Return the reading of an answer whose value may be known; a text in official words is always taken at its word.

    Args:
        question: What was asked.
        text: The written answer.
        value: Its value as it was read before; None to read it.
        truncated: Whether the writer says that the answer was cut off.
    """
    if value is None or truncated or question_type(question.type).read_official(text) is not None:
        return read_answer(question, text, truncated=truncated)
    return Reading(without_thoughts(text) or "", value)


@functools.cache
def reader_digest() -> str:
    """Return a hash of the code and the tables that read answers: values of another digest are not used."""
    package = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted([*package.rglob("*.py"), package.parent / "facs.py", *TABLES.rglob("*.yaml")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _event_to_json(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in (*_FRAMES, "kind", "fine", "coarse")}
    units = {"action_units": list(event.unit_names)} if event.action_units else {}
    return {**{name: value for name, value in fields.items() if value is not None}, **units}


def _event_from_json(data: Mapping[str, Any]) -> Event:
    content = {"kind": None, **data}
    units = tuple(ActionUnit(unit_number(str(name))) for name in content.pop("action_units", ()))
    frames = [content.get(name) for name in _FRAMES]
    unknown = content.keys() - {*_FRAMES, "kind", "fine", "coarse"}
    if (
        unknown
        or content["kind"] not in (None, *KINDS)
        or not all(frame is None or type(frame) is int for frame in frames)
    ):
        raise ValueError(f"'value' is no event: {dict(data)}")
    return Event(action_units=units, **content)

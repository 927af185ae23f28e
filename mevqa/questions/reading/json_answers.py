"""Answers in a JSON object or list, alone, in a fence or within other text."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mevqa.questions.reading.words import WORDS

#: Brackets at which an object is looked for.
_MOST_TRIES = 200
_BEGINS = re.compile(r"\s*(?:```(?:json|python)?\s*)?[{\[]\s*(?:\"|'|\{|\[|\]|\}|$)")
_BRACKET = re.compile(r"[][{}]")
_EDGES = (("onset", "offset"), ("start", "end"), ("start_frame", "end_frame"), ("onset_frame", "offset_frame"))


class Malformed(ValueError):
    """An object that is broken or cut off, without an answer in it."""


def json_answer(text: str, keys: str) -> str | None:
    """Return the answer of the last JSON value of a text, as text.

    Args:
        text: What was written, without thoughts.
        keys: Which keys answer: a name among ``keys`` in ``answer_reading.yaml``, or ``whole`` for all of an object.

    Returns:
        The answer; None when the text holds no JSON that answers.

    Raises:
        Malformed: The text is a JSON value that is broken and shows no answer.
    """
    if "{" not in text and "[" not in text:
        return None
    values = _values(text)
    for value in reversed(values):
        answer = _answer(value, keys)
        if answer is not None:
            return answer
    if not _BEGINS.match(text):
        return None
    if values and not isinstance(values[-1], Mapping):
        return None
    quoted_answers = re.findall(r"[\"'](?:final_?)?answer[\"']\s*:\s*\"([^\"]*)\"", text, re.IGNORECASE)
    if not values and quoted_answers:
        return str(quoted_answers[-1])
    raise Malformed("no answer in the JSON object")


def _values(text: str) -> list[Any]:
    """Return the JSON objects and lists of a text, the outer ones only."""
    values: list[Any] = []
    decoder = json.JSONDecoder()
    closings: dict[int, int] | None = None
    at = 0
    for _ in range(_MOST_TRIES):
        begin = _next(text, at)
        if begin < 0:
            break
        try:
            value, at = decoder.raw_decode(text, begin)
            values.append(value)
            continue
        except (ValueError, RecursionError):
            pass
        closings = _closings(text) if closings is None else closings
        end = closings.get(begin)
        at = begin + 1
        if end is None:
            continue
        value = _loosely(text[begin:end])
        if value is not None:
            values.append(value)
            at = end
    return values


def _next(text: str, at: int) -> int:
    positions = [position for position in (text.find("{", at), text.find("[", at)) if position >= 0]
    return min(positions, default=-1)


def _closings(text: str) -> dict[int, int]:
    """Return the position behind each closing bracket, by the position of the bracket that it closes."""
    end_by_start: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] in "{[":
            opened.append(match.start())
        elif opened:
            end_by_start[opened.pop()] = match.end()
    return end_by_start


def _loosely(text: str) -> Any:
    """Read an object in the spelling of Python, with trailing commas or bare keys; None when it is none."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        quoted = re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r'\1"\2":', re.sub(r",\s*([}\]])", r"\1", text))
        try:
            value = json.loads(quoted)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, (dict, list)) else None


def _answer(value: Any, keys: str) -> str | None:
    """Return the answer in an object or a list, as text."""
    if isinstance(value, Mapping):
        fields = {_simple(key): item for key, item in value.items()}
        if keys == "whole":
            inner = _first(fields, ("finalanswer", "answer"))
            content = {k: v for k, v in value.items() if _simple(k) not in WORDS.answers.passed_over}
            return as_text(inner if inner is not None else content) or None
        if keys == "count" and any(re.search("micro|macro", key) for key in fields):
            return as_text({k: v for k, v in value.items() if _simple(k) not in WORDS.answers.passed_over})
        chosen = _first(fields, (*WORDS.answers.keys.get(keys, ()), *WORDS.answers.keys["any"]))
        if chosen is not None:
            return as_text(chosen)
        listed = _first(fields, WORDS.answers.keys["units_beside" if keys == "units" else "ranked"])
        if isinstance(listed, list) and listed and all(isinstance(item, str) for item in listed):
            return as_text(listed if keys == "units" else listed[0])
        other_fields = {k: v for k, v in value.items() if _simple(k) not in WORDS.answers.passed_over}
        if other_fields and all(
            isinstance(item, (bool, int, float)) or _is_mark(item) for item in other_fields.values()
        ):
            return as_text(other_fields)
        nested = [item for item in other_fields.values() if isinstance(item, Mapping)]
        return _answer(nested[0], keys) if len(other_fields) == 1 and nested else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            return None
        if all(isinstance(item, (str, int, float)) for item in value):
            return as_text(value) if any(isinstance(item, str) and len(item) > 1 for item in value) else None
        if len(value) == 1:
            return _answer(value[0], keys)
        return as_text(value)
    return None


def _is_mark(item: Any) -> bool:
    return isinstance(item, str) and item.strip().lower() in (*WORDS.marks.checked, *WORDS.marks.unchecked)


def _first(fields: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return the value of the first key that is there and says something."""
    for key in keys:
        if key in fields and fields[key] is not None:
            return fields[key]
    return None


def _simple(key: Any) -> str:
    return re.sub(r"[\s_\-]", "", str(key)).lower()


def as_text(value: Any) -> str:
    """Return a JSON value as the text that would say the same."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        for first, last in _EDGES:
            if first in value and last in value:
                kind_text = str(value.get("type", value.get("kind", "")))
                kind = re.search("micro|macro", kind_text.lower())
                apex = f" apex at frame {value['apex']}" if "apex" in value else ""
                details = [
                    f"{k}: {as_text(v)}" for k, v in value.items() if k not in (first, last, "type", "kind", "apex")
                ]
                interval = f"frames {value[first]}-{value[last]}" + (f" ({kind[0]}-expression)" if kind else "")
                return ". ".join([interval + apex, *details])
        return "\n".join(f"{str(key).replace('_', ' ')}: {as_text(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        if value and all(isinstance(item, Mapping) for item in value):
            return "\n".join(
                ": ".join(as_text(part) for part in item.values()) if not _placed(item) else as_text(item)
                for item in value
            )
        return ", ".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def _placed(item: Mapping[str, Any]) -> bool:
    return any(first in item and last in item for first, last in _EDGES)

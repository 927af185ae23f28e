"""Result of reading an answer's text: a typed value, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mevqa.types import Value

#: Why a text is no usable answer.
Unusable = Literal["truncated", "open_thought", "empty", "ambiguous", "unreadable"]

#: What each of them means, for messages.
UNUSABLE_MEANING: dict[str, str] = {
    "truncated": "the answer was cut off at the bound on new tokens",
    "open_thought": "the model did not come to the end of its thought",
    "empty": "nothing was written as the answer",
    "ambiguous": "several answers were given",
    "unreadable": "no answer to this question can be read",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer's text as it was read: its typed value, or why there is none.

    Attributes:
        text: The text without thoughts and marks of a chat; empty when it was cut off or its thought is open.
        value: What it answers, None when that cannot be told.
        unusable: Why there is no value; None when there is one.
    """

    text: str
    value: Value | None = None
    unusable: Unusable | None = None


class Ambiguous(ValueError):
    """Several answers stand side by side."""

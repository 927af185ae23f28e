"""What the reading of an answer's text gives: a typed value, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mevqa.events import Event

#: A unit by its number, or by what was written where that is no unit.
Unit: TypeAlias = int | str

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
class Parts:
    """What a sentence about an expression says.

    Attributes:
        units: Official names of the action units, in the order of the text.
        fine: Fine-grained class.
        coarse: Coarse class.
    """

    units: tuple[str, ...] = ()
    fine: str | None = None
    coarse: str | None = None


#: A label, units in the order of the text, a number, intervals of frames, the description of an event, the parts of a
#: sentence, or a text.
Value: TypeAlias = str | tuple[Unit, ...] | int | tuple[Event, ...] | Event | Parts


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text answers to a question.

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

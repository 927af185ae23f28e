"""Read what was answered, officially worded or in the wild, into what is compared with the reference.

The reader is ``mevqa.questions.answers``; the table of cases is ``mevqa/tables/questions/answers_in_the_wild.yaml``
(``mevqa score --cases`` prints it). The rules:

- An answer that was cut off counts for nothing, nor does one whose thought is not ended. Thoughts are taken off.
- What is marked as the answer counts: tags, a box, a JSON object, "Answer:", the letter of an option.
- Labels offered as alternatives ("positive or negative", "fear/anger"), denied or only weighed are no answer; of two
  that stay none counts. A fine class answers the question for the coarse one.
- A number of events must be whole, not negative and the only one of the kind that was asked for.
- Intervals of frames count with their kinds; "none" is an answer to the question for them, times in seconds are not.
- A list of units counts whole, also where the question asks for one. In an answer that is a list, a name that is no
  action unit still counts as a wrong one; in a sentence only units count, and none that is denied.
"""

from __future__ import annotations

import functools
from typing import TypeAlias

from pydantic import RootModel

from mevqa.events import Event
from mevqa.facs import unit_number
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import as_question, question_type
from mevqa.questions.reading.types import Reading
from mevqa.resources import TABLES
from mevqa.types import Parts, Question, Unit

#: A label, a set of units, a number, intervals of frames, the description of an event, or a text.
Value: TypeAlias = str | frozenset[Unit] | int | tuple[Event, ...] | Event

#: A question that any sentence answers.
_SENTENCE = Question("", "", "", "combined", plural=True)


def read_value(question: Question, text: str, *, truncated: bool = False) -> Value | None:
    """Return the value of a text as the answer to a question; None when it cannot be read.

    Args:
        question: What was asked; labels of all data sets are read.
        text: What was written.
        truncated: Whether the writer says that it was cut off.
    """
    return value_of(question, read_answer(question, text, truncated=truncated))


def value_of(question: Question, reading: Reading) -> Value | None:
    """Return the value of a reading as it is compared: lists as sets, sentences as their texts."""
    value = reading.value
    if isinstance(value, Parts):
        return reading.text
    if question_type(question.type).metric == "units" and isinstance(value, tuple):
        return frozenset(unit for unit in value if isinstance(unit, (int, str)))
    return value  # type: ignore[return-value]  # a tuple is a list of units or of intervals


def plain(text: str) -> str:
    """Return a text without outer space, in lower case: what an exact comparison compares."""
    return text.strip().lower()


@functools.lru_cache(maxsize=1 << 16)
def read_sentence(text: str) -> tuple[frozenset[Unit] | None, str | None, str | None]:
    """Return units, fine and coarse class of a combined or analysis answer."""
    parts = read_answer(_SENTENCE, text).value
    if not isinstance(parts, Parts):
        return None, None, None
    units: frozenset[Unit] = frozenset(unit_number(name) for name in parts.units)
    return units or None, parts.fine, parts.coarse


class Case(StrictModel):
    """One answer and what it is read as, None when it answers nothing."""

    text: str
    read: str | int | tuple[int | str, ...] | None


class Cases(StrictModel):
    """The cases of one kind of question."""

    question: str
    cases: tuple[Case, ...]

    def asked(self) -> Question:
        """Return the question that the cases answer."""
        return as_question(self.question, "case", "case")


class _Table(RootModel[dict[str, Cases]]):
    pass


def answer_cases() -> dict[str, Cases]:
    """Return the table of answers in the wild, by kind of question: what is written, and what it is read as."""
    return read_yaml(TABLES / "questions" / "answers_in_the_wild.yaml", _Table).root

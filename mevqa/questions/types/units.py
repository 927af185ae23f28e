"""Questions for a list of action units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from mevqa.datasets import Taxonomy
from mevqa.events import EventTimeline
from mevqa.facs import UNIT_NAMES, unit_name, unit_number
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_text import OPEN, ParsedQuestion, QuestionText
from mevqa.questions.reading.numbers import NOTHING
from mevqa.questions.reading.units import read_units
from mevqa.questions.types.base import Asked, Fact, Metric, QuestionType
from mevqa.questions.writing.grammar import SEPARATOR, AnswerGrammar, NameList
from mevqa.questions.writing.sentences import unit_list
from mevqa.types import Question, Value

_NUMBERS = {name: unit_number(name) for name in UNIT_NAMES}
#: Both spellings of the nostril units stand in the official files.
_LISTED_NAMES = frozenset(UNIT_NAMES) | {"nostril dilator", "nostril dilater", "nostril compressor", "nostril compress"}


@dataclass(frozen=True, eq=False)
class UnitListQuestion(QuestionType):
    """A question that is answered with names of action units, with one of them where it is in the singular."""

    one_or_several: bool = True
    metric: Metric = "units"
    fact: Fact = "units"
    json_keys: str = "units"
    whole_text: ClassVar[bool] = False
    several_parts: ClassVar[bool] = True

    def grammar(self, question: Question, form: AnswerForm, classes: Taxonomy) -> AnswerGrammar:
        """Return the lists of as many names as the prompt file says."""
        return NameList(UNIT_NAMES, form.at_least, form.at_most) if question.plural else NameList(UNIT_NAMES)

    def read_official(self, text: str) -> Value | None:
        """Return the numbers of units that are listed by their official names."""
        return official_units(text)

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the units that stand."""
        return None if NOTHING.fullmatch(text) else read_units(text) or None

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the official names, of one unit where one is asked for."""
        several = question.plural or not self.one_or_several
        if list_fault(written) is None and (several or SEPARATOR not in written):
            return written
        return unit_list(names_of(value)[: None if several else 1]) or None

    def fault(self, question: Question, text: str) -> str | None:
        """Return which name is no official one, or that one stands twice."""
        return list_fault(text)


def official_units(text: str) -> tuple[int, ...] | None:
    """Return the numbers of a list of official names; None for any other text."""
    names = text.split(SEPARATOR)
    return tuple(_NUMBERS[name] for name in names) if all(name in _NUMBERS for name in names) else None


def names_of(value: Value | None) -> tuple[str, ...]:
    """Return the official names of the units that were read, in their order."""
    numbers: Iterable[object] = value if isinstance(value, tuple) else ()
    names = (unit_name(number) for number in numbers if isinstance(number, int))
    return tuple(name for name in names if name in UNIT_NAMES)


def list_fault(text: str) -> str | None:
    """Return what of a list is no official name of a unit, or that one stands twice; None when nothing is wrong."""
    names = text.split(SEPARATOR)
    unknown = [name for name in names if name not in _LISTED_NAMES]
    if unknown:
        return f"names what is no official action unit: {SEPARATOR.join(repr(name) for name in unknown)}"
    return "names an action unit twice" if len(set(names)) < len(names) else None


def _asks_units(text: QuestionText) -> ParsedQuestion | None:
    if not text.names_units:
        return None
    other = text.has(r"\b(?:how many|why|where|when|intensity|emotion)\b")
    return ParsedQuestion(OPEN if other else "au_list", plural=not other and text.plural)


def _asks_inventory(text: QuestionText) -> ParsedQuestion | None:
    """Recognise the question for all units of a video among those about units."""
    if not text.names_units or text.has(r"\bhow many\b"):
        return None
    in_video = text.has(r"\b(?:appear|occur)\w*\b.*\bvideo\b") and text.begins(r"(?:what|which|list)\b")
    inventory = in_video or text.has(r"\b(?:distinct|different|unique)\b")
    return ParsedQuestion("au_inventory", plural=True) if inventory else None


def _inventory_of_events(question: Question, timeline: EventTimeline) -> str | None:
    return unit_list({name for event in timeline.seen for name in event.unit_names}) or None


AU_LIST = UnitListQuestion(
    "au_list",
    _asks_units,
    precedence=40,
    score_key="au",
    official=True,
    prior=lambda question, prior: unit_list(prior.units if question.plural else prior.unit),
)
AU_INVENTORY = UnitListQuestion(
    "au_inventory",
    _asks_inventory,
    precedence=95,
    score_key="au",
    official=True,
    long_video=True,
    needs_units=True,
    one_or_several=False,
    prior=lambda question, prior: unit_list(prior.inventory),
    from_events=_inventory_of_events,
)

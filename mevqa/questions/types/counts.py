"""Questions for a number of events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from mevqa.datasets import Taxonomy
from mevqa.events import Event, EventTimeline, Kind
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_text import OPEN, TIMED, ParsedQuestion, QuestionText
from mevqa.questions.reading.numbers import NOTHING, read_number
from mevqa.questions.types.base import Asked, Metric, QuestionType
from mevqa.questions.writing.grammar import AnswerGrammar, Integer
from mevqa.questions.writing.prior_table import PriorFacts
from mevqa.types import Question, Value


@dataclass(frozen=True, eq=False)
class CountQuestion(QuestionType):
    """A question that is answered with a whole number of events."""

    metric: Metric = "count"
    json_keys: str = "count"
    whole_text: ClassVar[bool] = False

    def grammar(self, question: Question, form: AnswerForm, classes: Taxonomy) -> AnswerGrammar:
        """Return the numbers up to the largest of the prompt file."""
        return Integer(form.number or 0)

    def read_official(self, text: str) -> Value | None:
        """Return a number in digits."""
        return int(text) if text.isascii() and text.isdigit() else None

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the only number of the events that are counted."""
        return None if NOTHING.fullmatch(text) else read_number(text, self.counted or asked.kind)

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the digits."""
        return str(value)

    def fault(self, question: Question, text: str) -> str | None:
        """Return the message that a text is no number in digits."""
        return None if text.isascii() and text.isdigit() else f"{text!r} is not a whole number"


def _asks_number(text: QuestionText, kind: Kind | None) -> ParsedQuestion | bool:
    """Recognise a count over the whole video; the question is open where a time is meant that cannot be read."""
    if not text.counts_events:
        return False
    if text.has(TIMED) or (text.names_both_kinds and " or " in text.words):
        return ParsedQuestion(OPEN)
    return text.kind == kind


def _asks_number_between(text: QuestionText) -> ParsedQuestion | None:
    if not text.counts_events or text.between_s is None:
        return None
    return ParsedQuestion("count_between", kind=text.kind, between_s=text.between_s)


def _count_between(question: Question, timeline: EventTimeline) -> str | None:
    """Count the events whose apex lies between the two times, the earlier one included."""
    if question.between_s is None:
        return None
    start, end = question.between_s
    events = (event for event in timeline.of_kind(question.kind) if event.interval is not None)
    return str(sum(start <= _middle(event) / timeline.fps < end for event in events))


def _middle(event: Event) -> float:
    """Return the apex, or the middle of onset and offset where there is none, in frames."""
    if event.apex is not None:
        return event.apex
    onset, offset = event.interval or (0, 0)
    return (onset + offset) / 2


def _prior_number(question: Question, prior: PriorFacts, kind: Kind | None) -> str:
    return str({"micro": prior.micro, "macro": prior.macro, None: prior.micro + prior.macro}[kind])


def _official(kind: Kind | None) -> CountQuestion:
    """Return the official question for the number of all events, or of those of one kind."""
    return CountQuestion(
        f"count_{kind or 'all'}",
        partial(_asks_number, kind=kind),
        precedence=88,
        fact="count",
        official=True,
        long_video=True,
        counted=kind,
        prior=partial(_prior_number, kind=kind),
        from_events=lambda question, timeline: str(len(timeline.of_kind(kind))),
    )


COUNT_ALL, COUNT_MICRO, COUNT_MACRO = map(_official, (None, "micro", "macro"))
COUNT_BETWEEN = CountQuestion(
    "count_between",
    _asks_number_between,
    precedence=89,
    long_video=True,
    from_events=_count_between,
)

"""Questions about the events of a long video that no official file has: where they are, what happens, a summary."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from mevqa.datasets import Taxonomy
from mevqa.events import Event, EventTimeline
from mevqa.questions.prompt_schema import AnswerForm
from mevqa.questions.question_text import EVENT, EVERY_EVENT, HOW_MANY, ParsedQuestion, QuestionText
from mevqa.questions.reading.events import read_described, read_spans, speaks_of_events
from mevqa.questions.reading.sentences import read_parts
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.questions.types.base import Asked, Metric, QuestionType
from mevqa.questions.vocabulary import every_class
from mevqa.questions.writing.event_text import (
    FORMS,
    described_text,
    description_wording,
    ordinal_text,
    spans_text,
    summary_text,
)
from mevqa.questions.writing.frame_grammar import FrameList
from mevqa.questions.writing.grammar import SEPARATOR, AnswerGrammar, AnyOf, Choices, Integer
from mevqa.questions.writing.sentences import sentence_grammar
from mevqa.types import Question, Value

#: Bounds of what is admissible: no video of the challenge has more frames or events.
_LARGEST_FRAME = 999_999_999
_MOST_EVENTS = 9999

#: A number as descriptions had it before they had "2nd": runs of then are still handed in.
_EARLIER_NUMBER = re.compile(r"(?<=^The )(\d+)-th(?= )")


@dataclass(frozen=True, eq=False)
class IntervalQuestion(QuestionType):
    """A question that is answered with intervals of frames: all events with their kinds, or a single one."""

    metric: Metric = "intervals"
    json_keys: str = "whole"
    whole_text: ClassVar[bool] = False

    @property
    def single(self) -> bool:
        """Whether one interval is asked for."""
        return self.metric == "interval"

    def _tells_kinds(self, question: Question) -> bool:
        return not self.single and question.kind is None

    def _list(self, question: Question, at_most: int, largest: int) -> FrameList:
        return FrameList(at_most, largest, kinds=self._tells_kinds(question), may_be_none=not self.single)

    def grammar(self, question: Question, form: AnswerForm, classes: Taxonomy) -> AnswerGrammar:
        """Return the lists of as many intervals as the prompt file says."""
        return self._list(question, form.at_most, form.frames or 0)

    def wording(self, question: Question) -> str:
        """Return an interval with names for its slots, or two and the sign that more may follow."""
        form = FORMS.interval_of_kind if self._tells_kinds(question) else FORMS.interval
        interval = form.format(onset="<first>", offset="<last>", kind="<micro or macro>")
        return interval if self.single else SEPARATOR.join((interval, interval, "..."))

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the intervals, the first where one is asked for."""
        spans = read_spans(text)
        return (spans[:1] if spans else None) if self.single else spans

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the intervals as they are worded."""
        spans = tuple(span for span in value if isinstance(span, Event)) if isinstance(value, tuple) else ()
        return spans_text(spans, kinds=self._tells_kinds(question))

    def fault(self, question: Question, text: str) -> str | None:
        """Return why a text is no list of intervals."""
        try:
            self._list(question, 1 if self.single else _MOST_EVENTS, _LARGEST_FRAME).parse(text)
        except ValueError as error:
            return str(error)
        return None


@dataclass(frozen=True, eq=False)
class DescriptionQuestion(QuestionType):
    """A question that is answered with the description of one event."""

    metric: Metric = "description"
    json_keys: str = "whole"
    whole_text: ClassVar[bool] = False

    def grammar(self, question: Question, form: AnswerForm, classes: Taxonomy) -> AnyOf:
        """Return the descriptions that leave nothing out."""
        singular, plural = (description_wording(question, plural=plural) for plural in (False, True))
        frames = {name: Integer(form.largest_frame) for name in ("onset", "offset", "apex")}
        return sentence_grammar(singular, plural, classes, form.at_most, kind=Choices(("micro", "macro")), **frames)

    def wording(self, question: Question) -> str:
        """Return the description with names for its slots."""
        slots = {"kind": "<micro or macro>", "onset": "<onset>", "offset": "<offset>", "apex": "<apex>"}
        classes = {"fine": "<fine-grained class>", "coarse": "<coarse class>"}
        return description_wording(question, plural=True).format(units="<action units>", **slots, **classes)

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return the event that the text describes."""
        return read_described(text, read_parts(text))

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the fixed sentences about the event that was read."""
        assert isinstance(value, Event)
        if value.fine is not None and value.fine not in classes.fine:
            value = replace(value, fine=None)
        return described_text(value, question.ordinal or 1, question.kind)

    def fault(self, question: Question, text: str) -> str | None:
        """Return a message where a text is not what would be written of the event that it describes."""
        plain = plain_text(text)
        value = read_described(plain, read_parts(plain))
        today = _EARLIER_NUMBER.sub(lambda match: ordinal_text(int(match[1])), text)
        if value is not None and self.write(question, value, text, every_class()) == today:
            return None
        return "does not have the wording of a description (The 1st expression event is a ...), or of parts of it"


@dataclass(frozen=True, eq=False)
class SummaryQuestion(QuestionType):
    """A question that is answered with a summary of all events."""

    metric: Metric = "summary"

    def read(self, asked: Asked, text: str) -> Value | None:
        """Return a text that speaks of events at all."""
        return text if speaks_of_events(plain_text(text)) else None

    def write(self, question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
        """Return the text with single spaces."""
        return " ".join(written.split())

    def fault(self, question: Question, text: str) -> str | None:
        """Return the message that a text does not mention events."""
        return None if speaks_of_events(text) else "speaks of no expression and no event"


def _asks_places(text: QuestionText) -> ParsedQuestion | None:
    """Recognise the question for the frames of all events."""
    other = rf"{HOW_MANY}|\b(?:why|who|how|first|last|longest|shortest|between|before|after)\b"
    if not text.about_all_events or text.has(other) or not text.has(EVERY_EVENT):
        return None
    finds = r"\b(?:locali[sz]e|locate|spot|detect|find|mark|list|pinpoint|give me)\b"
    frames = r"\b(?:frames?|intervals?|segments?|boundaries|timestamps?|onsets? and offsets?)\b"
    asks = r"\b(?:what|which|give|name|state|provide|report|show|at|in)\b"
    where = text.has(finds) or text.begins(r"(?:where|when) (?:are|do|does|is|can|in)\b")
    return ParsedQuestion("localise", kind=text.kind) if where or (text.has(frames) and text.has(asks)) else None


def _asks_longest(text: QuestionText) -> ParsedQuestion | None:
    if not text.about_all_events or text.has(r"\bhow (?:long|many)\b|\bshortest\b"):
        return None
    return ParsedQuestion("longest", kind=text.kind) if text.has(r"\blongest\b") else None


def _asks_description(text: QuestionText) -> ParsedQuestion | None:
    describes = (
        r"\b(?:describe|describing|description|explain|explanation|characteri[sz]e|details?|tell me about|analy[sz]e"
        r"|analysis|what happens (?:in|during|at))\b"
    )
    if text.ordinal is None or text.asks_kind or not text.has(describes) or not text.about_events:
        return None
    return ParsedQuestion("describe_nth", ordinal=text.ordinal, kind=text.kind)


def _asks_summary(text: QuestionText) -> bool:
    """Whether a question asks for a summary of all events in words."""
    if text.ordinal is not None:
        return False
    whole_video = text.has(r"\b(?:(?:whole|entire|full|long) video|video as a whole)\b")
    if text.has(r"\b(?:summari[sz]\w*|summary|overview|recap)\b"):
        return text.has(EVERY_EVENT) or whole_video or (text.has(r"\b(?:this|the) video\b") and not text.names_units)
    if text.has(rf"{HOW_MANY}|\btypes?\b|\bkinds?\b"):
        return False
    if text.has(r"\b(?:describe|describing|description|explain|analy[sz]e|analysis|reason(?:ing)?)\b"):
        events = text.has(rf"\bevents\b|\b(?:every|each|all)\b.*\b{EVENT}\b")
        return events or (whole_video and not text.names_units)
    return False


def _located_events(question: Question, timeline: EventTimeline) -> list[Event]:
    """Return the events asked about that have an interval."""
    return [event for event in timeline.of_kind(question.kind) if event.interval is not None]


def _places(question: Question, timeline: EventTimeline) -> str:
    return spans_text(_located_events(question, timeline), kinds=question.kind is None)


def _longest(question: Question, timeline: EventTimeline) -> str | None:
    """Return the longest event, of several the first."""
    longest = max(_located_events(question, timeline), key=lambda event: event.duration or 0, default=None)
    return None if longest is None else spans_text([longest], kinds=False)


def _description(question: Question, timeline: EventTimeline) -> str | None:
    events, ordinal = _located_events(question, timeline), question.ordinal
    if ordinal is None or not 1 <= ordinal <= len(events):
        return None
    return described_text(events[ordinal - 1], ordinal, question.kind)


LOCALISE = IntervalQuestion("localise", _asks_places, precedence=85, long_video=True, from_events=_places)
LONGEST = IntervalQuestion(
    "longest", _asks_longest, precedence=86, metric="interval", long_video=True, from_events=_longest
)
DESCRIBE_NTH = DescriptionQuestion(
    "describe_nth",
    _asks_description,
    precedence=97,
    score_key="describe",
    long_video=True,
    needs_units=True,
    from_events=_description,
)
SUMMARY = SummaryQuestion(
    "summary",
    _asks_summary,
    precedence=98,
    long_video=True,
    needs_units=True,
    from_events=lambda question, timeline: summary_text(timeline),
)

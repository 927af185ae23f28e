"""Read, write and check the answer to a question of any type."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from mevqa.datasets import Taxonomy, taxonomy
from mevqa.events import EventTimeline, Kind
from mevqa.facs import UnknownActionUnit, unit_number
from mevqa.questions.question_text import OPEN
from mevqa.questions.question_types import parse_question, question_type
from mevqa.questions.reading.cues import Marked, boxed_answers, phrased_answers, tagged_answer
from mevqa.questions.reading.json_answers import Malformed, json_answer
from mevqa.questions.reading.text.layouts import entry_of_event, name_units_of_tables
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.questions.reading.text.thoughts import without_thoughts
from mevqa.questions.reading.text.turns import own_turn
from mevqa.questions.reading.types import Ambiguous, Reading
from mevqa.questions.types import Asked, QuestionType
from mevqa.questions.types.base import shortened
from mevqa.questions.types.units import names_of
from mevqa.types import Question, Reply, Value

_DEPTH = 3
#: Models fall into loops: signs that repeat more often than so in a long text say no more, and take minutes to read.
_COPIES = 50
_LONG = 2_000
_REPEATED = re.compile(rf"(\W{{1,10}}?)\1{{{_COPIES},}}")


def read_answer(question: Question, text: str, *, truncated: bool = False) -> Reading:
    """Read what was written as the answer to a question.

    In this order: an answer that was cut off, or whose thought is not ended, is unusable; thoughts are taken off; what
    is marked as the answer counts (tags, a box, a JSON object, "Answer:", the letter of an option); checklists and
    probabilities; then what is denied or only weighed is set aside; of several labels that stay none counts.

    Args:
        question: What was asked. Labels of all data sets are read; the data set decides the letters of the options.
        text: The written answer.
        truncated: Whether the writer says that the answer was cut off.
    """
    if truncated:
        return Reading("", unusable="truncated")
    if len(text) > _LONG:
        text = _REPEATED.sub(lambda match: match[1] * _COPIES, text)
    definition = question_type(question.type)
    # Only questions with options list them in their text.
    listed = (question.dataset, question.text) if definition.metric == "classes" else ("", "")
    ordinal = question.ordinal if definition.one_event else None
    return _cached(_as_asked(definition, question.kind, question.action_unit, ordinal, *listed), text)


def normalise(question: Question, reply: Reply, classes: Taxonomy | None = None) -> str | None:
    """Bring one reply into the official surface form, alone and without deciding anything anew.

    Args:
        question: What was asked.
        reply: The model's reply, free or under a grammar.
        classes: Classes of the data set; those of ``question.dataset`` when None.

    Returns:
        The answer in the vocabulary of its question type; None when the reply is an error, was cut off, or holds no
        answer to this type of question.
    """
    if reply.error is not None:
        return None
    return written_answer(question, reply, read_answer(question, reply.text, truncated=reply.truncated), classes)


def written_answer(question: Question, reply: Reply, reading: Reading, classes: Taxonomy | None = None) -> str | None:
    """Return the official surface form of a reply that was read; the arguments are those of ``normalise``."""
    if reading.value is not None:
        definition = question_type(question.type)
        text = definition.write(question, reading.value, reading.text, classes or taxonomy(question.dataset))
        if text is not None:
            return text
    if reply.truncated or not reply.options:
        return None
    options = reply.options
    return max(options, key=lambda option: options[option])


def read_units(question: Question, reply: Reply) -> tuple[str, ...]:
    """Return the official names of the units that a reply to a list question names, in its order, each once."""
    if reply.error is not None:
        return ()
    return names_of(read_answer(question, reply.text, truncated=reply.truncated).value)


def fault(question: Question, text: str) -> str | None:
    """Return what of an answer is outside the vocabulary of its question type, None when nothing is.

    The vocabulary is that of all data sets together, since the classes of the test sets are not published. Official
    spelling is asked for: upper case, full stops and other synonyms are faults, because a scorer that compares words
    counts them as wrong.
    """
    if not text.strip():
        return "is empty"
    answer_text = without_thoughts(text)
    if answer_text is None:
        return f"ends within a thought: {shortened(text)}"
    if answer_text != text.strip():
        return f"holds a thought or marks of a chat, which a scorer compares too: {shortened(text)}"
    return question_type(question.type).fault(question, text)


def timeline_answer(question: Question, timeline: EventTimeline) -> str | None:
    """Return the answer that the events of a long video give; answers from one timeline do not contradict each other.

    Assumed events count in the numbers of events and have a kind and a place in the order; they are no part of what
    needs frames, units or classes.

    Args:
        question: Of a type about long videos. Where it asks about one kind, only events of that kind are looked at.
        timeline: The events of the video.

    Returns:
        The answer; None when the events cannot tell: no such event, or no known unit.

    Raises:
        ValueError: The question is not about a long video.
    """
    answer_from_events = question_type(question.type).from_events
    if answer_from_events is None:
        raise ValueError(f"a question of type {question.type} is not about a long video")
    return answer_from_events(question, timeline)


@functools.lru_cache(maxsize=1 << 14)
def _as_asked(
    definition: QuestionType, kind: Kind | None, unit: str | None, ordinal: int | None, dataset: str, text: str
) -> Asked:
    """Return the parts of a question that decide how its answer is read: one object for all questions alike in them."""
    try:
        number = None if unit is None else str(unit_number(unit))
    except UnknownActionUnit:
        number = None
    return Asked(definition, kind, number, definition.letters(dataset, text), ordinal)


@functools.lru_cache(maxsize=1 << 16)
def _cached(asked: Asked, text: str) -> Reading:
    """Read an answer; many are the same."""
    official = asked.type.read_official(text)
    if official is not None:
        return Reading(text, official)
    answer_text = without_thoughts(text)
    if answer_text is None:
        return Reading("", unusable="open_thought")
    if not answer_text.strip():
        return Reading("", unusable="empty")
    try:
        value = _read(asked, answer_text)
    except Ambiguous:
        return Reading(answer_text, unusable="ambiguous")
    except Malformed:
        return Reading(answer_text, unusable="unreadable")
    return Reading(answer_text, value, None if value is not None else "unreadable")


def _read(asked: Asked, text: str) -> Value | None:
    """Read a text without thoughts."""
    if asked.type.whole_text:
        return asked.type.read(asked, text)
    return _by_cues(asked, own_turn(asked.type.name, text, _type_of), _DEPTH)


def _type_of(text: str) -> str | None:
    kind = parse_question(text).type
    return None if kind == OPEN else kind


def _by_cues(asked: Asked, text: str, depth: int) -> Value | None:
    """Read what is marked as the answer, else all of the text."""
    if depth:
        tagged = tagged_answer(text)
        if tagged is not None:
            return _by_cues(asked, tagged, depth - 1) if tagged.strip() else None
        boxed = boxed_answers(text)
        if boxed:
            answer = ", ".join(dict.fromkeys(boxed)) if asked.type.several_parts else boxed[-1]
            return _by_cues(asked, answer, depth - 1)
        structured = json_answer(text, asked.type.json_keys)
        if structured is not None:
            return _by_cues(asked, structured, 0)
    plain = entry_of_event(name_units_of_tables(plain_text(text)), asked.ordinal)
    read = functools.partial(asked.type.read, asked)
    for marked in phrased_answers(plain):
        value, final = _marked_value(marked, read)
        if value is not None or final:
            return value
    return read(plain)


def _marked_value(marked: Marked, read: Callable[[str], Value | None]) -> tuple[Value | None, bool]:
    """Return the value of a part that is marked as the answer, and whether nothing else counts."""
    for part in dict.fromkeys((marked.text, marked.rest)):
        value = read(part) if part else None
        if value is not None:
            return value, True
    return None, marked.firm

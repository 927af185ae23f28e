"""The official surface form of every answer: the vocabulary, the lists and the sentences, written and normalised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mevqa.datasets import Taxonomy, taxonomy
from mevqa.events import Event
from mevqa.facs import UNIT_NAMES, unit_name, unit_number
from mevqa.questions.reading import Parts, Value, read_answer, without_thoughts
from mevqa.questions.reading.events import speaks_of_events
from mevqa.questions.reading.sentences import read_parts as read_plain_parts
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.questions.vocabulary import (
    CLOSED,
    COUNTS,
    FIXED_OPTIONS,
    FORMS,
    LISTS,
    PLACES,
    SENTENCES,
    every_class,
    options_of,
)
from mevqa.questions.writing.event_text import described_text, spans_text
from mevqa.questions.writing.frame_grammar import FrameList
from mevqa.questions.writing.grammar import SEPARATOR
from mevqa.types import Question, QuestionType, Reply

__all__ = [
    "COUNTS",
    "FIXED_OPTIONS",
    "LISTS",
    "PLACES",
    "SENTENCES",
    "SENTENCE_WORDINGS",
    "every_class",
    "fault",
    "normalise",
    "read_parts",
    "read_units",
    "sentence",
    "unit_list",
]

#: The sentences by question type, with the slots units, fine and coarse.
SENTENCE_WORDINGS = FORMS.sentences
#: Characters of an answer that a message shows.
_SHOWN = 80
#: Bounds of what is admissible: no video of the challenge has more frames or events.
_LARGEST_FRAME = 999_999_999
_MOST_EVENTS = 9999


def sentence(kind: QuestionType, units: Iterable[str], fine: str, coarse: str, *, plural: bool) -> str:
    """Write the sentence of a combined or analysis question.

    Args:
        kind: ``COMBINED`` or ``ANALYSIS``.
        units: Official names of the action units.
        fine: Fine-grained class.
        coarse: Coarse class.
        plural: Whether the wording for several units is asked for.
    """
    wording = FORMS.sentences[kind]
    text = wording.plural if plural else wording.singular
    return text.format(units=unit_list(units), fine=fine, coarse=coarse)


def unit_list(units: Iterable[str]) -> str:
    """Join the official names of action units in the order of their numbers, as the official files do."""
    return SEPARATOR.join(sorted(units, key=unit_number))


def normalise(question: Question, reply: Reply, classes: Taxonomy | None = None) -> str | None:
    """Bring one reply into the official surface form, alone and without deciding anything anew.

    Args:
        question: What was asked.
        reply: What the model said, freely or under a grammar.
        classes: Classes of the data set; those of ``question.dataset`` when None.

    Returns:
        The answer in the vocabulary of its question type; None when the reply is an error, was cut off, or holds no
        answer to this type of question.
    """
    if reply.error is not None:
        return None
    classes = classes or taxonomy(question.dataset)
    reading = read_answer(question, reply.text, truncated=reply.truncated)
    if reading.value is not None:
        text = _official_text(question, reading.value, reading.text, classes)
        if text is not None:
            return text
    return None if reply.truncated else _likeliest(reply)


def read_units(question: Question, reply: Reply) -> tuple[str, ...]:
    """Return the official names of the units that a reply to a list question names, in its order, each once."""
    if reply.error is not None:
        return ()
    return _unit_names(read_answer(question, reply.text, truncated=reply.truncated).value)


def _unit_names(value: Value | None) -> tuple[str, ...]:
    """Return the official names of a list of units."""
    numbers = [one for one in value if isinstance(one, int)] if isinstance(value, tuple) else []
    return tuple(name for name in map(unit_name, numbers) if name in UNIT_NAMES)


def _official_text(question: Question, value: Value, written: str, classes: Taxonomy) -> str | None:
    """Write what was read in the official form; an official answer stays as it was written."""
    kind = question.type
    if kind in CLOSED:
        return str(value) if value in options_of(kind, classes) else None
    if kind is QuestionType.OPEN:
        return written.strip() or None
    if kind is QuestionType.SUMMARY:
        return " ".join(written.split())
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Event):
        if value.fine is not None and value.fine not in classes.fine:
            value = replace(value, fine=None)
        return described_text(value, question.ordinal or 1, question.kind)
    if isinstance(value, Parts):
        return _official_sentence(question, value, written, classes)
    if kind in PLACES:
        spans = tuple(span for span in value if isinstance(span, Event)) if isinstance(value, tuple) else ()
        return spans_text(spans, kinds=kind is QuestionType.LOCALISE and question.kind is None)
    several = question.plural or kind is QuestionType.AU_INVENTORY
    if _list_fault(written) is None and (several or SEPARATOR not in written):
        return written
    names = _unit_names(value)
    return unit_list(names[: None if several else 1]) or None


def _official_sentence(question: Question, parts: Parts, written: str, classes: Taxonomy) -> str | None:
    """Write the sentence of a combined or analysis question."""
    if not parts.units or parts.fine not in classes.fine or parts.coarse not in classes.coarse:
        return None
    assert parts.fine is not None and parts.coarse is not None
    combined = question.type is QuestionType.COMBINED
    plural = question.plural if combined else len(parts.units) > 1
    wording = FORMS.sentences[question.type]
    if (
        match_wording(wording.plural if plural else wording.singular, written)
        and _wording_fault(question, written) is None
    ):
        return written
    return sentence(question.type, parts.units if plural else parts.units[:1], parts.fine, parts.coarse, plural=plural)


def _wording_fault(question: Question, text: str) -> str | None:
    """Say what deviates in a sentence that has the wording of its question type."""
    wording = FORMS.sentences[question.type]
    values = match_wording(wording.plural, text) or match_wording(wording.singular, text)
    if values is None:
        return "has another wording"
    classes = taxonomy("unknown")
    return (
        _list_fault(values["units"])
        or _outside(values["fine"], classes.fine)
        or _outside(values["coarse"], classes.coarse)
    )


def match_wording(wording: str, text: str) -> dict[str, str] | None:
    """Return what stands in the slots of ``wording``, whatever it is; None when the fixed words differ."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(wording))
    match = re.fullmatch(pattern, text)
    return match.groupdict() if match else None


def read_parts(text: str, classes: Taxonomy) -> Parts:
    """Read units, fine and coarse class out of a sentence, worded officially or freely.

    Args:
        text: What a model or an entrant wrote, without thoughts.
        classes: Classes of the data set; others that the text names are left out.
    """
    parts = read_plain_parts(plain_text(text))
    return replace(parts, fine=parts.fine if parts.fine in classes.fine else None)


def _likeliest(reply: Reply) -> str | None:
    if not reply.options:
        return None
    return max(reply.options, key=lambda option: reply.options[option] if reply.options else 0.0)


def fault(question: Question, text: str) -> str | None:
    """Say what of an answer is outside the vocabulary of its question type, None when nothing is.

    The vocabulary is that of all data sets together, since the classes of the test sets are not published. Official
    spelling is asked for: upper case, full stops and other synonyms are faults, because a scorer that compares words
    counts them as wrong.
    """
    if not text.strip():
        return "is empty"
    rest = without_thoughts(text)
    if rest is None:
        return f"ends within a thought: {_short(text)}"
    if rest != text.strip():
        return f"holds a thought or marks of a chat, which a scorer compares too: {_short(text)}"
    classes = taxonomy("unknown")
    kind = question.type
    if kind is QuestionType.COARSE:
        return _outside(text, classes.coarse)
    if kind is QuestionType.FINE:
        return _outside(text, classes.fine)
    options = CLOSED.get(kind)
    if options is not None:
        return _outside(text, FIXED_OPTIONS[options])
    if kind in COUNTS:
        return None if text.isascii() and text.isdigit() else f"{text!r} is not a whole number"
    if kind in LISTS:
        return _list_fault(text)
    if kind is QuestionType.COMBINED:
        return _combined_fault(question, text)
    if kind in PLACES:
        return _places_fault(question, text)
    if kind is QuestionType.SUMMARY and not speaks_of_events(text):
        return "speaks of no expression and no event"
    if kind is QuestionType.DESCRIBE_NTH and normalise(question, Reply(text), every_class()) != text:
        return "does not have the wording of a description (The 1-th expression event is a ...), or of parts of it"
    if kind is QuestionType.ANALYSIS:
        parts = read_parts(text, classes)
        missing = [
            name
            for name, value in (
                ("action unit", parts.units),
                ("fine-grained class", parts.fine),
                ("coarse class", parts.coarse),
            )
            if not value
        ]
        return f"names no {' and no '.join(missing)} of the vocabulary" if missing else None
    return None


def _short(text: str) -> str:
    """Return a text in quotes, of a long one the beginning."""
    whole = repr(text)
    return whole if len(whole) <= _SHOWN else whole[: _SHOWN - 3] + "..."


def _outside(text: str, options: Iterable[str]) -> str | None:
    options = tuple(options)
    return None if text in options else f"{_short(text)} is none of: {SEPARATOR.join(options)}"


def _list_fault(text: str) -> str | None:
    names = text.split(SEPARATOR)
    unknown = [name for name in names if name not in _LISTED_NAMES]
    if unknown:
        return f"names what is no official action unit: {SEPARATOR.join(repr(name) for name in unknown)}"
    return "names an action unit twice" if len(set(names)) < len(names) else None


def _combined_fault(question: Question, text: str) -> str | None:
    """Check the wording first, so that the report names what deviates."""
    wrong = _wording_fault(question, text)
    return (
        "does not have the official wording (The action unit present is: ... Therefore, ...)"
        if wrong == "has another wording"
        else wrong
    )


def _places_fault(question: Question, text: str) -> str | None:
    """Check a list of intervals."""
    localise = question.type is QuestionType.LOCALISE
    grammar = FrameList(
        _MOST_EVENTS if localise else 1, _LARGEST_FRAME, kinds=localise and question.kind is None, may_be_none=localise
    )
    try:
        grammar.parse(text)
    except ValueError as error:
        return str(error)
    return None


#: Both spellings of the nostril units stand in the official files.
_LISTED_NAMES = frozenset(UNIT_NAMES) | {"nostril dilator", "nostril dilater", "nostril compressor", "nostril compress"}

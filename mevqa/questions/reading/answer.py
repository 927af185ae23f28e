"""The one reader of what was written as the answer to a question."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mevqa.datasets import taxonomy
from mevqa.events import Kind
from mevqa.facs import UNIT_NAMES, UnknownActionUnit, unit_number
from mevqa.questions.reading.cues import Marked, boxed_answers, phrased_answers, tagged_answer
from mevqa.questions.reading.events import read_described, read_spans, speaks_of_events
from mevqa.questions.reading.json_answers import Malformed, json_answer
from mevqa.questions.reading.labels import read_label
from mevqa.questions.reading.mentions import (
    coarse_by_fine_spellings,
    coarse_spellings,
    fine_class_spellings,
    option_spellings,
)
from mevqa.questions.reading.numbers import COUNTED, read_number
from mevqa.questions.reading.presence import read_presence
from mevqa.questions.reading.sentences import labelled_clause, read_parts
from mevqa.questions.reading.text.layouts import entry_of_event, name_units_of_tables
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.questions.reading.text.thoughts import without_thoughts
from mevqa.questions.reading.text.turns import own_turn
from mevqa.questions.reading.types import Ambiguous, Parts, Reading, Unusable, Value
from mevqa.questions.reading.units import read_units
from mevqa.questions.vocabulary import CLOSED, COUNTS, FORMS, LISTS, PLACES, SENTENCES, every_class, options_of
from mevqa.types import Question, QuestionType

_NOTHING = re.compile(r"\W*(?:n/?a|none|nan|null|unknown|-+|\?+)?\W*", re.IGNORECASE)
_LETTERS: Mapping[str, Mapping[str, str]] = {"presence": {"y": "yes", "n": "no"}, "side": {"l": "left", "r": "right"}}
_ALPHABET = "abcdefghij"
_DEPTH = 3
#: Models fall into loops: signs that repeat more often than so in a long text say no more, and take minutes to read.
_COPIES = 50
_LONG = 2_000
_REPEATED = re.compile(rf"(\W{{1,10}}?)\1{{{_COPIES},}}")


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What of a question decides how its answer is read; there is one for all questions that are alike."""

    kind: QuestionType
    events: Kind | None
    unit: str | None
    letters: tuple[tuple[str, str], ...]
    ordinal: int | None = None


def read_answer(question: Question, text: str, *, truncated: bool = False) -> Reading:
    """Read what was written as the answer to a question.

    In this order: an answer that was cut off, or whose thought is not ended, is unusable; thoughts are taken off; what
    is marked as the answer counts (tags, a box, a JSON object, "Answer:", the letter of an option); checklists and
    probabilities; then what is denied or only weighed is set aside; of several labels that stay none counts.

    Args:
        question: What was asked. Labels of all data sets are read; the data set decides the letters of the options.
        text: What was written.
        truncated: Whether the writer says that the answer was cut off.
    """
    if truncated:
        return Reading("", unusable="truncated")
    if len(text) > _LONG:
        text = _REPEATED.sub(lambda found: found[1] * _COPIES, text)
    return _cached(_asked(question), text)


def _asked(question: Question) -> _Asked:
    kind = question.type
    # Only questions with options list them in their text.
    listed = (question.dataset, question.text) if kind in CLOSED else ("", "")
    event = question.ordinal if kind is QuestionType.NTH_TYPE else None
    return _alike(kind, question.kind, question.action_unit, event, *listed)


@functools.lru_cache(maxsize=1 << 14)
def _alike(
    kind: QuestionType, events: Kind | None, unit: str | None, event: int | None, dataset: str, text: str
) -> _Asked:
    return _Asked(kind, events, _unit(unit), _letters(kind, dataset, text), event)


def _unit(name: str | None) -> str | None:
    """Return the number of the unit asked about, as the mentions have it."""
    try:
        return None if name is None else str(unit_number(name))
    except UnknownActionUnit:
        return None


def _letters(kind: QuestionType, dataset: str, text: str) -> tuple[tuple[str, str], ...]:
    """Return the options by letter: as the question lists them, else in the order of the prompts."""
    if kind not in CLOSED:
        return ()
    listed = re.findall(
        r"(?:^|[\s(])\(?([A-Ja-j])[).:]\s*([^()\n,;/]+?)(?=\s*(?:[,;/\n]|\(?[A-Ja-j][).:]|or\b|\.?$))", text
    )
    options = dict(zip(_ALPHABET, options_of(kind, taxonomy(dataset)), strict=False))
    if len(listed) > 1:
        spellings = _spellings(kind)
        named = {letter.lower(): spellings.get(name.strip(" .?").lower()) for letter, name in listed}
        options = {letter: name for letter, name in named.items() if name}
    return tuple({**options, **_LETTERS.get(CLOSED[kind] or "", {})}.items())


@functools.cache
def _spellings(kind: QuestionType) -> Mapping[str, str]:
    if kind is QuestionType.COARSE:
        return coarse_spellings()
    if kind is QuestionType.FINE:
        return fine_class_spellings()
    name = CLOSED[kind] or ""
    return {"yes": "yes", "no": "no"} if name == "presence" else option_spellings(name)


@functools.lru_cache(maxsize=1 << 16)
def _cached(asked: _Asked, text: str) -> Reading:
    """Read an answer; many are the same."""
    official = _official(asked, text)
    if official is not None:
        return Reading(text, official)
    rest = without_thoughts(text)
    if rest is None:
        return Reading("", unusable="open_thought")
    if not rest.strip():
        return Reading("", unusable="empty")
    try:
        value = _read(asked, rest)
    except Ambiguous:
        return Reading(rest, unusable="ambiguous")
    except Malformed:
        return Reading(rest, unusable="unreadable")
    unusable: Unusable | None = None if value is not None else "unreadable"
    return Reading(rest, value, unusable)


def _official(asked: _Asked, text: str) -> Value | None:
    """Return the value of an answer in its official spelling, None for every other."""
    if asked.kind in CLOSED:
        return text if text in options_of(asked.kind, every_class()) else None
    if asked.kind in COUNTS:
        return int(text) if text.isascii() and text.isdigit() else None
    if asked.kind in LISTS:
        names = text.split(", ")
        return tuple(_NUMBERS[name] for name in names) if all(name in _NUMBERS for name in names) else None
    if asked.kind in SENTENCES:
        return _official_sentence(asked.kind, text)
    return None


_NUMBERS = {name: unit_number(name) for name in UNIT_NAMES}


def _official_sentence(kind: QuestionType, text: str) -> Parts | None:
    """Return what a sentence in the official wording says; None for any other text."""
    for wording in (FORMS.sentences[kind].plural, FORMS.sentences[kind].singular):
        match = _wording(wording).fullmatch(text)
        if match is None:
            continue
        units = match["units"].split(", ")
        classes = every_class()
        if (
            all(unit in _NUMBERS for unit in units)
            and match["fine"] in classes.fine
            and match["coarse"] in classes.coarse
        ):
            return Parts(tuple(units), match["fine"], match["coarse"])
    return None


@functools.cache
def _wording(wording: str) -> re.Pattern[str]:
    """Return the pattern of a sentence with the slots units, fine and coarse."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^.]*?)", re.escape(wording)))


def _read(asked: _Asked, text: str) -> Value | None:
    """Read a text without thoughts."""
    kind = asked.kind
    if kind is QuestionType.OPEN:
        return text
    if kind is QuestionType.SUMMARY:
        return text if speaks_of_events(plain_text(text)) else None
    return _by_cues(asked, own_turn(kind, text), _reader(asked), _DEPTH)


def _by_cues(asked: _Asked, text: str, read: Callable[[str], Value | None], depth: int) -> Value | None:
    """Read what is marked as the answer, else all of the text."""
    if depth:
        tagged = tagged_answer(text)
        if tagged is not None:
            return _by_cues(asked, tagged, read, depth - 1) if tagged.strip() else None
        boxed = boxed_answers(text)
        if boxed:
            several = asked.kind in LISTS or asked.kind in SENTENCES
            return _by_cues(asked, ", ".join(dict.fromkeys(boxed)) if several else boxed[-1], read, depth - 1)
        structured = json_answer(asked.kind, text)
        if structured is not None:
            return _by_cues(asked, structured, read, 0)
    plain = entry_of_event(name_units_of_tables(plain_text(text)), asked.ordinal)
    for marked in phrased_answers(plain):
        found, final = _of_marked(marked, read)
        if found is not None or final:
            return found
    return read(plain)


def _of_marked(marked: Marked, read: Callable[[str], Value | None]) -> tuple[Value | None, bool]:
    """Return what a marked part says, and whether nothing else counts."""
    for part in dict.fromkeys((marked.text, marked.rest)):
        found = read(part) if part else None
        if found is not None:
            return found, True
    return None, marked.firm


def _reader(asked: _Asked) -> Callable[[str], Value | None]:
    """Return the function that reads a plain text for a type of question."""
    kind = asked.kind
    letters = dict(asked.letters)
    if kind in PLACES:
        return lambda text: _places(kind, text)
    if kind is QuestionType.DESCRIBE_NTH:
        return lambda text: read_described(text, read_parts(text))
    if kind in SENTENCES:
        return lambda text: read_parts(text) if text else None
    if kind in COUNTS:
        counted = COUNTED.get(kind, asked.events)
        return lambda text: None if _NOTHING.fullmatch(text) else read_number(text, counted)
    if kind in LISTS:
        return lambda text: None if _NOTHING.fullmatch(text) else read_units(text) or None
    if CLOSED[kind] == "presence":
        return lambda text: _presence(asked, text, letters)
    if kind is QuestionType.COARSE:
        return lambda text: _coarse(text, letters)
    if kind is QuestionType.FINE:
        return lambda text: _fine(text, letters)
    spellings, options = _spellings(kind), options_of(kind, every_class())
    return lambda text: read_label(text, spellings, options, letters)


def _places(kind: QuestionType, text: str) -> Value | None:
    spans = read_spans(text)
    return spans if kind is QuestionType.LOCALISE else spans[:1] if spans else None


def _presence(asked: _Asked, text: str, letters: Mapping[str, str]) -> str | None:
    events = asked.kind is not QuestionType.AU_PRESENCE
    found = read_presence(text, asked.events if events else asked.unit, events=events)
    if found is not None:
        return found
    alone = re.fullmatch(r"\W*(?:option\s*)?[(\[]?([a-j yn])[)\]]?\W*", text)
    return letters.get(alone[1]) if alone else None


def _coarse(text: str, letters: Mapping[str, str]) -> str | None:
    """Return the coarse class; a fine class answers for it where no coarse one is named."""
    options = every_class().coarse
    clause = labelled_clause(text, "coarse")
    if clause:
        found = read_label(clause, coarse_spellings(), options, letters)
        if found is not None:
            return found
    found = read_label(text, coarse_spellings(), options, letters)
    return found if found is not None else read_label(text, coarse_by_fine_spellings(), options, {})


def _fine(text: str, letters: Mapping[str, str]) -> str | None:
    options = every_class().fine
    clause = labelled_clause(text, "fine")
    if clause:
        found = read_label(clause, fine_class_spellings(), options, letters)
        if found is not None:
            return found
    return read_label(labelled_clause(text, "fine", drop="coarse") or text, fine_class_spellings(), options, letters)

"""Read what was answered, officially worded or in the wild, into what is compared with the reference.

The table of cases is ``mevqa/tables/answers_in_the_wild.yaml`` (``mevqa score --cases`` prints it). The rules:

- What follows ``</think>`` or "Answer:" counts, case and final stops do not.
- Labels offered as alternatives ("positive or negative", "fear/anger") are no answer; a label beside them is.
- Of several labels the first that is not denied counts; a fine class answers the question for the coarse one.
- A number of events must be whole, not negative and the only one of the kind that was asked for.
- Intervals of frames count with their kinds; "none" is an answer to the question for them, times in seconds are not.
- A list of units counts whole, also where the question asks for one. In an answer that is a list, a name that is no
  action unit still counts as a wrong one; in a sentence only units count, and none that is denied.
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import TypeAlias

from mevqa.facs import UnknownActionUnit, canonical_fine, find_units, parse_units, unit_number
from mevqa.models.protocol import Reply
from mevqa.records import Kind, Question, QuestionType
from mevqa.vqa.event_counts import COUNTED
from mevqa.vqa.event_reading import read_described, read_spans, speaks_of_events
from mevqa.vqa.event_text import Described, Span
from mevqa.vqa.reading import final_answer
from mevqa.vqa.surface import COUNTS, FIXED_OPTIONS, LISTS, PLACES, every_class, normalise, read_parts

#: A unit by its number, or by what was written where that is no unit.
Unit: TypeAlias = int | str
#: A label, a set of units, a number, intervals of frames, the description of an event, or a text.
Value: TypeAlias = str | frozenset[Unit] | int | tuple[Span, ...] | Described

CLOSED = {
    QuestionType.COARSE: None,
    QuestionType.FINE: None,
    QuestionType.AU_PRESENCE: "presence",
    QuestionType.AU_SIDE: "side",
    QuestionType.EXPRESSION_SHOWN: "presence",
    QuestionType.NTH_TYPE: "kind",
    QuestionType.EVENT_PRESENCE: "presence",
    QuestionType.ORDER: "kind",
}
#: Question types whose answers are read under every preset: no two texts of them need be the same.
READ = PLACES | {QuestionType.DESCRIBE_NTH}
_LETTERS = {"presence": {"y": "yes", "n": "no"}, "side": {"l": "left", "r": "right"}}
_NOTHING = re.compile(r"\W*(?:n/?a|none|nan|null|unknown|-+|\?+)?\W*", re.IGNORECASE)
_JOINED = r"\s*(?:/|\bor\b|\band/or\b|\bversus\b|\bvs\b)\s*(?:an?\s+|the\s+)?"
_LISTED = r"\s*(?:,\s*(?:and|or)?|&|\+|\band\b)\s*(?:an?\s+|the\s+)?"
_DENIED = re.compile(
    r"\b(?:not(?!\s+only)|without|rather\s+than|instead\s+of|neither|nor|no(?!\s+doubt))\b(?:(?!\bbut\b)[^,.;:])*",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(r"^.*?\b(?:action units?|aus?)\b[^:,.]*?(?::|\bis\b|\bare\b)\s*(?=\S)", re.IGNORECASE)
#: What is counted, by kind of event.
_COUNTED = {
    "micro": "micro",
    "macro": "macro",
    None: r"(?:(?:distinct |separate |facial |different )*(?:expression|event)|in total\b|in all\b|altogether\b)",
}
_MOST_WORDS_OF_A_NAME = 4


def read_value(question: Question, text: str) -> Value | None:
    """Return what a text answers to a question; None when it cannot be told.

    Args:
        question: What was asked; the data set decides nothing here, labels of all data sets are read.
        text: What was written.
    """
    kind = question.type
    text = final_answer(text)
    if kind in PLACES:
        spans = read_spans(text)
        return spans if kind is QuestionType.LOCALISE else spans[:1] if spans else None
    if _NOTHING.fullmatch(text):
        return None
    if kind in CLOSED:
        return _read_label(question, text)
    if kind in COUNTS:
        return _read_number(question, text)
    if kind in LISTS:
        return read_unit_set(text)
    if kind is QuestionType.DESCRIBE_NTH:
        return read_described(text, read_parts(text, every_class()))
    if kind is QuestionType.SUMMARY:
        return text if speaks_of_events(text) else None
    return text


def plain(text: str) -> str:
    """Return a text without outer space, in lower case: what an exact comparison compares."""
    return text.strip().lower()


def read_unit_set(text: str) -> frozenset[Unit] | None:
    """Return the units that an answer names, unknown names of a list as they are written; None without any."""
    listed = _listed_units(_PREAMBLE.sub("", text, count=1)) or _listed_units(text)
    if listed:
        return listed
    units: frozenset[Unit] = frozenset(find_units(_DENIED.sub(" ", text)))
    return units or None


@functools.lru_cache(maxsize=1 << 16)
def read_sentence(text: str) -> tuple[frozenset[Unit] | None, str | None, str | None]:
    """Return units, fine and coarse class of a combined or analysis answer."""
    parts = read_parts(text, every_class())
    units: frozenset[Unit] = frozenset(unit_number(name) for name in parts.units)
    return units or None, parts.fine, parts.coarse


def _read_label(question: Question, text: str) -> str | None:
    options = CLOSED[question.type]
    if options is not None:
        letter = _LETTERS.get(options, {}).get(text.strip(" .").lower())
        if letter is not None:
            return letter
    asked = replace(question, dataset="unknown")
    return normalise(asked, Reply(text=_without_alternatives(question.type, text).strip() or "-"), every_class())


def _without_alternatives(kind: QuestionType, text: str) -> str:
    """Cut labels that are offered as alternatives out of a text."""
    words = _label_words(kind)
    # "yes, no doubt" is one answer; only classes can be listed with commas.
    joint = _JOINED if CLOSED[kind] == "presence" else f"(?:{_JOINED}|{_LISTED})"
    word = rf"\b(?:{words})\b"
    pattern = re.compile(rf"(?:\beither\s+)?{word}(?:{joint}{word})+", re.IGNORECASE)

    def cut(match: re.Match[str]) -> str:
        named = {_canonical(kind, part[0].lower()) for part in re.finditer(word, match[0], re.IGNORECASE)}
        return match[0] if len(named) == 1 else " "

    return pattern.sub(cut, text)


@functools.cache
def _label_words(kind: QuestionType) -> str:
    """Return the alternation of the words that name a label of a question type."""
    options = CLOSED[kind]
    if options == "kind":
        return r"(?:micro|macro)(?:[- ]?expressions?)?"
    if options is not None:
        return "|".join(FIXED_OPTIONS[options])
    if kind is QuestionType.COARSE:
        return "positive|negative|surprised?"
    return (
        r"happ(?:y|iness)|surprised?|disgust(?:ed)?|ang(?:er|ry)|fear(?:ful)?|sad(?:ness)?|contempt|repress(?:ion|ed)"
        r"|others?"
    )


def _canonical(kind: QuestionType, word: str) -> str:
    if kind is QuestionType.FINE:
        return canonical_fine(word)
    return re.sub(r"[- ]?expressions?$", "", word).replace("surprised", "surprise")


def _read_number(question: Question, text: str) -> int | None:
    """Return the number of events of the kind that was asked for."""
    wanted = _COUNTED[COUNTED.get(question.type, question.kind)]
    if re.search(r"(?<![\w.])[-−–]\s*\d", text):
        return None
    simple = _digits(re.sub(r"\b(\d+)\.0+\b", r"\1", text))
    named = set(re.findall(rf"\b(\d+)(?: to (\d+))? {wanted}", simple))
    if named:
        number, beyond = named.pop()
        return None if named or beyond else int(number)
    others = {"micro": "macro", "macro": "micro"}.get(wanted, "(?:micro|macro)")
    simple = re.sub(rf"\b\d+ {others}", " ", simple).strip()
    read = normalise(question, Reply(text=simple or "-"))
    return None if read is None else int(read)


def stated_number(kind: Kind | None, text: str) -> int | None:
    """Return the number of events of a kind that a longer text states; None when it states none, or several.

    Args:
        kind: Of which kind the events are; None for the number of all.
        text: What was written.
    """
    simple = _digits(text)
    numbers = {int(number) for number in re.findall(rf"\b(\d+) {_COUNTED[kind]}", simple)}
    if not numbers and re.search(rf"\bno {_COUNTED[kind]}", simple):
        return 0
    return numbers.pop() if len(numbers) == 1 else None


def _digits(text: str) -> str:
    """Lower the case, open hyphens and write number words below a hundred as digits."""
    words = _number_words()
    simple = " ".join(text.lower().replace("-", " ").split())
    return re.sub(rf"\b(?:{'|'.join(words)})\b", lambda match: str(words[match[0]]), simple)


@functools.cache
def _number_words() -> dict[str, int]:
    """Return the words of 0 to 99, "twenty one" before "twenty"."""
    from num2words import num2words

    return {num2words(number).replace("-", " "): number for number in range(99, -1, -1)}


def _listed_units(text: str) -> frozenset[Unit] | None:
    """Return the members of an answer that is a list; None when it is not one."""
    text = text.strip().strip(" .\"'`*[](){}")
    if not text:
        return None
    try:
        coded = parse_units(text)
    except UnknownActionUnit:
        coded = ()
    if coded:
        return frozenset(unit.number for unit in coded)
    parts = [part.strip(" .\"'`*()") for part in re.split(r"\s*[,;+&\n]\s*(?:and\s+)?|\s+and\s+|^\s*[-*]\s+", text)]
    parts = [part for part in parts if part]
    if not parts or any(len(part.split()) > _MOST_WORDS_OF_A_NAME or _DENIED.search(part) for part in parts):
        return None
    members: set[Unit] = set()
    for part in parts:
        members.update(_member(part))
    return frozenset(members) if any(isinstance(member, int) for member in members) else None


def _member(part: str) -> tuple[Unit, ...]:
    try:
        return (unit_number(part),)
    except UnknownActionUnit:
        return find_units(part) or (plain(part),)

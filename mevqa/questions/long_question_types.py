"""Recognise what is asked about the events of a long video: the official questions and those beyond them."""

from __future__ import annotations

import re

from mevqa.events import Kind
from mevqa.facs import find_units
from mevqa.questions.parsed_question import ParsedQuestion
from mevqa.types import QuestionType

_ORDINAL_WORDS = re.findall(
    r"\w+",
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth",
)
_EVENT = r"(?:expression|event|movement)s?"
_SEVERAL = r"(?:expressions|events|movements)"
_EVERY = rf"(?:\b(?:every|each|all|any)\b.*\b{_EVENT}\b|\b{_SEVERAL}\b)"
_ASKS_COUNT = r"\b(?:how many|number of|count)\b"
_DESCRIBES = (
    r"\b(?:describe|describing|description|explain|explanation|characteri[sz]e|details?|tell me about|analy[sz]e"
    r"|analysis|what happens (?:in|during|at))\b"
)
#: Words that restrict a question in time: what is answered about the whole video would be no answer to it.
_TIMED = r"\b(?:between|before|after|until|during|seconds?|secs?|minutes?|frames?|half)\b"

_NUMBER = r"((?:\d+:)?\d+(?:\.\d+)?)"
_TIME = rf"(?:the\s+)?(?:times?\s+|seconds?\s+|t\s*=\s*)?{_NUMBER}\s*(?:s|secs?|seconds?)?"
_BETWEEN = re.compile(
    rf"\b(?:between|from|within|in|during)\s+{_TIME}\s*(?:and|to|till|until|up to|[-\u2013\u2014])\s*{_TIME}(?![\w:])"
)


def parse_long_video(text: str, words: str, names_units: bool) -> ParsedQuestion | None:
    """Recognise the questions about many events; None for every other question.

    Args:
        text: The question as it was asked.
        words: The same in lower case with single spaces for hyphens and punctuation.
        names_units: Whether it speaks of action units.
    """
    ordinal = _ordinal(words)
    kind = _kind(words)
    asks_kind = _asks_kind(words)
    if ordinal is None and _asks_summary(words, names_units):
        return ParsedQuestion(QuestionType.SUMMARY)
    if ordinal is not None and not asks_kind and re.search(_DESCRIBES, words) and _is_about_events(words):
        return ParsedQuestion(QuestionType.DESCRIBE_NTH, ordinal=ordinal, kind=kind)
    if names_units:
        return _inventory(words)
    if _asks_order(words):
        return ParsedQuestion(QuestionType.ORDER)
    if re.search(rf"{_ASKS_COUNT}.*\b{_EVENT}\b", words):
        return _count(text, words, kind)
    if ordinal is not None and asks_kind and _is_about_events(words):
        return ParsedQuestion(QuestionType.NTH_TYPE, ordinal=ordinal)
    if ordinal is not None or find_units(text) or not _is_about_events(words):
        return None
    if re.search(r"\blongest\b", words) and not re.search(r"\bhow (?:long|many)\b|\bshortest\b", words):
        return ParsedQuestion(QuestionType.LONGEST, kind=kind)
    if _asks_places(words):
        return ParsedQuestion(QuestionType.LOCALISE, kind=kind)
    if _asks_presence(words):
        return ParsedQuestion(QuestionType.EVENT_PRESENCE, kind=kind)
    return None


def names_one_event(words: str) -> bool:
    """Whether a question is about the n-th of many events."""
    return _ordinal(words) is not None


def _is_about_events(words: str) -> bool:
    return re.search(rf"\b{_EVENT}\b", words) is not None


def _kind(words: str) -> Kind | None:
    """Return the only kind of expression that is named, None for both and for none."""
    micro, macro = re.search(r"\bmicros?\b", words), re.search(r"\bmacros?\b", words)
    if bool(micro) == bool(macro):
        return None
    return "micro" if micro else "macro"


def _ordinal(words: str) -> int | None:
    """Return n of ``5 th``, ``1st``, ``third``, ``event 3``, ``event number 3``; None without a positive one.

    Words that belong to a time (``second 2``, ``the first seconds``) are no ordinals.
    """
    match = re.search(r"\b(\d+) ?(?:st|nd|rd|th)\b", words) or re.search(r"\bevent (?:number |no )?(\d+)\b", words)
    if match:
        return int(match[1]) or None
    timed = r"(?! (?:\d|seconds?\b|minutes?\b|frames?\b|half\b|part\b))"
    return next(
        (n for n, word in enumerate(_ORDINAL_WORDS, 1) if re.search(rf"\b(?<!\d ){word}\b{timed}", words)), None
    )


def _asks_kind(words: str) -> bool:
    """Whether it is asked of which kind an event is."""
    either = r"\b(?:type|kind|micro or (?:a )?macro|macro or (?:a )?micro)\b"
    spelled = r"\bmicro expression or (?:a )?macro\b|\bmacro expression or (?:a )?micro\b"
    return re.search(either, words) is not None or re.search(spelled, words) is not None


def _inventory(words: str) -> ParsedQuestion | None:
    """Recognise the question for all units of a video among those about units."""
    inventory = re.search(r"\b(?:distinct|different|unique)\b", words) or (
        re.search(r"\b(?:appear|occur)\w*\b.*\bvideo\b", words) and re.match(r"(?:what|which|list)\b", words)
    )
    if inventory and not re.search(r"\bhow many\b", words):
        return ParsedQuestion(QuestionType.AU_INVENTORY, plural=True)
    return None


def _count(text: str, words: str, kind: Kind | None) -> ParsedQuestion:
    """Tell the counts apart; ``OPEN`` where the time that is meant cannot be read."""
    if (between := _between(text)) is not None:
        return ParsedQuestion(QuestionType.COUNT_BETWEEN, kind=kind, between_s=between)
    both = "micro" in words.split() and "macro" in words.split()
    if re.search(_TIMED, words) or (both and " or " in words):
        return ParsedQuestion(QuestionType.OPEN)
    counts = {"micro": QuestionType.COUNT_MICRO, "macro": QuestionType.COUNT_MACRO}
    return ParsedQuestion(counts[kind] if kind is not None else QuestionType.COUNT_ALL)


def _between(text: str) -> tuple[float, float] | None:
    """Return the two times in seconds, the earlier one first; None when there are none, or in another unit."""
    simple = " ".join(text.lower().split())
    if re.search(r"\b(?:frames?|minutes?|mins?|ms|milliseconds?)\b", simple):
        return None
    match = _BETWEEN.search(simple)
    if match is None:
        return None
    first, last = sorted(map(_seconds, match.groups()))
    return first, last


def _seconds(number: str) -> float:
    """Return the seconds of ``75``, ``7.5`` or ``1:15``."""
    minutes, _, seconds = number.rpartition(":")
    return 60.0 * int(minutes or 0) + float(seconds)


def _asks_summary(words: str, names_units: bool) -> bool:
    """Whether all events together are to be told in words."""
    whole = re.search(r"\b(?:(?:whole|entire|full|long) video|video as a whole)\b", words) is not None
    if re.search(r"\b(?:summari[sz]\w*|summary|overview|recap)\b", words):
        video = re.search(r"\b(?:this|the) video\b", words) is not None and not names_units
        return re.search(_EVERY, words) is not None or whole or video
    if re.search(rf"{_ASKS_COUNT}|\btypes?\b|\bkinds?\b", words):
        return False
    if re.search(r"\b(?:describe|describing|description|explain|analy[sz]e|analysis|reason(?:ing)?)\b", words):
        events = rf"\bevents\b|\b(?:every|each|all)\b.*\b{_EVENT}\b"
        return re.search(events, words) is not None or (whole and not names_units)
    return False


def _asks_order(words: str) -> bool:
    """Whether it is asked which kind comes first: not of which kind the first event is."""
    if "micro" not in words.split() or "macro" not in words.split() or re.search(rf"\d|{_ASKS_COUNT}", words):
        return False
    earlier = rf"\bfirst\b(?! (?:\w+ )?{_EVENT}\b)|\b(?:earlier|earliest|sooner)\b"
    choice = r"\bor\b|\bwhich\b|\bwhat\b"
    return re.search(earlier, words) is not None and re.search(choice, words) is not None


def _asks_places(words: str) -> bool:
    """Whether the frames of all events are asked for."""
    if re.search(rf"{_ASKS_COUNT}|\b(?:why|who|how|first|last|longest|shortest|between|before|after)\b", words):
        return False
    if not re.search(_EVERY, words):
        return False
    finds = r"\b(?:locali[sz]e|locate|spot|detect|find|mark|list|pinpoint|give me)\b"
    frames = r"\b(?:frames?|intervals?|segments?|boundaries|timestamps?|onsets? and offsets?)\b"
    asks = r"\b(?:what|which|give|name|state|provide|report|show|at|in)\b"
    if re.search(finds, words) or re.match(r"(?:where|when) (?:are|do|does|is|can|in)\b", words):
        return True
    return re.search(frames, words) is not None and re.search(asks, words) is not None


def _asks_presence(words: str) -> bool:
    """Whether it is asked if there is an event at all."""
    other = r"\b(?:both|more|less|fewer|than|least|most|first|last|class|emotion|coarse|fine|why|left|right)\b"
    if re.search(rf"{_TIMED}|{other}", words):
        return False
    some = rf"(?:an? |any |some )?(?:\w+ ){{0,2}}?(?:micro |macro )?{_EVENT}\b"
    media = r"(?:the|this) (?:\w+ )?(?:video|recording|footage)"
    asks = (
        rf"(?:is|are) there (?:{some})",
        rf"(?:does|do|did) {media} (?:contain|show|have|hold|include) {some}",
        rf"(?:do|does|did) (?:an?|any) (?:\w+ ){{0,2}}?{_EVENT} (?:appear|occur|happen|exist)",
        rf"(?:is|are) (?:an?|any) (?:\w+ ){{0,2}}?{_EVENT} (?:\w+ )?(?:present|visible|shown|found|seen|in)\b",
        rf"(?:can|do) (?:you|we) (?:see|find|spot|detect) (?:an?|any) (?:\w+ ){{0,2}}?{_EVENT}\b",
    )
    return any(re.match(pattern, words) for pattern in asks)

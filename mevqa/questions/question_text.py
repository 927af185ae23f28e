"""The words of a question, and what the recognisers of question types ask of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from mevqa.control_tokens import remove_control_tokens
from mevqa.events import Kind
from mevqa.facs import find_units, unit_name

#: Name of the type of every question that is none of the others.
OPEN = "open"
#: Patterns of one event, and of all of them.
EVENT = r"(?:expression|event|movement)s?"
EVERY_EVENT = rf"(?:\b(?:every|each|all|any)\b.*\b{EVENT}\b|\b(?:expressions|events|movements)\b)"
HOW_MANY = r"\b(?:how many|number of|count)\b"
#: Pattern of words for something that is there.
PRESENT = (
    r"(?:shown?|present|visible|activated?|active|seen?|appears?|appearing|occurs?|occurring|there|displayed|observed"
    r"|detected|involved)"
)
#: Words that restrict a question in time: what is answered about the whole video would be no answer to it.
TIMED = r"\b(?:between|before|after|until|during|seconds?|secs?|minutes?|frames?|half)\b"

_ORDINAL_WORDS = re.findall(
    r"\w+",
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth",
)
_NUMBER = r"((?:\d+:)?\d+(?:\.\d+)?)"
_TIME = rf"(?:the\s+)?(?:times?\s+|seconds?\s+|t\s*=\s*)?{_NUMBER}\s*(?:s|secs?|seconds?)?"
_BETWEEN = re.compile(
    rf"\b(?:between|from|within|in|during)\s+{_TIME}\s*(?:and|to|till|until|up to|[-\u2013\u2014])\s*{_TIME}(?![\w:])"
)


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """What a question asks for, as it was recognised from its text.

    Attributes:
        type: Name of its type; ``open`` for what is none of the others.
        action_unit: Canonical name of the unit asked about (presence and side), None when it names none that is known.
        ordinal: n of "the n-th expression event", 1-based.
        plural: Whether it asks for several units.
        kind: ``micro`` or ``macro`` when only events of that kind are asked about; None for both.
        between_s: From and to which second events are asked about.
    """

    type: str
    action_unit: str | None = None
    ordinal: int | None = None
    plural: bool = False
    kind: Kind | None = None
    between_s: tuple[float, float] | None = None


class QuestionText:
    """A question as it was asked.

    Attributes:
        text: The question without control tokens (question files made for LLaVA begin with ``<image>``).
        words: The same in lower case, with single spaces for hyphens and punctuation and one spelling for all.
    """

    def __init__(self, text: str) -> None:
        self.text = remove_control_tokens(text)
        words = re.sub(r"[^a-z0-9]+", " ", self.text.lower()).strip()
        words = re.sub(r"\b(micro|macro)express", r"\1 express", words)
        words = re.sub(r"\bfinegrained\b", "fine grained", words)
        self.words = re.sub(r"\bactionunit", "action unit", words)

    def has(self, pattern: str) -> bool:
        """Whether the words hold a regular expression."""
        return re.search(pattern, self.words) is not None

    def begins(self, pattern: str) -> bool:
        """Whether the words begin with a regular expression."""
        return re.match(pattern, self.words) is not None

    @cached_property
    def names_units(self) -> bool:
        """Whether the question speaks of action units."""
        return self.has(r"\b(?:action units?|aus?\b|facs units?)")

    @cached_property
    def plural(self) -> bool:
        """Whether it speaks of several action units."""
        return self.has(r"\b(?:action units|facs units|aus)\b")

    @cached_property
    def units(self) -> tuple[int, ...]:
        """Numbers of the action units that it names."""
        return find_units(self.text)

    @property
    def unit_name(self) -> str | None:
        """Canonical name of the first action unit that it names."""
        return unit_name(self.units[0]) if self.units else None

    @property
    def about_unit(self) -> bool:
        """Whether it is about a certain action unit, one that is not known among them."""
        return bool(self.units) or self.has(r"^(?:is|are|does|do|can)\b.*\baction unit\b")

    @property
    def fine(self) -> bool:
        """Whether it speaks of fine-grained classes."""
        return self.has(r"\bfine(?: ?grained)?\b")

    @property
    def coarse(self) -> bool:
        """Whether it speaks of coarse classes."""
        return self.has(r"\bcoarse\b")

    @property
    def about_class(self) -> bool:
        """Whether it asks for a class of expression."""
        return self.has(r"\b(?:expression|emotion|class|category|label)\b")

    @property
    def about_events(self) -> bool:
        """Whether it speaks of expressions in time."""
        return self.has(rf"\b{EVENT}\b")

    @property
    def about_all_events(self) -> bool:
        """Whether it speaks of the expressions of a video, of none among them and of no action unit."""
        return not self.names_units and self.ordinal is None and not self.units and self.about_events

    @property
    def counts_events(self) -> bool:
        """Whether it asks for a number of expressions."""
        return not self.names_units and self.has(rf"{HOW_MANY}.*\b{EVENT}\b")

    @property
    def asks_kind(self) -> bool:
        """Whether it asks of which kind an event is."""
        either = r"\b(?:type|kind|micro or (?:a )?macro|macro or (?:a )?micro)\b"
        spelled = r"\bmicro expression or (?:a )?macro\b|\bmacro expression or (?:a )?micro\b"
        return self.has(f"{either}|{spelled}")

    @property
    def names_both_kinds(self) -> bool:
        """Whether it names micro- and macro-expressions."""
        return {"micro", "macro"} <= set(self.words.split())

    @cached_property
    def kind(self) -> Kind | None:
        """The only kind of expression that it names; None for both and for none."""
        micro, macro = self.has(r"\bmicros?\b"), self.has(r"\bmacros?\b")
        return None if micro == macro else "micro" if micro else "macro"

    @cached_property
    def ordinal(self) -> int | None:
        """N of ``5 th``, ``1st``, ``third``, ``event 3``, ``event number 3``; None without a positive one.

        Words that belong to a time (``second 2``, ``the first seconds``) are no ordinals.
        """
        match = re.search(r"\b(\d+) ?(?:st|nd|rd|th)\b", self.words)
        match = match or re.search(r"\bevent (?:number |no )?(\d+)\b", self.words)
        if match:
            return int(match[1]) or None
        timed = r"(?! (?:\d|seconds?\b|minutes?\b|frames?\b|half\b|part\b))"
        return next((n for n, word in enumerate(_ORDINAL_WORDS, 1) if self.has(rf"\b(?<!\d ){word}\b{timed}")), None)

    @cached_property
    def between_s(self) -> tuple[float, float] | None:
        """Its two times in seconds, the earlier one first; None when there are none, or in another unit."""
        simple = " ".join(self.text.lower().split())
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

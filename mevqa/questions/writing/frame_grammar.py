"""The admissible lists of frame intervals, written digit by digit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mevqa.events import KINDS, Event
from mevqa.questions.writing.event_text import FORMS
from mevqa.questions.writing.grammar import SEPARATOR, Choices

_START = FORMS.interval.partition("{")[0].rstrip()
_WRITTEN = len(FORMS.interval.format(onset=0, offset=0))
#: Kinds by the text that follows the interval and names them.
_KINDS = {FORMS.interval_of_kind.format(onset=0, offset=0, kind=kind)[_WRITTEN:]: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class FrameList:
    """Intervals of frames joined by ``", "``, or ``none``; an interval does not end before it begins.

    Attributes:
        at_most: Most intervals.
        largest: The largest frame.
        kinds: Whether each interval tells its kind.
        may_be_none: Whether ``none`` is an answer.
    """

    at_most: int = 1
    largest: int = 99_999
    kinds: bool = False
    may_be_none: bool = True

    def __post_init__(self) -> None:
        """Refuse lists that cannot be answered.

        Raises:
            ValueError: No interval, or a negative frame.
        """
        if self.at_most < 1 or self.largest < 0:
            raise ValueError("a list of frames needs an interval and a largest frame of 0 or more")

    def next(self, text: str) -> tuple[str, ...]:
        """Return what may follow: a word, a digit, a hyphen, a kind, the next interval or the end."""
        if self.may_be_none and text and FORMS.none.startswith(text):
            return Choices((FORMS.none,)).next(text)
        if not text:
            return (FORMS.none, _START) if self.may_be_none else (_START,)
        *before, last = text.split(SEPARATOR)
        if len(before) >= self.at_most or any(self._read(part) is None for part in before):
            return ()
        following = self._next(last)
        if "" in following:
            more = (SEPARATOR + _START,) if len(before) + 1 < self.at_most else ()
            following = (*following, *more)
        return () if following == ("",) else following

    def _next(self, part: str) -> tuple[str, ...]:
        """Return what may follow within one interval; the empty text where it may end."""
        if part != _START and _START.startswith(part):
            return (_START[len(part) :],)
        match = re.fullmatch(rf"{re.escape(_START)}(?: (?:(\d+)(?:-(?:(\d+)( .*)?)?)?)?)?", part)
        if match is None:
            return ()
        onset, offset, kind = match.groups()
        if kind is not None:
            return tuple(name[len(kind) :] for name in _KINDS if name.startswith(kind))
        if onset is None:
            space = "" if part.endswith(" ") else " "
            return tuple(space + digit for digit in self._digits("", 0))
        if offset is None:
            digits = self._digits("", int(onset)) if part.endswith("-") else (*self._digits(onset, 0), "-")
            return digits if self._is_frame(onset) else ()
        if not self._is_frame(onset) or not self._is_frame(offset):
            return ()
        ends = (tuple(_KINDS) if self.kinds else ("",)) if int(offset) >= int(onset) else ()
        return (*ends, *self._digits(offset, int(onset)))

    def _digits(self, written: str, smallest: int) -> tuple[str, ...]:
        """Return the digits after which a number from ``smallest`` to the largest frame can still be written."""
        if written == "0":
            return ()
        return tuple(digit for digit in "0123456789" if self._reaches(written + digit, smallest))

    def _reaches(self, written: str, smallest: int) -> bool:
        low = high = int(written)
        while low <= self.largest:
            if min(high, self.largest) >= smallest:
                return True
            if written == "0":
                return False
            low, high = low * 10, high * 10 + 9
        return False

    def _is_frame(self, text: str) -> bool:
        return str(int(text)) == text and int(text) <= self.largest

    def _read(self, part: str) -> Event | None:
        """Return one complete interval, None when it is none."""
        match = re.fullmatch(rf"{re.escape(_START)} (\d+)-(\d+)( .*)?", part)
        if match is None or not (part.isascii() and self._is_frame(match[1]) and self._is_frame(match[2])):
            return None
        onset, offset, kind = int(match[1]), int(match[2]), _KINDS.get(match[3] or "")
        if offset < onset or (kind is not None) != self.kinds or (match[3] is not None) != self.kinds:
            return None
        return Event(onset=onset, offset=offset, kind=kind)

    def parse(self, text: str) -> tuple[Event, ...]:
        """Return the intervals in the order in which they are written, none for ``none``.

        Raises:
            ValueError: Not a list of intervals, too many, a frame beyond the largest, an end before its beginning, a
                kind where none is asked for or none where one is.
        """
        if self.may_be_none and text == FORMS.none:
            return ()
        parts = text.split(SEPARATOR)
        if len(parts) > self.at_most:
            raise ValueError(f"{len(parts)} intervals where at most {self.at_most} are asked for")
        spans = []
        for part in parts:
            span = self._read(part)
            if span is None:
                form = FORMS.interval_of_kind if self.kinds else FORMS.interval
                raise ValueError(f"{part!r} does not have the form {form!r}")
            spans.append(span)
        return tuple(spans)

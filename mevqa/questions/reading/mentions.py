"""Where a plain text names labels, units or words for yes and no."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mevqa.facs import coarse_of, fine_spellings, unit_mentions
from mevqa.questions.reading.types import Ambiguous
from mevqa.questions.reading.words import WORDS, any_of
from mevqa.questions.vocabulary import FORMS, every_class

#: Key of words that answer outside the classes.
OUTSIDE = ""
#: Key of words for both sides of the face.
BOTH = "both"
#: A model that names more does not come to an end; no answer has as many.
_MOST_MENTIONS = 300


#: All units from one to another ("AU1-AU28") name none of them; in "AU1-4" the dash divides.
_RANGE = re.compile(r"\bau ?(\d+)\s*(?:-|–|\bto\b|\bthrough\b)\s*au ?(\d+)")
_LONGEST_RUN = 5


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a text names something.

    Attributes:
        start: Its first character.
        end: Behind its last one.
        key: What is named: a label, or the number of a unit as text; ``OUTSIDE`` for none of the options.
    """

    start: int
    end: int
    key: str


def find_mentions(text: str, spellings: Mapping[str, str]) -> list[Mention]:
    """Return the mentions of labels in a plain text.

    Args:
        text: Plain text.
        spellings: Every spelling with its label.
    """
    pattern = _words(tuple(spellings))
    return bounded([Mention(match.start(), match.end(), spellings[match[0]]) for match in pattern.finditer(text)])


def bounded(mentions: list[Mention]) -> list[Mention]:
    """Return the mentions.

    Raises:
        Ambiguous: There are so many that the text goes round in a circle.
    """
    if len(mentions) > _MOST_MENTIONS:
        raise Ambiguous("the text repeats itself")
    return mentions


@functools.lru_cache(maxsize=64)
def _words(spellings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{any_of(spellings)})(?!\w)")


def find_unit_mentions(text: str) -> list[Mention]:
    """Return the mentions of action units in a plain text."""
    ranges = [match.span() for match in _RANGE.finditer(text) if int(match[2]) - int(match[1]) > _LONGEST_RUN]
    mentions = [Mention(start, end, str(number)) for start, end, number in unit_mentions(text)]
    return bounded([m for m in mentions if not any(first <= m.start < last for first, last in ranges)])


@functools.cache
def coarse_spellings() -> dict[str, str]:
    """Return the spellings of the coarse classes."""
    words = {word: name for name, others in FORMS.coarse_spellings.items() for word in others}
    return {**dict.fromkeys(WORDS.outside, OUTSIDE), **words, **{name: name for name in every_class().coarse}}


@functools.cache
def fine_class_spellings() -> dict[str, str]:
    """Return the spellings of the fine classes of all data sets."""
    fine_classes = every_class().fine
    words = {word: name for word, name in fine_spellings().items() if name in fine_classes}
    return {**dict.fromkeys(WORDS.outside, OUTSIDE), **words}


@functools.cache
def coarse_by_fine_spellings() -> dict[str, str]:
    """Return the spellings of the fine classes with their coarse class."""
    return {word: coarse for word, name in fine_spellings().items() if (coarse := coarse_of(name)) is not None}

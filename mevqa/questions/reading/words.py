"""Words and patterns by which answers are read, from ``tables/questions/answer_reading.yaml``."""

from __future__ import annotations

import functools
import re

from pydantic import field_validator

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES


def _regular(pattern: str) -> str:
    """Return a pattern, checked.

    Raises:
        ValueError: It is no regular expression.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


class _Marked(StrictModel):
    tags: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]


class _Answers(_Marked):
    phrases: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    passed_over: tuple[str, ...]


class _Turns(StrictModel):
    asks: tuple[str, ...]
    answers: tuple[str, ...]


class _Patterns(StrictModel):
    idioms: dict[str, str]
    refusals: tuple[str, ...]
    options: tuple[str, ...]
    hypothetical: tuple[str, ...]
    conditional: tuple[str, ...]
    hypothetical_after: tuple[str, ...]
    general: tuple[str, ...]
    hedges: tuple[str, ...]
    concessions: tuple[str, ...]
    opening_concessions: tuple[str, ...]
    reasons: tuple[str, ...]
    contrasts: tuple[str, ...]
    corrections: tuple[str, ...]
    asserts: tuple[str, ...]
    concludes: tuple[str, ...]
    asserts_after: tuple[str, ...]
    rankings: tuple[str, ...]
    rankings_after: tuple[str, ...]
    rankings_rising: tuple[str, ...]
    first_headings: tuple[str, ...]
    lower_headings: tuple[str, ...]
    weighed: tuple[str, ...]
    weighed_before_but: tuple[str, ...]
    denies_following: tuple[str, ...]
    denying_headings: tuple[str, ...]
    denies_preceding: tuple[str, ...]

    @field_validator("*")
    @classmethod
    def _are_regular(cls, patterns: tuple[str, ...] | dict[str, str]) -> tuple[str, ...] | dict[str, str]:
        """Reject what is no regular expression."""
        for pattern in patterns:
            _regular(pattern)
        return patterns


class _Presence(StrictModel):
    there: tuple[str, ...]
    denied: tuple[str, ...]


class _Marks(StrictModel):
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]


class ReadingWords(StrictModel):
    """Content of ``tables/questions/answer_reading.yaml``."""

    thoughts: _Marked
    answers: _Answers
    turns: _Turns
    patterns: _Patterns
    presence: _Presence
    marks: _Marks
    outside: tuple[str, ...]
    both_sides: tuple[str, ...]
    common_words: tuple[str, ...]
    chinese: dict[str, str]
    chinese_yes: tuple[str, ...]
    chinese_no: tuple[str, ...]
    chinese_numerals: dict[str, int]
    chinese_measures: tuple[str, ...]


WORDS = read_yaml(TABLES / "questions" / "answer_reading.yaml", ReadingWords)


@functools.cache
def pattern(group: str) -> re.Pattern[str]:
    """Return the patterns of a group of ``patterns`` as one."""
    return re.compile("|".join(f"(?:{alternative})" for alternative in getattr(WORDS.patterns, group)))


def any_of(words: tuple[str, ...]) -> str:
    """Return the alternation of words as they stand, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

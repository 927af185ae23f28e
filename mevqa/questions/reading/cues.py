"""Find the part of a text that is marked as the answer: tags, boxes and words such as "Answer:"."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mevqa.questions.reading.words import WORDS, any_of, pattern


@dataclass(frozen=True, slots=True)
class Marked:
    """A part of a text that is marked as the answer.

    Attributes:
        text: The part.
        rest: The part and what follows it, where the end of the answer is not marked.
        firm: Whether nothing outside it counts.
    """

    text: str
    rest: str
    firm: bool = True


#: Opening tags that are looked at, the last of a text: the last answer counts.
_MOST_TAGS = 100


@functools.cache
def _tagged() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of an answer in tags, of one whose closing tag is missing, and of what may open one."""
    tags = any_of(WORDS.answers.tags)
    closed = [rf"<\s*({tags})(?:\s[^<>]*)?>(.*?)<\s*/\s*\1\s*>"]
    opened = [rf"<\s*(?:{tags})(?:\s[^<>]*)?>(.*)$"]
    for first, last in WORDS.answers.pairs:
        closed.append(f"{re.escape(first)}(.*?){re.escape(last)}")
        opened.append(f"{re.escape(first)}(.*)$")
    flags = re.IGNORECASE | re.DOTALL
    begins = "|".join([rf"<\s*(?:{tags})", *(re.escape(first) for first, _ in WORDS.answers.pairs)])
    return re.compile("|".join(closed), flags), re.compile("|".join(opened), flags), re.compile(begins, flags)


def tagged_answer(text: str) -> str | None:
    """Return the last answer in tags; one that is not closed goes to the end. None without any."""
    if "<" not in text:
        return None
    closed, opened, begins = _tagged()
    starts = [match.start() for match in begins.finditer(text)][-_MOST_TAGS:]
    if not starts:
        return None
    # Each is followed to the end of the text.
    text = text[starts[0] :]
    answer = None
    end = 0
    for match in closed.finditer(text):
        parts = [part for part in match.groups() if part is not None]
        answer, end = parts[-1] if len(parts) != 1 or match[1] is None else "", match.end()
    last = opened.search(text, end)
    if last is not None:
        return next(part for part in last.groups() if part is not None)
    return answer


def boxed_answers(text: str) -> list[str]:
    r"""Return the contents of every ``\boxed{...}`` that stands in no other, with nested braces."""
    contents = []
    end = 0
    for match in re.finditer(r"\\?(?:boxed|fbox)\s*\{", text):
        if match.start() < end:
            continue
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        contents.append(text[match.end() : end if depth else end - 1])
    return contents


@functools.cache
def _phrases() -> re.Pattern[str]:
    phrases = "|".join(word.replace(" ", r"\s+") for word in sorted(WORDS.answers.phrases, key=len, reverse=True))
    return re.compile(
        rf"(?:^|(?<=[\n.;,!?(\[:])|(?<=[.;,!?:]\s)|(?<=\bso\s)|(?<=\bthe\s)|(?<=\bmy\s))\s*"
        rf"(?:[-•>#]+\s*|\d+[.)]\s+)?(?:(?:so|thus|therefore|hence|and|then)[, ]+)?"
        rf"(?:the |my |our |a )?(?:{phrases})\s*(?:\([^()\n]*\)\s*)?"
        r"(?P<sign>\s*(?:is|are|would be|should be|must be)\b\s*:?|(?:is\s*)?[:=→]+>?|-(?=\s)|–|—|\n+(?=\S))[\s:]*",
    )


_SOFT = re.compile(
    r"\b(?:answer|choice|verdict|classification|prediction|label) (?:is|would be|should be|must be)\b\s*:?\s*"
)
_ENDS = re.compile(
    r"\n\s*\n|\n\s*[-*#> ]*(?:explanation|reason(?:ing|s)?|justification|rationale|confidence|note|analysis|"
    r"evidence|why)\b[^\n]*|"
    r"(?:(?<=[.;,]\s)|(?<=[.;,]))(?:explanation|reason(?:ing)?|justification|rationale)\s*:"
)


def _in_conditional(text: str, at: int) -> bool:
    """Whether the sentence up to a place only says what would follow."""
    begin = max(text.rfind(mark, 0, at) for mark in (". ", "\n", "; ", "! ", "? ")) + 1
    return "?" not in text[begin:at] and pattern("conditional").match(text[begin:at].strip()) is not None


def phrased_answers(text: str) -> Iterator[Marked]:
    """Yield the parts after words such as "Answer:" of a plain text, the last first."""
    matches = {
        match.end(): (match, ":" in match["sign"] or not re.match(r"\s*(?:is|are|w|s|m)", match["sign"]))
        for match in _phrases().finditer(text)
    }
    for match in _SOFT.finditer(text):
        matches.setdefault(match.end(), (match, match[0].rstrip().endswith(":")))
    matches = {end: entry for end, entry in matches.items() if not _in_conditional(text, entry[0].end())}
    following = len(text)
    for end in sorted(matches, reverse=True):
        match, firm = matches[end]
        rest = text[end:].strip()
        if not rest.strip(" \n.*\"'"):
            if firm and following == len(text):
                yield Marked("", "", firm=True)
            continue
        stop = _ENDS.search(rest)
        yield Marked(rest[: stop.start()] if stop is not None and stop.start() else rest, rest, firm)
        following = match.start()

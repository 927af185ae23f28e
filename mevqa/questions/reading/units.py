"""Read action units out of text: lists, checklists and sentences, without those that are denied."""

from __future__ import annotations

import re

from mevqa.facs import UnknownActionUnit, find_units, parse_units, unit_number
from mevqa.questions.reading.labels import last_corrections
from mevqa.questions.reading.mentions import Mention, find_unit_mentions
from mevqa.questions.reading.stance import Stance, sentence_spans, stances
from mevqa.questions.reading.text.marks import checked_entries, likely_units, shares
from mevqa.questions.reading.types import Ambiguous
from mevqa.types import Unit

_PREAMBLE = re.compile(
    r"^.*?\b(?:action units?|aus?|facs(?: codes?| units?)?)\b[^:,.\n]*?(?::|\bis\b|\bare\b)\s*(?=\S)", re.IGNORECASE
)
_SEPARATOR = re.compile(r"\s*[,;+&\n]\s*(?:and\s+)?|\s+and\s+|^\s*[-*•]\s+")
_ADDS = re.compile(r"\b(?:also|too|additionally|in addition|plus|as well|and)\b")
_NO_LIST = re.compile(
    r"\b(?:not|no|nor|neither|without|rather|instead|never|cannot|absent|unlikely|missing|or|if|yes|only|is|are)\b|[:=|?!✓✔✗✘☑☒☐✅❌√×%]|\["
)
_MODIFIERS = re.compile(
    r"\b(?:left|right|bilateral|unilateral|the|and|au|aus|action|units?|slight|weak|mild|moderate|strong|both|sides?|on|of"
    r"|clear|visible|intensity|level|face|lr|[lr])\b|\([^()]*\)?"
)
_MARK = re.compile("[✓✔✗✘☑☒☐✅❌√×%=]")
#: A part of a list that tells more of the unit before it and names none: "lasting 0.2 s".
_DETAIL = re.compile(
    r"(?:lasting|duration|intensity|level|onset|apex|offset|frames?|confidence|about|around|approximately|from|for|low|high|very"
    r"|slight(?:ly)?|weak(?:ly)?|mild(?:ly)?|subtle|subtly|strong(?:ly)?|bilateral(?:ly)?|unilateral(?:ly)?|left|right|both)\b"
    r"|.*\d\s*(?:s|ms|sec|seconds?|%|fps|frames?)\b"
)
_MOST_WORDS_OF_A_NAME = 4


def read_units(text: str) -> tuple[Unit, ...]:
    """Return the units that a plain text names and does not deny, in its order, each once.

    In an answer that is a list, a name that is no unit stands as it was written.

    Raises:
        Ambiguous: Units are offered as alternatives and none is taken.
    """
    if _has_shares(text):
        return tuple(int(key) for key in _standing(_corrected(text)))
    for part in (_PREAMBLE.sub("", text, count=1), text):
        listed = _listed(part)
        if listed:
            return listed
    return tuple(int(key) for key in _standing(_corrected(text)))


def _has_shares(text: str) -> bool:
    """Whether shares stand behind the units: "AU12 (0.91), AU4 (0.03)"."""
    if not re.search(r"\d?\.\d|%|percent", text):
        return False
    numbers = shares(text, find_unit_mentions(text))
    return bool(numbers) and max(numbers.values()) <= 1


def _listed(text: str) -> tuple[Unit, ...]:
    """Return the members of an answer that is a list; empty when it is none."""
    text = text.strip().strip(" .\"'`*[](){}").strip()
    if not text or _MARK.search(text):
        return ()
    try:
        coded = parse_units(text)
    except UnknownActionUnit:
        coded = ()
    if coded:
        return tuple(dict.fromkeys(unit.number for unit in coded))
    if _NO_LIST.search(re.sub(r"\([^()]*\)", " ", text)):
        return ()
    parts = [re.sub(r"^(?:[-*•]|\d+[.)])\s+", "", part.strip(" .\"'`*()")) for part in _SEPARATOR.split(text)]
    parts = [part for part in parts if part]
    if not parts or any(len(re.sub(r"\([^()]*\)?", " ", part).split()) > _MOST_WORDS_OF_A_NAME for part in parts):
        return ()
    if any(_says_more(part) for part in parts):
        return ()
    members: dict[Unit, None] = {}
    for part in parts:
        if not _DETAIL.match(part) or find_unit_mentions(part):
            members.update(dict.fromkeys(_member(part)))
    return tuple(members) if any(isinstance(member, int) for member in members) else ()


def _says_more(part: str) -> bool:
    """Whether a part names a unit within other words."""
    mentions = find_unit_mentions(part)
    rest = part
    for mention in reversed(mentions):
        rest = rest[: mention.start] + " " + rest[mention.end :]
    return bool(mentions) and re.search(r"[a-z]{2,}", _MODIFIERS.sub(" ", rest)) is not None


def _member(part: str) -> tuple[Unit, ...]:
    try:
        return (unit_number(part),)
    except UnknownActionUnit:
        return find_units(part) or (part,)


def _corrected(text: str) -> str:
    """Return what follows a correction where it names other units in place of those before."""
    for match in last_corrections(text):
        rest = text[match.end() :]
        spans = sentence_spans(rest)
        if spans and not _ADDS.match(rest[: spans[0][1]].lstrip(" ,.:")) and find_unit_mentions(rest[: spans[0][1]]):
            first = rest[: spans[0][1]]
            if _standing(first):
                return rest
    return text


def _standing(text: str) -> list[str]:
    """Return the numbers of the units that stand, as texts.

    Raises:
        Ambiguous: Units are offered as alternatives and none is taken.
    """
    mentions = find_unit_mentions(text)
    numbers = shares(text, mentions)
    if numbers:
        likely = likely_units(numbers)
        return [key for key in dict.fromkeys(mention.key for mention in mentions) if key in likely]
    checked = checked_entries(text, mentions)
    last: dict[str, Stance] = {}
    for stand in stances(text, mentions, units=True):
        key = stand.mention.key
        stance = stand.stance
        if stand.mention in checked:
            stance = Stance.CONCLUDED if checked[stand.mention] else Stance.DENIED
        if stance is Stance.ASIDE and key in last:
            continue
        if _is_heading(text, stand.mention) and key in last and last[key] is Stance.DENIED:
            continue
        last[key] = stance
    leaderboard = [key for key, stance in last.items() if stance > Stance.ASIDE]
    offered = [key for key, stance in last.items() if stance is Stance.ASIDE]
    if len(offered) > 1 and not leaderboard:
        raise Ambiguous(", ".join(offered))
    return leaderboard


def _is_heading(text: str, mention: Mention) -> bool:
    return text[mention.end : mention.end + 1] == ":"

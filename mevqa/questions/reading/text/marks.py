"""Checklists ("AU4: yes", "[x] negative") and probabilities ("positive: 0.1, negative: 0.8")."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from mevqa.questions.reading.mentions import OUTSIDE, Mention
from mevqa.questions.reading.types import Ambiguous
from mevqa.questions.reading.words import WORDS, any_of

_LINK = r"\s*(?:\([^()\n]*\)\s*|\)\s*|\"\s*)*"
_SIGN = r"(?:->|→|=>|[:=|]|\bis\b|-(?=\s)|–|—)"
_NUMBER = re.compile(
    rf"{_LINK}(?:{_SIGN}|[(~≈,]|\bat\b|\bwith\b|\babout\b|\bprobability\b|\bconfidence\b|\bscore\b|\bof\b|\s)*"
    r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?:/\s*(?P<of>\d+))?\s*(?P<percent>%|percent\b)?(?![\w/]|\.\d)"
)
_LINKED = re.compile(rf"{_LINK}(?:{_SIGN}|[(~≈]|\bat\b|\bwith\b)")
_PERCENT_BEFORE = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:%|percent)\s*(?:chance|probability|likely|confidence|confident|sure)?\s*"
    r"(?:of|for|that it is|it is)?\s*(?:being\s*)?(?:the\s*|an?\s*)?$"
)
_SHARE_BEFORE = re.compile(r"(?<![\w.])(0?\.\d+|1\.0+)\s*(?:for\s*|chance of\s*|probability of\s*)?(?:the\s*|an?\s*)?$")
_BOX = re.compile(r"(?:^|[\n,;|])\s*(?:[-*•]|\d+[.)])?\s*(\[\s*[x✓✔√ ]?\s*\]|[☑☒☐✓✔✅√✗✘❌×])\s*(?:the )?$")
_BOX_BEFORE = re.compile(r"(?<=\s)(\[\s*[x✓✔√ ]?\s*\]|[☑☒☐✓✔✅√✗✘❌×])\s*$")
_BOXED_LINE = re.compile(r"\s*(?:[-*•|]|\d+[.)])?\s*(?:\[\s*[x✓✔√ ]?\s*\]|[☑☒☐✓✔✅√✗✘❌×])")
_EMPTY_BOX = re.compile(r"\[\s*\]|[☐✗✘❌×]")
#: Characters before a name in which its mark or number stands.
_NEAR = 80
#: From this share on a unit is present.
_PRESENT = 0.5


@functools.cache
def _marked() -> re.Pattern[str]:
    """Return the pattern of the mark behind an entry: symbols and words by themselves, short signs after a colon."""
    words = (*WORDS.marks.checked, *WORDS.marks.unchecked)
    short = any_of(tuple(word for word in words if len(word) == 1 and (word.isascii() or word in "–—×")))
    others = any_of(tuple(word for word in words if len(word) > 1 or not (word.isascii() or word in "–—×")))
    end = r"(?=\s*(?:$|[,;.|)\n(\]}]|and\b))"
    sign = r"(?:->|→|=>|[:=|?]|-(?=\s)|–|—)"
    lead = r"\s*\|?\s*[\[(\"]?\s*"
    return re.compile(rf"{_LINK}(?:{sign}{lead}(?P<signed>{short}|{others})|{lead}(?P<plain>{others}))\s*[\])\"]?{end}")


def checked_entries(text: str, mentions: Sequence[Mention]) -> dict[Mention, bool]:
    """Return the mentions that are entries of a checklist, and whether they are checked.

    Args:
        text: Plain text.
        mentions: In the order of the text.
    """
    checked: dict[Mention, bool] = {}
    for index, mention in enumerate(mentions):
        following = mentions[index + 1].start if index + 1 < len(mentions) else len(text)
        line = text[text.rfind("\n", 0, mention.start) + 1 : mention.start]
        box = _BOX.search(line[-_NEAR:] if len(line) > _NEAR else line) or (
            _BOX_BEFORE.search(line) if _BOXED_LINE.match(line) else None
        )
        if box is not None:
            checked[mention] = _EMPTY_BOX.fullmatch(box[1]) is None
            continue
        match = _marked().match(text, mention.end)
        if match is not None and "\n" in match[0].rstrip() and ":" not in match[0].split("\n")[0]:
            # A line of its own is no mark but a heading.
            match = None
        if match is not None and match.start() + len(match[0].rstrip()) <= max(following, match.start()):
            word = match["signed"] or match["plain"]
            checked[mention] = word in WORDS.marks.checked
    return checked


def shares(text: str, mentions: Sequence[Mention]) -> dict[str, float]:
    """Return the number that stands beside each label or unit; empty when fewer than two have one.

    Args:
        text: Plain text.
        mentions: In the order of the text.

    Returns:
        Shares between 0 and 1 where percents are written or the numbers are such shares, else the numbers.
    """
    values: dict[str, tuple[float, bool]] = {}
    for index, mention in enumerate(mentions):
        if mention.key == OUTSIDE:
            continue
        line_end = text.find("\n", mention.end)
        limit = len(text) if line_end < 0 else line_end
        if index + 1 < len(mentions):
            limit = min(limit, mentions[index + 1].start)
        rest = text[mention.end : limit]
        match = _NUMBER.match(rest)
        if match is not None and (match["percent"] or _LINKED.match(rest)):
            value = float(match["number"]) / (float(match["of"]) or 1.0) if match["of"] else float(match["number"])
            values.setdefault(mention.key, (value, bool(match["percent"])))
            continue
        before = _PERCENT_BEFORE.search(text[max(0, mention.start - _NEAR) : mention.start])
        if before is not None:
            values.setdefault(mention.key, (float(before[1]), True))
        elif (before := _SHARE_BEFORE.search(text[max(0, mention.start - _NEAR) : mention.start])) is not None:
            values.setdefault(mention.key, (float(before[1]), False))
    if len(values) < 2:
        return {}
    percents = any(percent for _, percent in values.values())
    if percents or (max(value for value, _ in values.values()) > 1 and 95 <= sum(v for v, _ in values.values()) <= 105):
        return {key: value / 100 if percent or not percents else value for key, (value, percent) in values.items()}
    return {key: value for key, (value, _) in values.items()}


def likeliest(numbers: dict[str, float]) -> str:
    """Return the label with the largest number.

    Raises:
        Ambiguous: Two have it.
    """
    best = max(numbers.values())
    labels = [label for label, number in numbers.items() if number == best]
    if len(labels) > 1:
        raise Ambiguous(", ".join(labels))
    return labels[0]


def likely_units(numbers: dict[str, float]) -> set[str]:
    """Return the units whose share is at least a half, or whose intensity (0 to 5) is at least 1."""
    threshold = _PRESENT if max(numbers.values()) <= 1 else 1.0
    return {unit for unit, number in numbers.items() if number >= threshold}

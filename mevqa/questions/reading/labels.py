"""Read the label of a closed question out of plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mevqa.questions.reading.mentions import BOTH, OUTSIDE, Mention, find_mentions
from mevqa.questions.reading.rankings import weigh_rankings
from mevqa.questions.reading.stance import Stance, Stand, sentence_spans, stances
from mevqa.questions.reading.text.marks import checked_entries, likeliest, shares
from mevqa.questions.reading.types import Ambiguous
from mevqa.questions.reading.words import WORDS, pattern

_LETTER_ALONE = re.compile(
    r"\W*(?:(?:option|choice|answer|letter)\s*)?(?:is\s*)?[(\[]?([a-jlrny])[)\]]?\s*[.):]*\W*(?:option|choice)?\W*"
)
_LETTER_NAMED = re.compile(r"\b(?:option|choice|letter)\s*[(\[]?([a-j])\b|[(\[]([a-j])[)\]]|^([a-j])[.):](?=\s)")
_CLASS_IS = re.compile(r"(?:class|emotion|expression|label|category|answer)s?(?: is|:| would be|=)?\s*[\"'(]?$")

#: A model that corrects itself more often goes round in circles; each time all that follows is read.
_MOST_CORRECTIONS = 20


def read_label(
    text: str, spellings: Mapping[str, str], options: Sequence[str], letters: Mapping[str, str]
) -> str | None:
    """Return the option that a plain text answers with.

    Args:
        text: Plain text.
        spellings: Every spelling of an option.
        options: The options, in the order of the prompt.
        letters: Options by letter.

    Returns:
        The option; None when none is named.

    Raises:
        Ambiguous: Two stand side by side.
    """
    option = corrected(text, lambda part: _read(part, spellings, options))
    if option is None and not any(m.key != OUTSIDE for m in _mentions(text, spellings)):
        return read_letter(text, letters)
    return option


def corrected(text: str, read: Callable[[str], str | None]) -> str | None:
    """Read what follows the last word of correction ("wait, no, ...") where it names an answer, else all of the text.

    Args:
        text: Plain text.
        read: Reads a part of it.

    Raises:
        Ambiguous: As ``read`` raises it.
    """
    for match in last_corrections(text):
        rest = text[match.end() :].lstrip(" ,.:;!-")
        spans = sentence_spans(rest)
        if spans:
            answer = read(rest[: spans[0][1]])
            if answer is not None:
                return answer
    return read(text)


def last_corrections(text: str) -> list[re.Match[str]]:
    """Return the last words of correction of a plain text, the last first."""
    return list(pattern("corrections").finditer(text))[: -_MOST_CORRECTIONS - 1 : -1]


def read_letter(text: str, letters: Mapping[str, str]) -> str | None:
    """Return the option whose letter a text names; None without one, or with several."""
    alone = _LETTER_ALONE.fullmatch(text)
    if alone is not None:
        return letters.get(alone[1])
    named_letters = {next(filter(None, match.groups())) for match in _LETTER_NAMED.finditer(text)}
    return letters.get(named_letters.pop()) if len(named_letters) == 1 else None


def _mentions(text: str, spellings: Mapping[str, str]) -> list[Mention]:
    """Return the mentions, without common words that are no label where they stand."""
    mentions = find_mentions(text, spellings)
    return [m for m in mentions if text[m.start : m.end] not in WORDS.common_words or _is_label(text, m)]


def _is_label(text: str, mention: Mention) -> bool:
    """Whether a common word ("other", "tension") stands where a label does."""
    rest = (text[: mention.start] + text[mention.end :]).strip(" \n.,:;!\"'()")
    return not rest or _CLASS_IS.search(text[: mention.start]) is not None


def _read(text: str, spellings: Mapping[str, str], options: Sequence[str]) -> str | None:
    """Read a text without looking for corrections."""
    mentions = _mentions(text, spellings)
    if not mentions:
        return None
    checked = checked_entries(text, [mention for mention in mentions if mention.key != OUTSIDE])
    if len({mention.key for mention in checked}) > 1 or (checked and _only_boxes(text)):
        keys = {mention.key for mention, mark in checked.items() if mark}
        if len(keys) > 1:
            raise Ambiguous(", ".join(sorted(keys)))
        if keys:
            return keys.pop()
    numbers = shares(text, mentions)
    if numbers:
        return likeliest(numbers)
    stands = stances(text, mentions)
    weigh_rankings(text, stands)
    return settle(stands, options, refused=pattern("refusals").search(text) is not None)


def _only_boxes(text: str) -> bool:
    return re.search(r"\[\s*[x✓✔√]\s*\]|[☑☒✓✔✅]", text) is not None


def settle(stands: Sequence[Stand], options: Sequence[str], *, refused: bool) -> str | None:
    """Return the label that stays standing.

    Args:
        stands: How the text stands to each mention.
        options: The options.
        refused: Whether the text says that it cannot be told; a label that is only named is no answer then.

    Raises:
        Ambiguous: Two stand with the same weight, or the labels are only offered.
    """
    real = [s for s in stands if s.mention.key != OUTSIDE or s.bare or s.stance >= Stance.ASSERTED]
    leaderboard = [stand for stand in real if stand.stance > (Stance.NAMED if refused else Stance.ASIDE)]
    if not leaderboard:
        return _by_elimination(real, options)
    alone = {stand.mention.key for stand in leaderboard if stand.bare}
    if len(alone) > 1:
        raise Ambiguous(", ".join(sorted(alone)))
    weight = max(stand.stance for stand in leaderboard)
    best = [stand for stand in leaderboard if stand.stance is weight]
    keys = dict.fromkeys(stand.mention.key for stand in best)
    if len(keys) > 1:
        raise Ambiguous(", ".join(key or "none" for key in keys))
    if weight is Stance.ASSERTED and not best[0].bare:
        later = [
            s for s in leaderboard if s.mention.start > best[-1].mention.start and s.mention.key != best[0].mention.key
        ]
        if any(stand.stance is Stance.NAMED for stand in later):
            raise Ambiguous(", ".join(dict.fromkeys(stand.mention.key for stand in (best[0], *later))))
    if best[0].mention.key == BOTH:
        raise Ambiguous("both sides")
    return best[0].mention.key or None


def _by_elimination(stands: Sequence[Stand], options: Sequence[str]) -> str | None:
    """Return the other one of two options when one is denied.

    Raises:
        Ambiguous: Several labels are offered and none is taken.
    """
    denied = {stand.mention.key for stand in stands if stand.stance is Stance.DENIED}
    offered = {stand.mention.key for stand in stands if stand.stance is Stance.ASIDE} - {OUTSIDE}
    left = [option for option in options if option not in denied]
    if len(options) == 2 and len(left) == 1 and len(denied) == 1 and left[0] not in offered:
        return left[0]
    if len(offered) > 1:
        raise Ambiguous(", ".join(sorted(offered)))
    return None

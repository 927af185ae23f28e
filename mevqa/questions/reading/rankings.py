"""Labels in an order or a list: "1. negative 2. surprise", "negative > surprise", "most likely: negative"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mevqa.questions.reading.mentions import OUTSIDE
from mevqa.questions.reading.stance import Stance, Stand
from mevqa.questions.reading.words import pattern

#: Mark of an entry right before it: a number, a letter or a bullet.
_MARK = re.compile(
    r"(?:^|[\s(,;:|])(?:(?P<number>\d{1,2})\s*[.):|]|(?P<letter>[a-j])\s*[.):]|(?P<bullet>[-•]|(?<=\n)\+))"
    r"\s*(?:the |an? )?$"
)
_HEADING = re.compile(
    r"(?:^|[.;,\n(|])\s*(?:[-•]\s*|\d{1,2}[.)]\s*)?([\w #\-']{3,60}?)"
    r"\s*(?:\([^()\n]*\)\s*)?(?::|=|\||-(?=\s)|–|—)\s*(?:the |an? )?$"
)
_GREATER = re.compile(r"[\s)]*(?:\([^()\n]*\)\s*)?>+\s*")
_LESS = re.compile(r"\s*<+\s*")
_COMMA = re.compile(
    r"\s*(?:\([^()\n]*\)\s*)?(?:[,;/]|\bthen\b|\band\b|\bfollowed by\b|->|→|\n|\s)+\s*(?:then |finally |and |lastly )*"
)
#: Characters before a label in which its mark or heading stands.
_NEAR = 90


def weigh_rankings(text: str, stands: Sequence[Stand]) -> None:
    """Let the first label of a ranking stand and the others give way; entries of a list without an order only offer.

    Args:
        text: Plain text.
        stands: How the text stands to each label, in the order of the text; changed in place.
    """
    real = [stand for stand in stands if stand.mention.key != OUTSIDE]
    if len({stand.mention.key for stand in real}) < 2:
        return
    for run, first in (*_ordered_by_signs(text, real), *_ordered_by_lists(text, real)):
        for stand in run:
            stand.bare = False
            if stand.stance is not Stance.DENIED:
                stand.stance = Stance.ASSERTED if stand is first else Stance.ASIDE
    _weigh_headings(text, real)


def _ordered_by_signs(text: str, stands: Sequence[Stand]) -> list[tuple[Sequence[Stand], Stand]]:
    """Return the runs that are joined by ">" or "<", each with the one that is ranked first."""
    ranked_runs: list[tuple[Sequence[Stand], Stand]] = []
    for sign, top in ((_GREATER, 0), (_LESS, -1)):
        for run in _runs(text, stands, sign):
            ranked_runs.append((run, run[top]))
    return ranked_runs


def _ordered_by_lists(text: str, stands: Sequence[Stand]) -> list[tuple[Sequence[Stand], Stand | None]]:
    """Return the entries of lists and rankings, each with the one that is ranked first; None without an order."""
    ranked_runs: list[tuple[Sequence[Stand], Stand | None]] = []
    for run in _entries(text, stands):
        left = [stand for stand in run if stand.stance is not Stance.DENIED]
        begin = run[0].mention.start
        cue = pattern("rankings").search(text, max(0, begin - 2 * _NEAR), begin)
        if cue is None and not pattern("rankings_after").match(text[run[-1].mention.end :]):
            if len({stand.mention.key for stand in left}) > 1:
                ranked_runs.append((run, None))
            continue
        rising = pattern("rankings_rising").search(text, max(0, begin - 2 * _NEAR), begin)
        ranked_runs.append((run, run[-1] if rising else run[0]))
    if ranked_runs:
        return ranked_runs
    for run in _runs(text, stands, _COMMA):
        begin = run[0].mention.start
        cues = list(pattern("rankings").finditer(text, max(0, begin - _NEAR), begin))
        if cues and re.fullmatch(
            r"[^.\n]{0,40}?[:\n(]\s*(?:the |an? )?|\s*(?:is|are)?\s*", text[cues[-1].end() : begin]
        ):
            rising = pattern("rankings_rising").search(text, max(0, begin - _NEAR), begin)
            ranked_runs.append((run, run[-1] if rising else run[0]))
    return ranked_runs


def _runs(text: str, stands: Sequence[Stand], joint: re.Pattern[str]) -> list[list[Stand]]:
    """Return the runs of at least two different labels with nothing but a joint between them."""
    runs: list[list[Stand]] = []
    for stand in stands:
        if runs and joint.fullmatch(text, runs[-1][-1].mention.end, stand.mention.start):
            runs[-1].append(stand)
        else:
            runs.append([stand])
    return [run for run in runs if len({stand.mention.key for stand in run}) > 1]


def _entries(text: str, stands: Sequence[Stand]) -> list[list[Stand]]:
    """Return runs of labels that are entries of one list; numbers and letters count up."""
    runs: list[list[Stand]] = []
    last: tuple[str, int] | None = None
    for stand in stands:
        mark = _MARK.search(text[max(0, stand.mention.start - _NEAR) : stand.mention.start])
        if mark is None:
            continue
        kind = mark.lastgroup or ""
        value = int(mark["number"]) if kind == "number" else ord(mark["letter"]) if kind == "letter" else 0
        line = text[text.rfind("\n", 0, stand.mention.start) + 1 : stand.mention.start]
        if kind == "bullet" and line.strip(" -•+"):
            # A dash within a line is no bullet.
            continue
        follows = last is not None and last[0] == kind and (kind == "bullet" or value == last[1] + 1)
        if follows and runs:
            runs[-1].append(stand)
        else:
            runs.append([stand])
        last = (kind, value)
    return [run for run in runs if len({stand.mention.key for stand in run}) > 1]


def _weigh_headings(text: str, stands: Sequence[Stand]) -> None:
    """Weigh labels behind headings such as "most likely:" and "second:"."""
    heads: list[tuple[Stand, bool]] = []
    under: bool | None = None
    for index, stand in enumerate(stands):
        gap = text[stands[index - 1].mention.end : stand.mention.start] if index else ""
        heading = _HEADING.search(text[max(0, stand.mention.start - _NEAR) : stand.mention.start])
        if heading is not None:
            words = heading[1].strip()
            lower = pattern("lower_headings").fullmatch(words) is not None
            first = not lower and pattern("first_headings").fullmatch(words) is not None
            under = True if first else False if lower else None
        elif not index or not re.fullmatch(r"\s*(?:,|and|or|/|&)+\s*", gap):
            under = None
        if under is not None:
            heads.append((stand, under))
    if not any(first for _, first in heads) and not any(stand.stance > Stance.ASIDE for stand in stands):
        return
    for stand, first in heads:
        if stand.stance is Stance.DENIED:
            continue
        stand.bare = False
        stand.stance = max(stand.stance, Stance.ASSERTED) if first else Stance.ASIDE

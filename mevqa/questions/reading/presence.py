"""Read yes or no out of plain text: the words themselves, and statements about the unit that was asked about."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from mevqa.questions.reading.labels import corrected, settle
from mevqa.questions.reading.mentions import Mention, bounded, find_unit_mentions
from mevqa.questions.reading.stance import sentence_spans, stances
from mevqa.questions.reading.text.marks import checked_entries, likeliest, shares
from mevqa.questions.reading.types import Ambiguous
from mevqa.questions.reading.words import WORDS, pattern

_YES = r"yes|yeah|yep|yup|true|affirmative|correct|indeed"
_NO = r"no|nope|nah|false"
#: "No" before a stop says no; before a noun it denies that noun.
_TOKEN = re.compile(
    rf"(?<![\w-])(?:({_YES})(?!\w)|({_NO})(?=\s*(?:$|[,.;:!?)\]\n\"'/|(=~]|-|–|—|\b(?:or|and|it|the|there|this|i|because)\b)))"
)
_SPLIT = re.compile(
    r"[.!?;\n]+|,?\s*\b(?:but|while|whereas|although|though|however|yet)\b|,\s*(?:and\s+)?(?=[^,]*\b(?:is|are|was|were|not|no)\b)"
    r"|\s+and\s+(?=[^,]*?\b(?:is|are|was|were)\b)|[–—]|\s-\s"
)
_CONCESSION = re.compile(r"\b(?:although|though|even though|even if|despite|albeit|barely|only)\b")
_PRONOUN = re.compile(
    r"^\W*(?:so |thus |therefore |because |since |as |and |here |overall |in (?:the|this) \w+ |yes |no "
    r"|i (?:can |do |would say )?(?:not )?(?:think |believe |see )?(?:that )?)*"
    r"(?:it|this|that|the (?:asked |action |facial )*(?:unit|au|movement|action|muscle)|there|they|none"
    r"|nothing|one can|the answer)?\b"
)
_MANNER = re.compile(r"\b(?:clearly|face|the|on|visibly|here|definitely|slightly|weakly|strongly|clip|this|video)\b")
_NOT_IT = re.compile(
    r"\W*(?:and |but )?(?:not|rather than|without|instead of) (?:the |an? )?(?:au|action unit|[a-z]+ [a-z]+er\b)"
)
_VERB = re.compile(r"\b(?:is|are|was|were|shows?|sees?|appears?|can|not|no|has|have|does|do|present|visible)\b")
#: Words that a statement about "it" has besides.
_MOST_WORDS = 7
_EVENT = re.compile(r"\b(micro|macro)?[- ]?(?:expressions?|events?)\b|\b(micro|macro)\b")


def read_presence(text: str, target: str | None, *, events: bool = False) -> str | None:
    """Return ``yes`` or ``no``.

    Args:
        text: Plain text.
        target: Number of the unit, or kind of event, that was asked about; None for any.
        events: Whether expressions are asked about and not a unit.

    Returns:
        None when the text says neither.

    Raises:
        Ambiguous: It says both.
    """
    return corrected(text, lambda part: _read(part, target, events))


def _read(text: str, target: str | None, events: bool) -> str | None:
    subjects = _event_mentions(text) if events else find_unit_mentions(text)
    if not events:
        marked = _marked(text, subjects, target)
        if marked is not None:
            return marked
    tokens = bounded([Mention(m.start(), m.end(), "yes" if m[1] else "no") for m in _TOKEN.finditer(text)])
    tokens = [token for token in tokens if not _of_another(text, token, subjects, target)]
    tokens = [token for token in tokens if not _concedes(text, token)] or tokens
    refused = pattern("refusals").search(text) is not None
    answer: str | None = None
    if tokens:
        numbers = shares(text, tokens)
        answer = likeliest(numbers) if numbers else settle(stances(text, tokens), ("yes", "no"), refused=refused)
        lead = _leading(text, tokens)
        answer = answer or lead
    named, stated, conceded = _statements(text, subjects, target, events)
    if answer is not None:
        if named and answer not in named:
            raise Ambiguous(f"{answer}, {', '.join(sorted(named))}")
        return answer
    if len(stated) > 1:
        raise Ambiguous("yes, no")
    if refused:
        return None
    return next(iter(stated or conceded), None) if len(stated or conceded) == 1 else None


def _marked(text: str, units: Sequence[Mention], target: str | None) -> str | None:
    """Return the mark of the unit asked about in a checklist, as yes or no; None without an entry of it."""
    checked = checked_entries(text, units)
    if target is None or not checked:
        return None
    marks = {mark for mention, mark in checked.items() if mention.key == target}
    if len(marks) == 2:
        raise Ambiguous("yes, no")
    return ("yes" if marks.pop() else "no") if marks else None


def _of_another(text: str, token: Mention, subjects: Sequence[Mention], target: str | None) -> bool:
    """Whether a yes or no belongs to another unit: "AU12: no"."""
    line = max(text.rfind("\n", 0, token.start), text.rfind(".", 0, token.start), text.rfind(",", 0, token.start)) + 1
    before = [s for s in subjects if line <= s.start and s.end <= token.start]
    linked = before and re.fullmatch(r"[^\w,.]*(?:is)?[^\w,.]*", text[before[-1].end : token.start])
    label = re.search(r"(?:^|[\n.,;])\s*([\w ]{2,30}):\s*$", text[: token.start])
    if linked:
        return target is None or before[-1].key != target
    foreign = label is not None and not re.search(
        r"\b(?:answer|final|shown|present|presence|verdict|result|visible|conclusion|decision|prediction|so|response|output|say|unit)\b",
        label[1],
    )
    return bool(foreign and not (before and before[-1].key == target))


def _concedes(text: str, token: Mention) -> bool:
    """Whether a yes or no is thrown in before a "but": "the lip corners move, yes, but the brows do not"."""
    after = re.match(r"\W{0,3}(?:but|though|however|only)\b", text[token.end :])
    return after is not None and re.search(r"\w,\s*$", text[: token.start]) is not None


def _leading(text: str, tokens: Sequence[Mention]) -> str | None:
    """Return the yes or no that a text begins with."""
    if re.search(r"\b(?:otherwise|or else)\b", text):
        return None
    return tokens[0].key if not re.sub(r"[\W_]|\b(?:well|ok|okay|so|hmm)\b", "", text[: tokens[0].start]) else None


@functools.cache
def _there() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{word})\b" for word in WORDS.presence.there))


@functools.cache
def _denied() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{word})\b" for word in WORDS.presence.denied))


def _statements(
    text: str, subjects: Sequence[Mention], target: str | None, events: bool
) -> tuple[set[str], set[str], set[str]]:
    """Return yes and no as clauses state them of the unit asked about.

    Returns:
        Those of clauses that name the unit, of all clauses that assert, and of clauses that only concede.
    """
    named: set[str] = set()
    stated: set[str] = set()
    conceded: set[str] = set()
    for start, end, stop in sentence_spans(text):
        if "?" in stop or pattern("hypothetical").search(text, start, end):
            continue
        cuts: list[tuple[int, int]] = []
        for match in _SPLIT.finditer(text, start, end):
            # "Both AU4 and AU7 are present" is one statement.
            if match[0].strip() == "and" and not _VERB.search(text[cuts[-1][1] if cuts else start : match.start()]):
                continue
            cuts.append(match.span())
        edges = [start, *(edge for cut in cuts for edge in cut), end]
        for index in range(0, len(edges), 2):
            first, last = edges[index], edges[index + 1]
            clause = text[first:last]
            polarity = _polarity(clause, events)
            if polarity is None or pattern("refusals").search(clause):
                continue
            clause_subjects = [s for s in subjects if first <= s.start < last]
            if clause_subjects and not _is_about_target(clause_subjects, target, polarity):
                continue
            if not clause_subjects and not events and not _implied(clause):
                continue
            joined = text[max(start, first - 12) : first]
            group = conceded if _CONCESSION.search(joined) or _CONCESSION.search(clause) else stated
            group.add(polarity)
            if group is stated and clause_subjects:
                named.add(polarity)
    return named, stated, conceded


def _is_about_target(clause_subjects: Sequence[Mention], target: str | None, polarity: str) -> bool:
    keys = {mention.key for mention in clause_subjects}
    if target is None:
        return True
    return target in keys or (polarity == "no" and "" in keys)


def _implied(clause: str) -> bool:
    """Whether a clause without a unit speaks of the one that was asked about."""
    opening = _PRONOUN.match(clause)
    rest = _there().sub(" ", _denied().sub(" ", clause[opening.end() :] if opening else clause))
    if opening and opening[0].strip():
        return len(re.findall(r"[a-z]+", rest)) <= _MOST_WORDS
    return not re.findall(r"[a-z]{3,}", _MANNER.sub("", rest))


def _polarity(clause: str, events: bool) -> str | None:
    """Return whether a clause says that something is there, None when it says neither."""
    if _NOT_IT.match(clause):
        return "no"
    denials = list(_denied().finditer(clause))
    if denials:
        core = any(
            re.search(
                r"absent|missing|inactive|sign|evidence|trace|lack|unlikely|relaxed|ruled|exclu|invis|unseen|detect|fail|rest",
                d[0],
            )
            for d in denials
        )
        ends_in_not = re.search(r"\b(?:is|are|was|were|does|do|did|has|have) (?:\w+ly )?not\W*$", clause)
        if (
            core
            or ends_in_not
            or _there().search(clause)
            or re.search(r"\bno\b|\bnot? (?:a|an|any|the)\b|\bwithout\b|\bnever\b", clause)
        ):
            return "no"
        return None
    if _there().search(clause):
        return "yes"
    if events and re.search(
        r"\b(?:one|two|three|four|five|six|several|many|a|an|some|\d+)\b[\w -]*"
        r"\b(?:expressions?|events?|micro|macro)\b",
        clause,
    ):
        return "yes"
    return None


def _event_mentions(text: str) -> list[Mention]:
    """Return where expressions or events are named, with their kind."""
    return [Mention(m.start(), m.end(), m[1] or m[2] or "") for m in _EVENT.finditer(text)]

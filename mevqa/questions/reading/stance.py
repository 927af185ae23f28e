"""Stance of a text to each label or unit that it names: asserted, named, hinted at, only weighed, or denied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from mevqa.questions.reading.mentions import Mention
from mevqa.questions.reading.words import pattern


class Stance(IntEnum):
    """Weight of a mention, the heavier the larger."""

    DENIED = 0
    ASIDE = 1
    HINTED = 2
    NAMED = 3
    ASSERTED = 4
    CONCLUDED = 5


@dataclass(slots=True)
class Stand:
    """A mention and how the text stands to it.

    Attributes:
        mention: The mention.
        stance: How the text stands to it.
        bare: Whether its sentence or line says nothing else.
        sentence: Number of its sentence.
    """

    mention: Mention
    stance: Stance
    bare: bool = False
    sentence: int = 0


_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bno)[.!?;]+(?=[\s\"')\]]|$)|\n+|\.{3,}|…")
_CLAUSE = re.compile(r"[,:]|\s[-–—]+\s|[–—]")
_ARTICLES = re.compile(
    r"\b(?:the|an?|it|is|its|it's|this|that|facial|class|expression|emotion|option|label|side|face|on|of|definitely|"
    r"clearly|probably|likely|i|say|think|so|and)\b|[^\w]|\b[a-h]\)"
)
_GAP = re.compile(
    r"-?\s*(?:expressions?|emotions?|class|affect|side|movement)?\s*(?:\([^()]*\))?\s*[,/|]?\s*"
    r"(?:or|and|and/or|versus|vs\.?|nor|/|&|\+)?\s*(?:an?|the|even|also|maybe|possibly|on the|any|for)?\s*"
)
_OR = re.compile(r"\bor\b|/|\||\bversus\b|\bvs\b|\bnor\b")
_SCOPE_END = re.compile(
    r"[,;:.!?\n]|\s[-–—]+\s|[–—]|\b(?:but|however|although|though|so|therefore|thus|hence|which|because|since|while|whereas|then"
    r"|and (?:the|it|its|this|that|i|we|is|are|therefore|so|thus)|making|yet|instead|it is|it's|only)\b"
)
_FILLER = re.compile(
    r"\s*(?:\([^()]*\)\s*)*(?:(?:expressions?|class|emotions?|options?|labels?|movements?|actions?|units?|activity|activation|"
    r"one|here|also|both|in|on|of|the|this|clip|video|face|frames?|itself|really|side|region|muscle|au|for|all|apex|lips?|corners?|mouth|cheeks?|brows?|eyebrows?|half|part|dimples?|hand)\b\s*)*"
    r"(?:\([^()]*\)\s*)*"
)
_GENERIC = re.compile(r"\s*(?:expressions|emotions|classes|affects|feelings|cases|examples|videos|clips)\b")
#: What a kind of expression is like: "a micro-expression lasts under 0.5 s".
_LASTS = re.compile(
    r"(?: expressions?| events?)? "
    r"(?:lasts?|takes?|spans?|(?:is|are) (?:shorter|longer|under|below|over|less|at most|more|brief))\b"
)
_BELONGS = re.compile(r"(?:belongs? to|under|into|among|one of|class of|category of|group of|as) (?:the )?$")
_LESS = (re.compile(r"\bless(?: \w+){0,2}\s$"), re.compile(r"\s*(?:\w+ ){0,2}than\b"))
_OR_ELSE = re.compile(r"\W*(?:or|and)\b")
_PRONOUN = re.compile(r"\b(?:it|this|that|which|they|these)\s*$")
_ASIDE = re.compile(r"\([^()]*\)")
#: Between a name and what is denied of it: "AU5, which often goes with them, is missing", "might be there but is not".
_RELATIVE = re.compile(r"^[\s)]*,? ?(?:which|that|who)\b[^,.;\n]*,")
_SAME_SUBJECT = re.compile(
    r"^[\s)]*(?:is|was|are|were|might|may|could|would|seems|looks|appears|does|has)\b[^,.;:\n]*\b(?:but|and|yet)\s*$"
)
#: What a denied clause begins with: "doubt that it is ...".
_OPENS_DENIED = re.compile(
    r"^\s*(?:think|believe|say|feel|find|agree|suggest|mean|indicate|imply)?\s*(?:that|whether|if)?\s*"
    r"(?:(?:it|this|that|the (?:expression|emotion|face|class|label)) (?:is|was|shows|seems|counts as)\b|it's)"
)
_WORDS_BETWEEN = 7
#: Characters that seven words have at most.
_REACH = 160


def stances(text: str, mentions: Sequence[Mention], *, units: bool = False) -> list[Stand]:
    """Return how a plain text stands to each mention.

    Args:
        text: Plain text.
        mentions: In the order of the text.
        units: Whether action units are named, of which several may stand, and not labels.
    """
    sentences = sentence_spans(text)
    denied = _denied_by_headings(text, mentions)
    stands: list[Stand] = []
    for number, (start, end, stop) in enumerate(sentences):
        inside = [mention for mention in mentions if start <= mention.start < end]
        if inside:
            last = number == len(sentences) - 1
            stands.extend(_sentence_stands(text, start, end, stop, inside, number, last, units))
    for stand in stands:
        start, _, stop = sentences[stand.sentence]
        if "?" in stop and _OR_ELSE.match(text, start):
            # "Anger... or is it disgust?" leaves both open.
            for other in stands:
                if other.sentence == stand.sentence - 1:
                    other.stance = min(other.stance, Stance.ASIDE)
    for stand in stands:
        if stand.mention in denied:
            stand.stance = Stance.DENIED
    if not units:
        _weigh_contrasts(text, sentences, stands)
    return stands


def sentence_spans(text: str) -> list[tuple[int, int, str]]:
    """Return begin, end and closing mark of each sentence that is not empty."""
    spans = []
    start = 0
    for match in _END.finditer(text):
        if text[start : match.start()].strip(" -*#>"):
            spans.append((start, match.start(), match[0]))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text), ""))
    return spans


def _sentence_stands(
    text: str, start: int, end: int, stop: str, mentions: Sequence[Mention], number: int, last: bool, units: bool
) -> list[Stand]:
    """Return the stands of one sentence."""
    sentence = text[start:end]
    optional = _options(text, start, mentions, units)
    denied = _denied(text, start, end, mentions, units)
    refusal = pattern("refusals").search(sentence)
    conditional = start + _conditional_part(sentence)
    stands = []
    for mention in mentions:
        rest = text[start : mention.start] + " " + text[mention.end : end]
        bare = not _ARTICLES.sub("", rest).strip()
        stance = _stance(text, start, end, mention, units)
        if "?" in stop and not (bare and number == 0 and last):
            stance = Stance.ASIDE
        if refusal is not None:
            in_spite = re.search(r"\b(?:but|though|however)\b", text[start + refusal.end() : mention.start])
            stance = max(stance, Stance.ASSERTED) if in_spite and stance > Stance.ASIDE else Stance.ASIDE
        if stance < Stance.CONCLUDED and pattern("general").search(sentence):
            stance = Stance.ASIDE
        if mention in optional or mention.start < conditional:
            stance = Stance.ASIDE
        if mention in denied:
            stance = Stance.DENIED
        if bare and stance > Stance.ASIDE:
            stance = Stance.CONCLUDED if last else max(stance, Stance.ASSERTED)
        stands.append(Stand(mention, stance, bare, number))
    return stands


def _conditional_part(sentence: str) -> int:
    """Return the length of the part of a sentence that only says what would follow: "if ..., otherwise ..."."""
    if pattern("conditional").search(sentence) is None:
        return 0
    but = re.search(r"\bbut\b|\bso\b", sentence)
    return len(sentence) if but is None else but.start()


def _is_weighed(text: str, start: int, end: int, mention: Mention) -> bool:
    """Whether a unit was only thought of."""
    before = text[start : mention.start]
    if pattern("weighed").search(before.rsplit(",", 1)[-1]):
        return True
    but = re.search(r"\b(?:but|however|yet)\b(?! (?:then|later|also))", text[mention.end : end])
    return but is not None and pattern("weighed_before_but").search(before) is not None


def _stance(text: str, start: int, end: int, mention: Mention, units: bool) -> Stance:
    """Return the stance by the words around a mention in its clause."""
    cuts = [match.end() for match in _CLAUSE.finditer(text, start, mention.start)]
    clause = _ASIDE.sub(" ", text[cuts[-1] if cuts else start : mention.start])
    after = text[mention.end : end]
    nearby = " ".join(re.split(r"[,:;(]", after)[0].split()[:5])
    before = text[start : mention.start]
    if pattern("hypothetical").search(clause) and (
        units or not re.search(r"\bwould\b", clause) or re.search(r"\bif\b", text[start:end])
    ):
        return Stance.ASIDE
    if pattern("hypothetical_after").match(after):
        return Stance.ASIDE
    if _LASTS.match(after) and (re.search(r"\b(?:an?|any)\s$", before) or text[mention.end - 1] == "s"):
        return Stance.ASIDE
    if _GENERIC.match(after) and not _BELONGS.search(before):
        return Stance.ASIDE
    if units:
        return Stance.ASIDE if _is_weighed(text, start, end, mention) else Stance.NAMED
    concluded = pattern("concludes").search(clause) or pattern("concludes").search(before[-_NEAR:])
    asserted = pattern("asserts").search(clause) or pattern("asserts_after").search(after)
    hedged = (
        pattern("hedges").search(clause)
        or pattern("hedges").search(nearby)
        or pattern("concessions").search(clause)
        or pattern("reasons").search(clause)
        or (pattern("opening_concessions").search(before) and not cuts)
        or re.search(r"\bwould\b(?! say| choose| pick| go| answer| call)", clause)
    )
    if hedged:
        return Stance.NAMED if concluded and not pattern("concessions").search(clause) else Stance.HINTED
    if concluded:
        return Stance.CONCLUDED
    return Stance.ASSERTED if asserted else Stance.NAMED


#: Characters before a mention in which words of conclusion count across a comma ("Overall, negative").
_NEAR = 16


def _options(text: str, start: int, mentions: Sequence[Mention], units: bool) -> set[Mention]:
    """Return the mentions that only list alternatives."""
    alternatives: set[Mention] = set()
    for chain in _chains(text, mentions):
        before = text[start : chain[0].start]
        joined = text[chain[0].end : chain[-1].start]
        between = _between(text, chain)
        listed = pattern("options").search(before) and not units
        if len({mention.key for mention in chain}) > 1:
            several = len({mention.key for mention in chain}) > 2 and not units
            if any(_OR.search(gap) for gap in between) or listed or (several and "," in joined):
                alternatives.update(chain)
    for mention in mentions:
        if re.search(r"\b(?:whether|either)\b(?: [\w-]+){0,5} $", text[start : mention.start]):
            alternatives.add(mention)
    return alternatives


def _chains(text: str, mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Return runs of mentions with nothing but commas and conjunctions between them."""
    chains: list[list[Mention]] = []
    for mention in mentions:
        gap = text[chains[-1][-1].end : mention.start] if chains else ""
        # "Between anger and disgust, disgust ...": the second time it is no alternative any more.
        again = "," in gap and any(other.key == mention.key for other in chains[-1])
        if chains and not again and _GAP.fullmatch(gap):
            chains[-1].append(mention)
        else:
            chains.append([mention])
    return chains


def _between(text: str, chain: Sequence[Mention]) -> list[str]:
    return [text[first.end : second.start] for first, second in zip(chain, chain[1:], strict=False)]


def _denied(text: str, start: int, end: int, mentions: Sequence[Mention], units: bool) -> set[Mention]:
    """Return the mentions of a sentence that it denies."""
    denied_mentions: set[Mention] = set()
    chains = _chains(text, mentions)
    taken: list[tuple[int, int]] = []
    for match in pattern("denies_preceding").finditer(text, start, end):
        denied = _before_denial(text, match, chains, units)
        if denied:
            denied_mentions.update(denied)
            taken.append(match.span())
    for match in pattern("denies_following").finditer(text, start, end):
        if any(first <= match.start() < last for first, last in taken):
            continue
        denied_mentions.update(_after_denial(text, match.end(), end, chains))
    for match in pattern("denies_preceding").finditer(text, start, end):
        if match.span() not in taken:
            denied_mentions.update(_after_denial(text, _verb_end(match), end, chains))
    for mention in mentions:
        if _LESS[0].search(text, start, mention.start) and _LESS[1].match(text, mention.end):
            denied_mentions.add(mention)
    return denied_mentions


def _verb_end(match: re.Match[str]) -> int:
    """Return where the denial itself ends: what follows it may be what it denies."""
    core = re.match(r".*?\b(?:not|never|cannot|unlikely|ruled out|excluded|rejected|dismissed|discarded)\b", match[0])
    return match.start() + core.end() if core else match.end()


def _before_denial(
    text: str, match: re.Match[str], chains: Sequence[Sequence[Mention]], units: bool
) -> Sequence[Mention]:
    """Return the mentions that a predicate denies: the run right before it, unless it goes on to deny another."""
    for chain in reversed(chains):
        if chain[-1].end > match.start():
            continue
        gap = _RELATIVE.sub(" ", text[chain[-1].end : match.start()]).lstrip(") ")
        if _SAME_SUBJECT.match(gap):
            gap = ""
        by_pronoun = units and _PRONOUN.search(gap) and len(gap.split()) <= _WORDS_BETWEEN
        if not _FILLER.fullmatch(gap) and not by_pronoun:
            return ()
        verb = _verb_end(match)
        following = [mention for other in chains for mention in other if mention.start >= verb]
        if following and following[0].start < match.end() and not re.search(r"\bas\b", match[0]):
            return ()
        return chain
    return ()


def _after_denial(text: str, at: int, end: int, chains: Sequence[Sequence[Mention]]) -> Sequence[Mention]:
    """Return the mentions that a denial reaches: the next run in its clause, of a list with "or" all of it."""
    for chain in chains:
        following = [mention for mention in chain if mention.start >= at]
        if not following:
            continue
        gap = text[at : following[0].start]
        if len(gap) > _REACH:
            return ()
        if _SCOPE_END.search(_OPENS_DENIED.sub("", gap)) or len(gap.split()) > _WORDS_BETWEEN:
            return ()
        between = _between(text, following)
        if any(re.search(r"\b(?:or|nor)\b", part) for part in between):
            return following
        reached = [following[0]]
        for part, mention in zip(between, following[1:], strict=True):
            if "," in part and not re.search(r"\b(?:and|&)\b", part):
                break
            reached.append(mention)
        return reached
    return ()


_HEADING = re.compile(r"^\W*[\w ,/-]{3,48}:\s*$|^\W*[\w /-]{3,30}:", re.MULTILINE)


def _denied_by_headings(text: str, mentions: Sequence[Mention]) -> set[Mention]:
    """Return the mentions under a heading such as "Not present:"."""
    denied_mentions: set[Mention] = set()
    for match in pattern("denying_headings").finditer(text):
        rest = text[match.end() :]
        if rest.lstrip(" ").startswith("\n"):
            following = _HEADING.search(rest)
            blank = rest.find("\n\n", 2)
            ends = [position for position in (following.start() if following else -1, blank) if position > 0]
            end = match.end() + min(ends, default=len(rest))
        else:
            stop = re.search(r"[.;](?=\s|$)|\n|\b(?:present|detected|visible|active|observed|shown)\s*:", rest)
            end = match.end() + (stop.start() if stop else len(rest))
        denied_mentions.update(mention for mention in mentions if match.end() <= mention.start < end)
    return denied_mentions


def _weigh_contrasts(text: str, sentences: Sequence[tuple[int, int, str]], stands: Sequence[Stand]) -> None:
    """Let what stands before "but" or "however" give way to what stands after it."""
    for number, (start, end, _) in enumerate(sentences):
        for match in pattern("contrasts").finditer(text, start, end):
            after = [s for s in stands if s.sentence == number and s.mention.start >= match.end()]
            if not any(stand.stance >= Stance.HINTED for stand in after):
                continue
            opens = not text[start : match.start()].strip(" ,-*")
            for stand in stands:
                earlier = stand.mention.start < match.start() and (opens or stand.sentence == number)
                if earlier and stand.stance is Stance.NAMED and not stand.bare:
                    stand.stance = Stance.HINTED

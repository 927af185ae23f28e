"""The answers of several runs to one question fused into one reply.

Options: the weighted mean of log-probabilities (a logarithmic opinion pool: Genest and Zidek, Statistical Science 1986,
equation 3.7), of ranks (Borda), or of votes. Lists of action units: a unit is in where at least half of the weight has
it. Counts: the weighted median. Sentences: their units as lists, their classes by votes. Intervals and free texts: the
answer with which the others agree most, so that it is one that was given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.stats import rankdata

from mevqa.ensembles.agreement import agreement
from mevqa.facs import UNIT_NAMES, unit_number
from mevqa.questions.question_types import question_type
from mevqa.questions.types import SentenceQuestion
from mevqa.questions.values import answer_value
from mevqa.questions.writing.sentences import unit_list
from mevqa.types import Answer, Parts, Question, Reply, Value

Method = Literal["mean", "rank", "vote"]
METHODS: tuple[Method, ...] = ("mean", "rank", "vote")

#: Probabilities below this count as this much: an option that one run rules out is not ruled out for all.
SMALLEST = 1e-6
#: A unit is in the fused list from this share of the weight on; of two runs that disagree one is enough.
_SHARE = 0.5

_NAMES = {unit_number(name): name for name in UNIT_NAMES}


@dataclass(frozen=True, slots=True)
class Vote:
    """The answer of one run, with its weight.

    Attributes:
        member: Its name.
        answer: Its answer.
        weight: Its weight, 0 or more.
    """

    member: str
    answer: Answer
    weight: float

    def describe(self, share: float) -> str:
        """Return the vote in one line.

        Args:
            share: Its share of all weights.
        """
        sure = "" if self.answer.confidence is None else f" ({self.answer.confidence:.2f})"
        return f"{self.member}, weight {share:.2f}: {self.answer.text}{sure}"


def fuse(question: Question, votes: Sequence[Vote], method: Method, temperature: float = 1.0) -> Reply:
    """Return the reply of an ensemble to one question.

    Args:
        question: The question.
        votes: The usable answers, at least one; with ``mean`` and ``rank`` those to closed questions have options.
        method: How options are fused.
        temperature: Divisor of the log-probabilities of options (Guo et al., ICML 2017, equation 9).
    """
    votes = _normalised(votes)
    values = [answer_value(question, vote.answer) for vote in votes]
    options = [vote.answer.options for vote in votes]
    if all(options) and len({frozenset(vote_options or ()) for vote_options in options}) == 1:
        # Ranks and votes are often equal: probabilities decide among those.
        return _of_options(fuse_options(votes, method), fuse_options(votes, "mean"), temperature)
    definition = question_type(question.type)
    if definition.metric == "classes":
        return _most_votes(votes, [vote.answer.text for vote in votes])
    if definition.metric == "units":
        return _of_units(votes, values)
    if isinstance(definition, SentenceQuestion) and all(isinstance(value, Parts) for value in values):
        return _of_sentences(definition, votes, [value for value in values if isinstance(value, Parts)])
    if all(isinstance(value, int) for value in values):
        return _median(votes, [value for value in values if isinstance(value, int)])
    return _most_agreed(votes, values)


def fuse_options(votes: Sequence[Vote], method: Method) -> dict[str, float]:
    """Return the fused probability of each option, summing to one.

    Args:
        votes: Answers with the same options.
        method: How they are fused.
    """
    names = list(votes[0].answer.options or ())
    scores = dict.fromkeys(names, 0.0)
    for vote in _normalised(votes):
        for name, score in zip(names, _scores(vote.answer, names, method), strict=True):
            scores[name] += vote.weight * score
    if method == "mean":
        top = max(scores.values())
        scores = {name: math.exp(score - top) for name, score in scores.items()}
    total = sum(scores.values())
    return {name: score / total for name, score in scores.items()}


def sharpen(options: Mapping[str, float], temperature: float) -> dict[str, float]:
    """Return option probabilities at another temperature: above 1 flatter, below 1 sharper."""
    logs = {name: math.log(max(share, SMALLEST)) / temperature for name, share in options.items()}
    top = max(logs.values())
    powers = {name: math.exp(value - top) for name, value in logs.items()}
    total = sum(powers.values())
    return {name: power / total for name, power in powers.items()}


def _scores(answer: Answer, names: Sequence[str], method: Method) -> list[float]:
    """Return the score of each option by an answer: log-probability, points from 0 to 1, or a vote."""
    shares = [(answer.options or {}).get(name, 0.0) for name in names]
    if method == "mean":
        return [math.log(max(share, SMALLEST)) for share in shares]
    if method == "rank":
        return [float(rank) / len(names) for rank in rankdata(shares)]
    return [float(name == answer.text) for name in names]


def _of_options(options: dict[str, float], probabilities: Mapping[str, float], temperature: float) -> Reply:
    # Rounded, so that a sum in another order is the same.
    best = max(options, key=lambda name: (round(options[name], 9), round(probabilities[name], 9)))
    if temperature != 1.0:
        options = sharpen(options, temperature)
    return Reply(best, options=options, confidence=options[best])


def _normalised(votes: Sequence[Vote]) -> list[Vote]:
    """Return the votes with weights that sum to one; equal ones where all are 0."""
    total = sum(vote.weight for vote in votes)
    equal = 1 / len(votes)
    return [Vote(vote.member, vote.answer, vote.weight / total if total > 0 else equal) for vote in votes]


def _shares(votes: Sequence[Vote], texts: Sequence[str | None]) -> dict[str, float]:
    """Return the weight of each text, in the order of first appearance."""
    shares: dict[str, float] = {}
    for vote, text in zip(votes, texts, strict=True):
        if text is not None:
            shares[text] = shares.get(text, 0.0) + vote.weight
    # Rounded, so that a sum in another order is the same; the name decides among equals.
    return {text: round(share, 9) for text, share in sorted(shares.items())}


def _most_votes(votes: Sequence[Vote], texts: Sequence[str]) -> Reply:
    shares = _shares(votes, texts)
    best = max(shares, key=lambda text: shares[text])
    return Reply(best, confidence=shares[best])


def _fused_units(votes: Sequence[Vote], lists: Sequence[Sequence[str]]) -> tuple[list[str], float]:
    """Return the units that enough of the weight has, and the mean of their shares."""
    shares = {name: round(sum(v.weight for v, units in zip(votes, lists, strict=True) if name in units), 9)
              for name in dict.fromkeys(name for units in lists for name in units)}  # fmt: skip
    chosen = [name for name, share in shares.items() if share >= _SHARE]
    if not chosen and shares:
        most = max(shares.values())
        chosen = [name for name, share in shares.items() if share == most]
    return chosen, sum(shares[name] for name in chosen) / len(chosen) if chosen else 0.0


def _of_units(votes: Sequence[Vote], values: Sequence[Value | None]) -> Reply:
    lists = [[_NAMES[unit] for unit in _numbers(value) if unit in _NAMES] for value in values]
    units, mean = _fused_units(votes, lists)
    if not units:
        return _most_agreed(votes, values)
    # Confidence is that of the whole list; its n names and its end are n + 1 choices.
    return Reply(unit_list(units), confidence=mean ** (len(units) + 1))


def _numbers(value: Value | None) -> list[int]:
    return [unit for unit in value if isinstance(unit, int)] if isinstance(value, tuple) else []


def _of_sentences(definition: SentenceQuestion, votes: Sequence[Vote], values: Sequence[Parts]) -> Reply:
    units, _ = _fused_units(votes, [value.units for value in values])
    fine, coarse = (_shares(votes, [getattr(value, level) for value in values]) for level in ("fine", "coarse"))
    if not (units and fine and coarse):
        return _most_agreed(votes, values)
    best = [max(shares, key=lambda name: shares[name]) for shares in (fine, coarse)]
    return Reply(
        definition.sentence(units, *best, plural=len(units) > 1), confidence=min(fine[best[0]], coarse[best[1]])
    )


def _median(votes: Sequence[Vote], counts: Sequence[int]) -> Reply:
    """Return the weighted median; of two middle counts the lower one."""
    reached = 0.0
    middle = max(counts)
    for count, vote in sorted(zip(counts, votes, strict=True), key=lambda pair: pair[0]):
        reached += vote.weight
        if reached >= 0.5 - 1e-9:
            middle = count
            break
    share = sum(vote.weight for vote, count in zip(votes, counts, strict=True) if count == middle)
    return Reply(str(middle), confidence=share)


def _most_agreed(votes: Sequence[Vote], values: Sequence[Value | None]) -> Reply:
    """Return the answer with which the others agree most, by their weights."""
    agreed = [
        round(sum(vote.weight * agreement(value, other) for vote, other in zip(votes, values, strict=True)), 9)
        for value in values
    ]
    # The text decides among equals, so that the order of the runs does not.
    best = max(range(len(votes)), key=lambda place: (agreed[place], votes[place].answer.text))
    return Reply(votes[best].answer.text, confidence=agreed[best])

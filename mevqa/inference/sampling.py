"""Several answers drawn to each question, and what they vote for.

Self-consistency (Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models", ICLR 2023):
answers, and the thoughts before them, are drawn at a temperature, and the commonest answer is taken. The paper votes on
whole answers; how lists and numbers are put together is our choice:

- a class, a side, yes or no: the commonest; of equal ones the one with the larger mean probability of the option;
- a list of units: each unit by itself, those that more than half of the usable samples name, or else the commonest;
- a number: the median, of an even count the lower of the two in the middle;
- anything else: the commonest text.

Agreement is the share of all samples, unusable ones included, that say what was voted for; for a list of units the mean
Jaccard index of the samples with the vote. It is the confidence of the answer. A draw is decided by the seed, the
question's id and its number alone, so that batches, processes and interruptions change nothing.
"""

from __future__ import annotations

import statistics
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mevqa.questions.answers import normalise, read_units
from mevqa.questions.question_types import question_type
from mevqa.questions.writing.sentences import unit_list
from mevqa.types import Draw, Question, Reply, Request


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are drawn.

    Attributes:
        count: How many to each question, at least 2.
        temperature: Above 0.
        seed: Decides them.
    """

    count: int
    temperature: float
    seed: int


def ask_sampled(
    ask: Callable[[list[Request]], list[Reply]],
    questions: Sequence[Question],
    requests: Sequence[Request],
    sampling: Sampling,
) -> list[Reply]:
    """Draw answers to the questions about one clip and return the vote on each.

    Args:
        ask: Asks a model about the clip, all requests in one go.
        questions: The questions.
        requests: How each is put.
        sampling: How many answers are drawn, and how.
    """
    drawn = [
        replace(request, draw=Draw(sampling.temperature, (sampling.seed, zlib.crc32(question.id.encode()), number)))
        for question, request in zip(questions, requests, strict=True)
        for number in range(sampling.count)
    ]
    replies = ask(drawn)
    starts = range(0, len(drawn), sampling.count)
    return [
        vote(question, replies[start : start + sampling.count])
        for question, start in zip(questions, starts, strict=True)
    ]


def vote(question: Question, replies: Sequence[Reply]) -> Reply:
    """Return what several replies to one question vote for.

    Args:
        question: The question.
        replies: At least one.

    Returns:
        A reply with the samples; where none of them is usable the first, so that its fault is shown.
    """
    texts = [normalise(question, reply) for reply in replies]
    samples = tuple(
        text or reply.text or f"no answer: {reply.error}" for text, reply in zip(texts, replies, strict=True)
    )
    usable = [(text, reply) for text, reply in zip(texts, replies, strict=True) if text]
    if not usable:
        first_reply = next((reply for reply in replies if reply.error is None), replies[0])
        return replace(first_reply, samples=samples)
    fact = question_type(question.type).fact
    if fact == "units":
        chosen, agreement = _units(question, usable, len(replies))
    else:
        chosen = _number(usable) if fact == "count" else _commonest(usable)
        agreement = sum(text == chosen for text in texts) / len(replies)
    thought = next((reply.thought for text, reply in usable if text == chosen), usable[0][1].thought)
    return Reply(chosen, _options(usable), agreement, thought=thought, samples=samples)


def share_of(text: str, samples: Sequence[str]) -> float:
    """Return the share of samples that say a text."""
    return sum(sample == text for sample in samples) / len(samples)


def _commonest(usable: Sequence[tuple[str, Reply]]) -> str:
    counts = Counter(text for text, _ in usable)
    mean_options = _mean_options([reply for _, reply in usable])
    return max(dict.fromkeys(counts), key=lambda text: (counts[text], mean_options.get(text, 0.0)))


def _number(usable: Sequence[tuple[str, Reply]]) -> str:
    """Return the median of what are numbers, as it was written."""
    numbers = sorted((int(text), text) for text, _ in usable if text.isdecimal())
    return statistics.median_low(numbers)[1] if numbers else _commonest(usable)


def _units(question: Question, usable: Sequence[tuple[str, Reply]], count: int) -> tuple[str, float]:
    """Return the list of units that is voted for, and the agreement of all samples with it."""
    unit_sets = [frozenset(read_units(question, Reply(text))) for text, _ in usable]
    counts = Counter(unit for units in (read_units(question, Reply(text)) for text, _ in usable) for unit in units)
    voted_units = [unit for unit, number in counts.most_common() if 2 * number > len(usable)]
    if not voted_units or (question_type(question.type).one_or_several and not question.plural):
        voted_units = [unit for unit, _ in counts.most_common(1)]
    if not voted_units:
        return _commonest(usable), sum(text == _commonest(usable) for text, _ in usable) / count
    similarity = sum(len(units & set(voted_units)) / len(units | set(voted_units)) for units in unit_sets)
    return unit_list(voted_units), similarity / count


def _options(usable: Sequence[tuple[str, Reply]]) -> dict[str, float] | None:
    """Return the shares of the options among the samples, with their mean probability as one sample more."""
    mean_options = _mean_options([reply for _, reply in usable])
    if not mean_options:
        return None
    counts = Counter(text for text, _ in usable)
    return {option: (counts[option] + share) / (len(usable) + 1) for option, share in mean_options.items()}


def _mean_options(replies: Sequence[Reply]) -> dict[str, float]:
    option_shares = [reply.options for reply in replies if reply.options]
    return {
        option: sum(shares.get(option, 0.0) for shares in option_shares) / len(option_shares)
        for option in (option_shares[0] if option_shares else {})
    }

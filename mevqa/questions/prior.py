"""The prior answer: what to answer when nothing is known but the question and the data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.questions.question_types import question_type
from mevqa.questions.writing.prior_table import prior_counts, prior_facts
from mevqa.types import Question


@dataclass(frozen=True, slots=True)
class PriorAnswer:
    """The most frequent answer to a question in a data set, given without a model.

    Attributes:
        text: In the official surface form.
        source: Where its frequency was counted.
    """

    text: str
    source: str


def prior_answer(question: Question) -> PriorAnswer | None:
    """Return the prior answer to a question; None for open questions and for what no frequency tells.

    What asks for frames, or for one event of a video, has none: see ``PriorAnswers``.
    """
    prior = question_type(question.type).prior
    facts = prior_facts(question.dataset)
    text = None if prior is None else prior(question, facts)
    return None if text is None else PriorAnswer(text, facts.source)


def prior_options(question: Question, options: Sequence[str]) -> dict[str, float]:
    """Return the probability of each option when nothing is known but the data set, summing to one.

    Options count once more than they are counted (Laplace's rule), so that none is impossible; those of questions that
    no frequency tells are equally likely.

    Args:
        question: A closed question.
        options: Its options.
    """
    name = question_type(question.type).prior_counts
    counts: Counter[str] = Counter()
    for answer_counts in prior_counts(question.dataset, name) if name else ():
        counts.update(getattr(answer_counts, name))
    total = sum(counts[option] + 1 for option in options)
    return {option: (counts[option] + 1) / total for option in options}


def prior_confidence(question: Question) -> float | None:
    """Return how often the most frequent list is the right one, for questions whose answer names action units.

    Returns:
        None for questions of other types.
    """
    definition = question_type(question.type)
    if definition.long_video or definition.fact not in ("units", "sentence"):
        return None
    name = "units" if question.plural else "unit"
    pairs = [getattr(answer_counts, name) for answer_counts in prior_counts(question.dataset, name)]
    return sum(most for most, _ in pairs) / sum(every for _, every in pairs)

"""The prior answer: what to answer when nothing is known but the question and the data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.datasets import dataset, datasets
from mevqa.datasets.definition import AnswerCounts
from mevqa.files.strict_yaml import StrictModel
from mevqa.questions.writing.answer_format import SENTENCES, sentence, unit_list
from mevqa.types import Question, QuestionType


class _Prior(StrictModel):
    """The prior answers of a data set, completed by those of ``unknown`` (``PriorAnswers``)."""

    coarse: str
    fine: str
    unit: tuple[str, ...]
    units: tuple[str, ...]
    side: str
    inventory: tuple[str, ...]
    micro: int
    macro: int
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class PriorAnswer:
    """An answer that no model gave.

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
    answers: dict[str, Any] = {}
    for known in (dataset("unknown"), dataset(question.dataset)):
        if known.prior is not None:
            answers |= known.prior.model_dump(exclude={"counts"}, exclude_none=True)
    prior = _Prior.model_validate(answers)
    text = _text(question, prior)
    return None if text is None else PriorAnswer(text, prior.source)


#: The counts that answer a closed question, by its type.
_COUNTED = {
    QuestionType.COARSE: "coarse",
    QuestionType.FINE: "fine",
    QuestionType.AU_PRESENCE: "presence",
    QuestionType.AU_SIDE: "side",
}


def prior_options(question: Question, options: Sequence[str]) -> dict[str, float]:
    """Return the probability of each option when nothing is known but the data set, summing to one.

    Options count once more than they are counted (Laplace's rule), so that none is impossible; those of questions that
    no frequency tells are equally likely.

    Args:
        question: A closed question.
        options: Its options.
    """
    name = _COUNTED.get(question.type)
    counts: Counter[str] = Counter()
    for known in _counts(question.dataset, name) if name is not None else ():
        counts.update(getattr(known, str(name)))
    total = sum(counts[option] + 1 for option in options)
    return {option: (counts[option] + 1) / total for option in options}


def prior_confidence(question: Question) -> float | None:
    """Return how often the most frequent list is the right one, for questions whose answer names action units.

    Returns:
        None for questions of other types.
    """
    if question.type is not QuestionType.AU_LIST and question.type not in SENTENCES:
        return None
    name = "units" if question.plural else "unit"
    pairs = [getattr(known, name) for known in _counts(question.dataset, name)]
    return sum(most for most, _ in pairs) / sum(every for _, every in pairs)


def _counts(name: str, answers: str) -> list[AnswerCounts]:
    """Return the counts of a data set, of all that have them where it has none."""
    own = dataset(name).prior
    every = [own] if own is not None and getattr(own.counts, answers) else [known.prior for known in datasets()]
    return [prior.counts for prior in every if prior is not None and getattr(prior.counts, answers)]


def _text(question: Question, prior: _Prior) -> str | None:
    kind = question.type
    units = prior.units if question.plural else prior.unit
    if kind in SENTENCES:
        return sentence(kind, units, prior.fine, prior.coarse, plural=len(units) > 1)
    if kind is QuestionType.AU_PRESENCE:
        return "yes" if question.action_unit in prior.units else "no"
    if kind is QuestionType.EXPRESSION_SHOWN:
        return "yes"
    if kind is QuestionType.EVENT_PRESENCE:
        counts = {"micro": prior.micro, "macro": prior.macro, None: prior.micro + prior.macro}
        return "yes" if counts[question.kind] else "no"
    texts = {
        QuestionType.COARSE: prior.coarse,
        QuestionType.FINE: prior.fine,
        QuestionType.AU_LIST: unit_list(units),
        QuestionType.AU_SIDE: prior.side,
        QuestionType.COUNT_ALL: str(prior.micro + prior.macro),
        QuestionType.COUNT_MICRO: str(prior.micro),
        QuestionType.COUNT_MACRO: str(prior.macro),
        QuestionType.AU_INVENTORY: unit_list(prior.inventory),
        QuestionType.NTH_TYPE: prior.kind,
        QuestionType.ORDER: prior.kind,
    }
    return texts.get(kind)

"""The prior answer: what to answer when nothing is known but the question and the data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.writing.answer_format import SENTENCES, sentence, unit_list
from mevqa.resources import TABLES
from mevqa.types import Question, QuestionType


class _Counts(StrictModel):
    """How often answers are given in one data set; lists as (most frequent list, all lists)."""

    coarse: dict[str, int] = {}
    fine: dict[str, int] = {}
    presence: dict[str, int] = {}
    side: dict[str, int] = {}
    unit: tuple[int, int] | None = None
    units: tuple[int, int] | None = None


class _Known(StrictModel):
    """What is known about one data set; None where the table's ``otherwise`` holds."""

    coarse: str | None = None
    fine: str | None = None
    unit: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    side: str | None = None
    inventory: tuple[str, ...] | None = None
    micro: int | None = None
    macro: int | None = None
    kind: str | None = None
    counts: _Counts = _Counts()
    source: str


class _Otherwise(StrictModel):
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


class _PriorTable(StrictModel):
    datasets: dict[str, _Known]
    otherwise: _Otherwise


@dataclass(frozen=True, slots=True)
class PriorAnswer:
    """An answer that no model gave.

    Attributes:
        text: In the official surface form.
        source: Where its frequency was counted.
    """

    text: str
    source: str


_TABLE = read_yaml(TABLES / "questions" / "prior_answers.yaml", _PriorTable)


def prior_answer(question: Question) -> PriorAnswer | None:
    """Return the prior answer to a question; None for open questions and for what no frequency tells.

    What asks for frames, or for one event of a video, has none: see ``tables/questions/prior_answers.yaml``.
    """
    known = _TABLE.datasets.get(question.dataset)
    told = {} if known is None else {k: v for k, v in known.model_dump(exclude={"counts"}).items() if v is not None}
    prior = _TABLE.otherwise.model_copy(update=told)
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


def _counts(dataset: str, name: str) -> list[_Counts]:
    """Return the counts of a data set, of all that have them where it has none."""
    own = _TABLE.datasets.get(dataset)
    if own is not None and getattr(own.counts, name):
        return [own.counts]
    return [known.counts for known in _TABLE.datasets.values() if getattr(known.counts, name)]


def _text(question: Question, prior: _Otherwise) -> str | None:
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

"""Frequencies of answers in each data set, from the data sets' definitions."""

from __future__ import annotations

from typing import Any

from mevqa.datasets import dataset, datasets
from mevqa.datasets.definition import AnswerCounts
from mevqa.files.strict_yaml import StrictModel


class PriorFacts(StrictModel):
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


def prior_facts(name: str) -> PriorFacts:
    """Return the most frequent answers of the data set of a name."""
    answers: dict[str, Any] = {}
    for definition in (dataset("unknown"), dataset(name)):
        if definition.prior is not None:
            answers |= definition.prior.model_dump(exclude={"counts"}, exclude_none=True)
    return PriorFacts.model_validate(answers)


def prior_counts(name: str, answers: str) -> list[AnswerCounts]:
    """Return the counts of a data set that hold ``answers``, those of all data sets where it has none."""
    own_prior = dataset(name).prior
    if own_prior is not None and getattr(own_prior.counts, answers):
        return [own_prior.counts]
    priors = [definition.prior for definition in datasets()]
    return [prior.counts for prior in priors if prior is not None and getattr(prior.counts, answers)]

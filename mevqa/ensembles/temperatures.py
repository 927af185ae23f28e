"""Temperatures of fused option probabilities, each subject's from the answers about all others.

The temperature is the one under which the fused probabilities of the right options are the likeliest (Guo et al., ICML
2017, section 4.2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scipy.optimize import minimize_scalar

from mevqa.data.persons import Person
from mevqa.ensembles.fusing import SMALLEST, fuse_options, sharpen
from mevqa.ensembles.weights import OutOfFoldAnswers, person_of
from mevqa.questions.answers import read_answer
from mevqa.scoring.metrics.calibration import calibration_tally
from mevqa.types import Question

#: A temperature is learned from so many answers or more; ours.
_FEWEST = 20
_LOG_TEMPERATURES = (math.log(0.1), math.log(10.0))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Temperatures, and the calibration error before and after on answers with references.

    Attributes:
        temperatures: By question type and subject; 1 where there is no entry.
        errors: Expected calibration error by question type, before and after, each answer at its subject's temperature.
    """

    temperatures: Mapping[tuple[str, Person], float] = field(default_factory=dict)
    errors: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _KnownAnswer:
    """Fused option probabilities whose right option is known."""

    person: Person
    truth: str
    options: Mapping[str, float]


def calibrate(out_of_fold: OutOfFoldAnswers, asked: Sequence[Question]) -> Calibration:
    """Learn the temperature of each question type for each subject, from other subjects.

    Args:
        out_of_fold: Answers whose references are known.
        asked: Questions that the ensemble answers.

    Returns:
        No temperature for types without options or with fewer than 20 known answers about others.
    """
    temperatures: dict[tuple[str, Person], float] = {}
    errors = {}
    for kind, known in _fused(out_of_fold).items():
        persons = [person_of(question) for question in asked if question.type == kind]
        for who in dict.fromkeys([*persons, *(answer.person for answer in known)]):
            others = [answer for answer in known if answer.person != who]
            if len(others) >= _FEWEST:
                temperatures[kind, who] = _likeliest(others)
        if any(key[0] == kind for key in temperatures):
            errors[kind] = (_error(known, {}, kind), _error(known, temperatures, kind))
    return Calibration(temperatures, errors)


def _fused(out_of_fold: OutOfFoldAnswers) -> dict[str, list[_KnownAnswer]]:
    """Return the fused options of every question whose right one is known, by question type."""
    fused: dict[str, list[_KnownAnswer]] = {}
    for question in out_of_fold.questions:
        votes = [vote for vote in out_of_fold.votes(question, out_of_fold.members) if vote.answer.options]
        truth = read_answer(question, question.reference or "").value
        if len({frozenset(vote.answer.options or ()) for vote in votes}) == 1 and isinstance(truth, str):
            options = fuse_options(votes, out_of_fold.method)
            if truth in options:
                fused.setdefault(question.type, []).append(_KnownAnswer(person_of(question), truth, options))
    return fused


def _likeliest(known: Iterable[_KnownAnswer]) -> float:
    """Return the temperature of the largest likelihood."""

    def loss(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        return -sum(math.log(max(sharpen(answer.options, temperature)[answer.truth], SMALLEST)) for answer in known)

    best = minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded", options={"xatol": 1e-3})
    return round(math.exp(float(best.x)), 4)


def _error(known: Sequence[_KnownAnswer], temperatures: Mapping[tuple[str, Person], float], kind: str) -> float:
    """Return the expected calibration error at given temperatures."""
    options = [sharpen(answer.options, temperatures.get((kind, answer.person), 1.0)) for answer in known]
    tally = calibration_tally(kind, [0] * len(known), [answer.truth for answer in known], options, 1)
    return tally.metrics[f"{kind}.ece"]

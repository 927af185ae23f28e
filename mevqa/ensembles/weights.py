"""Weights of the runs of an ensemble, each subject's from the answers about all others.

A run's weight in questions of a type is the log-odds of its mean grade less those of chance, and not below 0 (the
optimal weights of independent voters: Nitzan and Paroush, International Economic Review 23, 1982, theorem 1; chance as
the origin for more than two options is ours). Of closed questions the mean is that of the classes' means, as UAR has
it: a run that always gives the commonest class has no weight. Where no run has options, chance is that of the classes
of the references.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean

from mevqa.data.persons import Person, is_known, person
from mevqa.ensembles.agreement import agreement
from mevqa.ensembles.fusing import SMALLEST, Method, Vote
from mevqa.ensembles.members import Member
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import question_type
from mevqa.questions.values import answer_value
from mevqa.types import Clip, Question

#: Grades of so many answers by chance are added to every mean, so that few right answers give no endless weight.
_ADDED = 2.0
#: Chance of an open question; ours.
_OPEN_CHANCE = 0.1


def person_of(question: Question) -> Person:
    """Return the subject of a question, whose answers are left out when its weights are learned."""
    return person(_clip(question))


def subject_notes(questions: Sequence[Question]) -> list[str]:
    """Return notes on what limits learning from references: unknown subjects, or only one subject."""
    notes = []
    nameless = sum(not is_known(_clip(question)) for question in questions)
    if nameless:
        notes.append(
            f"{nameless} of {len(questions)} questions with known answers name no subject: what is learned for their "
            "clips is left to other clips, which may show the same person"
        )
    if questions and len({person_of(question) for question in questions}) == 1:
        notes.append("all known answers are about one subject: nothing is learned for it")
    return notes


@dataclass(frozen=True, slots=True)
class _Grading:
    """The grades of all runs in one question.

    Attributes:
        person: Subject of the clip.
        grades: Of each run, 0 to 1.
        chance: The grade of a guess.
        label: The right option; None for open questions.
    """

    person: Person
    grades: tuple[float, ...]
    chance: float
    label: str | None


@dataclass(frozen=True, slots=True)
class OutOfFoldAnswers:
    """Answers whose references are known, of all runs of an ensemble.

    Attributes:
        members: The runs, in the order of the ensemble.
        questions: Those with a reference.
        method: How options are fused.
        weighted: Whether better runs weigh more.
    """

    members: Sequence[Member]
    questions: Sequence[Question]
    method: Method
    weighted: bool
    _grades: dict[str, list[_Grading]] = field(default_factory=dict)
    _weights: dict[tuple[str, Person], tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Grade every answer once."""
        labels: dict[str, set[str]] = {}
        for question in self.questions:
            if question_type(question.type).metric == "classes":
                labels.setdefault(question.type, set()).add(str(question.reference))
        for question in self.questions:
            reference = read_answer(question, question.reference or "").value
            grades = []
            options = 0
            for member in self.members:
                answer = member.answer(question)
                grades.append(0.0 if answer is None else agreement(answer_value(question, answer), reference))
                options = max(options, len((answer and answer.options) or ()))
            options = options or len(labels.get(question.type, ()))
            chance = 1 / options if options else _OPEN_CHANCE
            label = reference if options and isinstance(reference, str) else None
            self._grades.setdefault(question.type, []).append(
                _Grading(person_of(question), tuple(grades), chance, label)
            )

    def weights(self, question: Question) -> tuple[float, ...]:
        """Return each run's weight for a question, from other subjects; they sum to one."""
        key = question.type, person_of(question)
        if key not in self._weights:
            self._weights[key] = self._learn(*key)
        return self._weights[key]

    def _learn(self, kind: str, left_out: Person) -> tuple[float, ...]:
        """Return the weights for questions of a type, equal ones where nothing is known of other subjects."""
        equal = (1 / len(self.members),) * len(self.members)
        graded = [grading for grading in self._grades.get(kind, ()) if grading.person != left_out]
        if not self.weighted or not graded:
            return equal
        chance = mean(grading.chance for grading in graded)
        by_label: dict[str | None, list[_Grading]] = {}
        for grading in graded:
            by_label.setdefault(grading.label, []).append(grading)
        raw_weights = []
        for place in range(len(self.members)):
            balanced = mean(mean(grading.grades[place] for grading in gradings) for gradings in by_label.values())
            grade = (balanced * len(graded) + _ADDED * chance) / (len(graded) + _ADDED)
            raw_weights.append(max(0.0, round(_log_odds(grade) - _log_odds(chance), 9)))
        total = sum(raw_weights)
        return tuple(weight / total for weight in raw_weights) if total > 0 else equal

    def overall(self, kind: str) -> tuple[float, ...]:
        """Return each run's weight in questions of a type, from all subjects."""
        return self._learn(kind, ("", ""))

    def votes(self, question: Question, members: Sequence[Member]) -> list[Vote]:
        """Return the usable answers of runs to a question, with the weights of the same places here.

        Args:
            question: The question.
            members: The runs whose answers they are.
        """
        answers = [member.answer(question) for member in members]
        return [
            Vote(member.name, answer, weight)
            for member, answer, weight in zip(members, answers, self.weights(question), strict=True)
            if answer is not None
        ]


def _clip(question: Question) -> Clip:
    return Clip(question.clip_id, question.dataset, question.subject)


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, SMALLEST), 1 - SMALLEST)
    return math.log(bounded / (1 - bounded))

"""The answers of an ensemble: fused question by question, then decided together clip by clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mevqa.data.persons import Person
from mevqa.datasets import taxonomy
from mevqa.ensembles.fusing import Method, Vote, fuse
from mevqa.ensembles.weights import person_of
from mevqa.inference.consistency.clip import decide
from mevqa.inference.engine import write_answer
from mevqa.questions.answers import normalise
from mevqa.questions.question_types import asks_long_video, question_type
from mevqa.questions.values import answer_value
from mevqa.types import Answer, Question, Reply


def answer_by_votes(
    questions: Sequence[Question],
    votes: Callable[[Question], Sequence[Vote]],
    method: Method,
    temperatures: Mapping[tuple[str, Person], float],
    *,
    consistency: bool = True,
) -> list[Answer]:
    """Return the answers of an ensemble, in the order of the questions.

    Args:
        questions: Clip by clip.
        votes: The usable answers of the runs to a question.
        method: How options are fused.
        temperatures: Of options, by question type and subject; 1 where it has none.
        consistency: Decide the answers about a clip together, as ``mevqa eval`` does.

    Returns:
        One a question; an error where no run has an answer.
    """
    groups: dict[tuple[str, bool], list[Question]] = {}
    for question in questions:
        groups.setdefault((question.clip_id, asks_long_video(question)), []).append(question)
    answers: dict[str, Answer] = {}
    for group in groups.values():
        group_votes = [list(votes(question)) for question in group]
        replies = [
            fuse(question, question_votes, method, temperatures.get((question.type, person_of(question)), 1.0))
            if question_votes
            else Reply("", error="no run of the ensemble has an answer")
            for question, question_votes in zip(group, group_votes, strict=True)
        ]
        texts: list[str | None] = (
            decide(group, replies, taxonomy(group[0].dataset))
            if consistency
            else [normalise(question, reply) for question, reply in zip(group, replies, strict=True)]
        )
        for question, reply, text, question_votes in zip(group, replies, texts, group_votes, strict=True):
            answers[question.id] = _with_votes(question, write_answer(question, reply, text, ()), question_votes)
    return [answers[question.id] for question in questions]


def _with_votes(question: Question, answer: Answer, votes: Sequence[Vote]) -> Answer:
    """Return an answer with the votes as its evidence, the warnings of the runs, and its value."""
    total = sum(vote.weight for vote in votes)
    evidence = tuple(vote.describe(vote.weight / total if total else 1 / len(votes)) for vote in votes)
    warnings = dict.fromkeys(warning for vote in votes for warning in vote.answer.warnings)
    value = None if question_type(question.type).whole_text else answer_value(question, answer)
    return replace(answer, evidence=evidence, warnings=tuple(warnings), value=value)

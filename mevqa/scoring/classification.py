"""Accuracy, UF1 and UAR of classes, and F1 of sets, as the challenge defines them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

#: Stands for a missing, failed or unparsable answer: no class, therefore always wrong.
NO_ANSWER = ""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one closed question type.

    Attributes:
        accuracy: Share of right answers.
        uf1: Unweighted mean over classes of F1 = 2TP / (2TP + FP + FN), counts pooled over all samples.
        uar: Unweighted mean over classes of the recall.
        majority: Accuracy of always answering the most frequent reference class.
        count: Number of questions.
        unanswered: How many of them have no usable answer (scored as wrong).
    """

    accuracy: float
    uf1: float
    uar: float
    majority: float
    count: int
    unanswered: int


def score_classes(references: Sequence[str], answers: Sequence[str]) -> ClassScores:
    """Score one closed question type.

    The class set is the classes that occur in the reference (MEGC): an answer outside it is a false negative of its
    true class and nobody's false positive.

    Args:
        references: True class of each question.
        answers: Answered class, ``NO_ANSWER`` where there is none.

    Raises:
        ValueError: The lists differ in length or are empty.
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    if len(references) != len(answers) or not references:
        raise ValueError("references and answers must be two lists of the same positive length")
    classes = sorted(set(references))
    # scikit-learn warns of classes without predictions; their F1 of 0 is the definition here.
    uf1 = f1_score(references, answers, labels=classes, average="macro", zero_division=0)
    uar = recall_score(references, answers, labels=classes, average="macro", zero_division=0)
    return ClassScores(
        accuracy=float(accuracy_score(references, answers)),
        uf1=float(uf1),
        uar=float(uar),
        majority=max(references.count(name) for name in classes) / len(references),
        count=len(references),
        unanswered=sum(answer == NO_ANSWER for answer in answers),
    )


def set_f1(references: Sequence[Set[int]], answers: Sequence[Set[int]]) -> float:
    """Return the mean over questions of F1 = 2|P and G| / (|P| + |G|) (MEGC 2026, F1_AU).

    Args:
        references: True action unit numbers of each question.
        answers: Answered ones; the empty set where there is no usable answer. Two empty sets agree (1).

    Raises:
        ValueError: The lists differ in length or are empty.
    """
    if len(references) != len(answers) or not references:
        raise ValueError("references and answers must be two lists of the same positive length")
    scores = []
    for reference, answer in zip(references, answers, strict=True):
        total = len(reference) + len(answer)
        scores.append(2 * len(reference & answer) / total if total else 1.0)
    return sum(scores) / len(scores)

"""Accuracy, UF1 and UAR of closed questions as the challenge defines them, with the baselines majority and chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mevqa.scoring.metrics.sufficient_statistics import Array, Tally, divide, sums_by_unit

#: Stands for a missing, failed or unreadable answer: no class, therefore always wrong.
NO_ANSWER = ""

ClassSet = Literal["reference", "vocabulary", "union"]


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one closed question type.

    Attributes:
        accuracy: Share of right answers.
        uf1: Unweighted mean over classes of F1 = 2TP / (2TP + FP + FN), counts pooled over all samples.
        uar: Unweighted mean over classes of the recall.
        majority: Accuracy of always answering the most frequent reference class.
        chance: Expected accuracy of guessing among the classes of the reference, all equally likely.
        count: Number of questions.
        unanswered: How many of them have no usable answer (scored as wrong).
    """

    accuracy: float
    uf1: float
    uar: float
    majority: float
    chance: float
    count: int
    unanswered: int


def class_set(
    references: Sequence[str], answers: Sequence[str], classes: ClassSet, vocabulary: Sequence[str] = ()
) -> list[str]:
    """Return the classes that UF1 and UAR are the mean over.

    Args:
        references: True classes.
        answers: Answered classes, ``NO_ANSWER`` where there is none.
        classes: ``reference``: those of the references (MEGC); ``vocabulary``: those of the data set and of the
            references; ``union``: those of the references or the answers (entrant HFIPS, 2025).
        vocabulary: Classes of the data set.
    """
    labels = set(references)
    if classes == "vocabulary":
        labels |= set(vocabulary)
    elif classes == "union":
        labels |= set(answers) - {NO_ANSWER}
    return sorted(labels)


def score_classes(
    references: Sequence[str],
    answers: Sequence[str],
    classes: ClassSet = "reference",
    vocabulary: Sequence[str] = (),
) -> ClassScores:
    """Score one closed question type.

    An answer outside the class set is a false negative of its true class and nobody's false positive.

    Args:
        references: True class of each question.
        answers: Answered class, ``NO_ANSWER`` where there is none.
        classes: What the means are over, see ``class_set``.
        vocabulary: Classes of the data set.

    Raises:
        ValueError: The lists differ in length or are empty.
    """
    if len(references) != len(answers) or not references:
        raise ValueError("references and answers must be two lists of the same positive length")
    labels = class_set(references, answers, classes, vocabulary)
    truth, answered = Counter(references), Counter(answers)
    right = Counter(r for r, a in zip(references, answers, strict=True) if r == a)
    counts = np.array([[right[name], truth[name], answered[name]] for name in labels], dtype=np.float64).reshape(-1, 3)
    f1, recall = _f1_and_recall(counts[:, 0], counts[:, 1], counts[:, 2], np.ones(len(labels)))
    return ClassScores(
        accuracy=right.total() / len(references),
        uf1=float(f1),
        uar=float(recall),
        majority=max(truth.values()) / len(references),
        chance=1 / len(truth),
        count=len(references),
        unanswered=answered[NO_ANSWER],
    )


def class_tally(
    prefix: str,
    units: Sequence[int],
    references: Sequence[str],
    answers: Sequence[str],
    *,
    classes: ClassSet,
    vocabulary: Sequence[str],
    unit_count: int,
) -> Tally:
    """Return the scores of one closed question type with the confusion counts of each unit.

    In a draw of units the class set is that of the draw: a class that it does not hold is in no mean.

    Args:
        prefix: What the metric keys begin with.
        units: Unit of each question.
        references: True class of each question.
        answers: Answered class, ``NO_ANSWER`` where there is none.
        classes: What the means are over.
        vocabulary: Classes of the data set.
        unit_count: Number of units.
    """
    chosen = score_classes(references, answers, classes, vocabulary)
    vocabulary_scores = score_classes(references, answers, "vocabulary", vocabulary)
    metrics = {
        f"{prefix}.accuracy": chosen.accuracy,
        f"{prefix}.uf1": chosen.uf1,
        f"{prefix}.uar": chosen.uar,
        f"{prefix}.uf1_vocabulary": vocabulary_scores.uf1,
        f"{prefix}.uar_vocabulary": vocabulary_scores.uar,
        f"{prefix}.majority": chosen.majority,
        f"{prefix}.chance": chosen.chance,
    }
    labels = class_set(references, [*answers, *vocabulary], "union")
    position = {name: index for index, name in enumerate(labels)}
    size = len(labels)
    true = [position[name] for name in references]
    # Three counts a class: how often it is right, how often it is the truth, how often it is answered.
    hits = [(t, 1.0 if a == r else 0.0) for t, r, a in zip(true, references, answers, strict=True)]
    answer_features = [(2 * size + position[a], 1.0) if a != NO_ANSWER else (0, 0.0) for a in answers]
    columns = [
        tuple(zip(*hits, strict=True)),
        ([size + t for t in true], [1.0] * len(true)),
        tuple(zip(*answer_features, strict=True)),
    ]
    fixed = np.isin(labels, class_set(references, answers, "vocabulary", vocabulary))

    def measure(sums: Array) -> dict[str, Array]:
        right, truth, answered = (sums[..., start * size : (start + 1) * size] for start in range(3))
        present = {
            "reference": truth > 0,
            "union": truth + answered > 0,
            "vocabulary": np.broadcast_to(fixed, truth.shape),
        }
        numbers = {f"{prefix}.accuracy": divide(right.sum(-1), truth.sum(-1))}
        for suffix, wanted in (("", classes), ("_vocabulary", "vocabulary")):
            f1, recall = _f1_and_recall(right, truth, answered, present[wanted])
            empty = truth.sum(-1) == 0
            numbers[f"{prefix}.uf1{suffix}"] = np.where(empty, np.nan, f1)
            numbers[f"{prefix}.uar{suffix}"] = np.where(empty, np.nan, recall)
        return numbers

    return Tally(metrics, sums_by_unit(units, columns, (unit_count, 3 * size)), measure)  # type: ignore[arg-type]


def _f1_and_recall(right: Array, truth: Array, answered: Array, present: Array) -> tuple[Array, Array]:
    """Return the means over the classes that are present, of [..., classes] counts."""
    f1 = np.nan_to_num(divide(2 * right, truth + answered))
    recall = np.nan_to_num(divide(right, truth))
    count = present.sum(-1)
    return divide((f1 * present).sum(-1), count), divide((recall * present).sum(-1), count)

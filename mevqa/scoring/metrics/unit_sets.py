"""F1 and Jaccard of sets of action units (MEGC 2026: F1_AU and Jaccard_AU), means over questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence, Set

from mevqa.scoring.metrics.sufficient_statistics import Tally, mean_tally


def set_f1(references: Sequence[Set[Hashable]], answers: Sequence[Set[Hashable]]) -> float:
    """Return the mean over questions of F1 = 2|P and G| / (|P| + |G|) (MEGC 2026, F1_AU).

    Args:
        references: True action units of each question.
        answers: Answered ones; the empty set where there is no usable answer. Two empty sets agree (1).

    Raises:
        ValueError: The lists differ in length or are empty.
    """
    if len(references) != len(answers) or not references:
        raise ValueError("references and answers must be two lists of the same positive length")
    return sum(one_f1(r, a) for r, a in zip(references, answers, strict=True)) / len(references)


def one_f1(reference: Set[Hashable], answer: Set[Hashable]) -> float:
    """Return 2|P and G| / (|P| + |G|); two empty sets agree."""
    total = len(reference) + len(answer)
    return 2 * len(reference & answer) / total if total else 1.0


def one_jaccard(reference: Set[Hashable], answer: Set[Hashable]) -> float:
    """Return |P and G| / |P or G|; two empty sets agree."""
    union = len(reference | answer)
    return len(reference & answer) / union if union else 1.0


def set_tally(
    prefix: str,
    units: Sequence[int],
    references: Sequence[frozenset[Hashable]],
    answers: Sequence[frozenset[Hashable]],
    unit_count: int,
) -> Tally:
    """Return the scores of questions that are answered with action units.

    Args:
        prefix: What the metric keys begin with.
        units: Subject or clip of each question.
        references: True action units.
        answers: Answered ones, the empty set where there is no usable answer.
        unit_count: Number of subjects or clips.
    """
    pairs = list(zip(references, answers, strict=True))
    usual = Counter(references).most_common(1)[0][0]
    tally = mean_tally(
        units,
        {
            f"{prefix}.f1": [one_f1(*pair) for pair in pairs],
            f"{prefix}.jaccard": [one_jaccard(*pair) for pair in pairs],
            f"{prefix}.exact": [float(r == a) for r, a in pairs],
        },
        unit_count,
    )
    majority = {f"{prefix}.majority_f1": sum(one_f1(r, usual) for r in references) / len(references)}
    return Tally({**tally.metrics, **majority}, tally.sums, tally.measure)

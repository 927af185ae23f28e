"""Grade of a drawn answer by the official scorers, and pass@k of many answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import comb

from mevqa.questions.answers import normalise
from mevqa.questions.question_types import question_type
from mevqa.scoring.answers.grading import read_sentence, read_value
from mevqa.scoring.metrics.unit_sets import one_f1
from mevqa.types import Question, Reply

#: How the questions are scored whose answers are right or wrong; texts in free words and events are neither.
GRADED = frozenset({"classes", "units", "count", "sentence"})


@dataclass(frozen=True, slots=True)
class Grade:
    """Grade of an answer: its scored text, and how right it is.

    Attributes:
        text: The answer in the surface form in which it is scored; None where nothing usable was written.
        right: 1 for the right class or number, F1 of a set of units, that F1 of a sentence whose classes are right; 0
            otherwise.
    """

    text: str | None
    right: float

    def passes(self, least: float) -> bool:
        """Return whether it is right: classes and numbers wholly, sets of units by at least that F1."""
        return self.text is not None and self.right > 0 and self.right >= least


def graded(question: Question) -> bool:
    """Return whether answers to a question can be graded."""
    return question.reference is not None and question_type(question.type).metric in GRADED


def scored_text(question: Question, reply: Reply) -> str | None:
    """Return a drawn answer in the surface form in which it is scored; None where nothing usable was written."""
    # Option probabilities would put the likeliest option in the place of words that are none.
    return normalise(question, replace(reply, options=None))


def grade(question: Question, reply: Reply) -> Grade:
    """Grade a reply to a question with a reference by what the scorer of its type compares.

    Args:
        question: The question, of a type that is ``graded``.
        reply: What was drawn.
    """
    text = scored_text(question, reply)
    if text is None:
        return Grade(None, 0.0)
    reference = str(question.reference)
    metric = question_type(question.type).metric
    if metric == "sentence":
        true_parts, drawn_parts = read_sentence(reference), read_sentence(text)
        classes = true_parts[1:] == drawn_parts[1:]
        right = one_f1(true_parts[0] or frozenset(), drawn_parts[0] or frozenset()) if classes else 0.0
        return Grade(text, right)
    true_value, value = read_value(question, reference), read_value(question, text)
    if metric == "units":
        sets = [units if isinstance(units, frozenset) else frozenset() for units in (true_value, value)]
        return Grade(text, one_f1(*sets) if all(sets) else 0.0)
    return Grade(text, float(true_value is not None and true_value == value))


def pass_at(k: int, drawn: int, right: int) -> float:
    """Return the probability that one of ``k`` answers is right, from ``drawn`` of which ``right`` were.

    1 - C(n - c, k) / C(n, k), which is unbiased (Chen et al., "Evaluating Large Language Models Trained on Code",
    arXiv 2107.03374, equation 1).

    Raises:
        ValueError: Fewer than ``k`` were drawn, or the numbers are not possible.
    """
    if not 0 < k <= drawn or not 0 <= right <= drawn:
        raise ValueError(f"pass@{k} cannot be told from {right} right ones of {drawn}")
    return 1.0 - comb(drawn - right, k) / comb(drawn, k)


@dataclass(frozen=True, slots=True)
class PassRates:
    """Share of questions with a right answer among one and among ``k`` drawn ones.

    Attributes:
        questions: Number of questions.
        k: Answers drawn to each.
        at_1: pass@1.
        at_k: pass@k.
    """

    questions: int
    k: int
    at_1: float
    at_k: float

    @property
    def gap(self) -> float:
        """Largest gain that choosing among ``k`` answers could bring: pass@k less pass@1."""
        return round(self.at_k - self.at_1, 6)


def pass_rates(passed: Iterable[Sequence[bool]], k: int) -> PassRates:
    """Return the pass rates of questions, each with which of its answers are right; at least ``k`` of each.

    Raises:
        ValueError: There is no question.
    """
    counts = [(len(outcomes), sum(outcomes)) for outcomes in passed]
    if not counts:
        raise ValueError("no question was answered")
    at_1, at_k = (sum(pass_at(n, drawn, right) for drawn, right in counts) / len(counts) for n in (1, k))
    return PassRates(len(counts), k, round(at_1, 6), round(at_k, 6))

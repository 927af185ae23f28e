"""Rewards of an answer by the official scorers: class, set of action units, format, length.

Each lies between 0 and 1, or is None where it does not apply to the question; how format and length are counted is our
choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mevqa.questions.answers import fault
from mevqa.questions.question_types import question_type
from mevqa.scoring.answers.grading import read_sentence, read_value
from mevqa.scoring.metrics.unit_sets import one_f1
from mevqa.training.stages.grading import scored_text
from mevqa.types import Question, Reply

#: An answer may have so many characters more than the reference; at twice as many the reward is 0.
_SPARE = 24


def class_reward(question: Question, reply: Reply) -> float | None:
    """Return 1 for the right class, yes or no, side or number; of a sentence the share of right classes."""
    metric = question_type(question.type).metric
    if metric not in ("classes", "count", "sentence"):
        return None
    text = scored_text(question, reply)
    if text is None:
        return 0.0
    if metric == "sentence":
        true, drawn = read_sentence(str(question.reference)), read_sentence(text)
        return sum(a == b for a, b in zip(true[1:], drawn[1:], strict=True)) / 2
    true_value = read_value(question, str(question.reference))
    return float(true_value is not None and true_value == read_value(question, text))


def units_reward(question: Question, reply: Reply) -> float | None:
    """Return F1 of the set of action units, of lists and sentences."""
    metric = question_type(question.type).metric
    if metric not in ("units", "sentence"):
        return None
    text = scored_text(question, reply)
    if text is None:
        return 0.0
    if metric == "sentence":
        true, drawn = read_sentence(str(question.reference))[0], read_sentence(text)[0]
    else:
        true, drawn = (_units(question, answer) for answer in (str(question.reference), text))
    return one_f1(true or frozenset(), drawn or frozenset()) if drawn else 0.0


def format_reward(question: Question, reply: Reply) -> float | None:
    """Return 1 for an answer in the official wording and vocabulary as it was written."""
    is_complete = not reply.truncated and reply.error is None and bool(reply.text)
    return float(is_complete and fault(question, reply.text) is None)


def length_reward(question: Question, reply: Reply) -> float | None:
    """Return 1 for an answer that ends and is hardly longer than the reference, falling to 0 at twice as much."""
    if reply.truncated or not reply.text:
        return 0.0
    most = len(str(question.reference)) + _SPARE
    return max(0.0, min(1.0, 2.0 - len(reply.text) / most))


#: The rewards by the key of their weight.
REWARDS: Mapping[str, Callable[[Question, Reply], float | None]] = {
    "classes": class_reward,
    "units": units_reward,
    "format": format_reward,
    "length": length_reward,
}


def _units(question: Question, text: str) -> frozenset[int | str] | None:
    value = read_value(question, text)
    return value if isinstance(value, frozenset) else None

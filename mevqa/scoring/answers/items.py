"""One scored question: its reference and its answer, read once, and the unit that resampling draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mevqa.errors import InputError, Problem
from mevqa.names import subject_key
from mevqa.questions.question_types import question_type
from mevqa.questions.reading.types import Reading
from mevqa.questions.types.base import Metric
from mevqa.questions.values import stored_reading
from mevqa.scoring.answers.grading import Value, plain, read_value, value_of
from mevqa.scoring.answers.pairing import Pair
from mevqa.scoring.answers.presets import Switches
from mevqa.types import Question

#: What is read under every preset: no two texts of such answers need be the same.
_READ = ("intervals", "interval", "description")
#: Largest distance of the sum of option probabilities from one: they are logged with few digits.
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Item:
    """A question as it is scored.

    Attributes:
        question: The question.
        unit: Data set and subject, or data set and clip where the subject is unknown.
        by_subject: Whether ``unit`` is a subject.
        reference: The right label, set of units, number, intervals, description or text.
        value: What was answered, None when nothing usable was.
        text: What was written outside of thoughts, empty without an answer.
        written: All that was written.
        fault: Why ``value`` is None: ``missing``, ``failed`` or a reason of the reader (``truncated``, ``ambiguous``).
        options: Probabilities of the options, labels as in ``reference``.
        error: Why the run has no answer.
    """

    question: Question
    unit: tuple[str, str]
    by_subject: bool
    reference: Value
    value: Value | None
    text: str
    fault: str | None = None
    options: Mapping[str, float] | None = None
    error: str | None = None
    written: str = ""


def make_items(pairs: Iterable[Pair], switches: Switches) -> list[Item]:
    """Read every reference and every answer.

    Raises:
        InputError: References that cannot be scored and option probabilities that are none, with lines.
    """
    problems: list[Problem] = []
    items = []
    people: dict[tuple[str, str], str] = {}
    for pair in pairs:
        reference = _reference(pair, switches, problems)
        problems.extend(_option_problems(pair))
        if reference is not None:
            items.append(_item(pair, reference, switches, people))
    if problems:
        raise InputError(problems)
    return items


def unit_indices(items: Sequence[Item]) -> list[int]:
    """Return the index of each item's unit, in the order of first appearance."""
    places: dict[tuple[str, str], int] = {}
    return [places.setdefault(item.unit, len(places)) for item in items]


def _item(pair: Pair, reference: Value, switches: Switches, people: dict[tuple[str, str], str]) -> Item:
    """Return an item; ``people`` keeps the first spelling of each subject, by data set and key."""
    question = pair.question
    written = pair.text or ""
    reading = stored_reading(question, written, pair.value, truncated=pair.truncated)
    value = _answered_value(question, reading, reference, switches)
    unit, by_subject = f"clip {question.clip_id}", False
    if question.subject is not None and question.subject.strip():
        person = question.dataset, subject_key(question.subject)
        unit, by_subject = people.setdefault(person, question.subject), True
    return Item(
        question=question,
        unit=(question.dataset, unit),
        by_subject=by_subject,
        reference=reference,
        value=value,
        text=reading.text,
        written=written,
        fault=None if value is not None else _fault(pair, reading),
        options=None if pair.options is None else {_label(question, name): p for name, p in pair.options.items()},
        error=pair.error,
    )


def _fault(pair: Pair, reading: Reading) -> str:
    """Return why there is no usable answer."""
    if pair.missing:
        return "missing"
    if pair.unusable is not None:
        return pair.unusable
    if pair.error is not None:
        return "failed"
    return reading.unusable or "unreadable"


def _answered_value(question: Question, reading: Reading, reference: Value, switches: Switches) -> Value | None:
    """Return the value of an answer; a text that equals the reference is always right."""
    if not reading.text.strip():
        return None
    metric = question_type(question.type).metric
    if switches.answers == "exact" and metric not in _READ:
        return _exact(metric, reading.text)
    if metric == "classes" and plain(reading.text).rstrip(".") == reference:
        return reference
    return value_of(question, reading)


def _exact(metric: Metric, text: str) -> Value | None:
    """Return the text as it stands: the units between commas, a number of digits, else the lower-case text."""
    if metric == "units":
        return frozenset(part for part in map(plain, text.split(",")) if part) or None
    if metric == "count":
        return int(text) if text.strip().isascii() and text.strip().isdigit() else None
    return plain(text)


def _reference(pair: Pair, switches: Switches, problems: list[Problem]) -> Value | None:
    """Return the value of the reference; a text that cannot be read as its kind of value is a problem."""
    question = pair.question
    text = question.reference or ""
    metric = question_type(question.type).metric
    if switches.answers == "exact" and metric not in ("count", *_READ):
        return _exact(metric, text)
    if metric == "classes":
        return _label(question, text)
    if metric == "units":
        return read_value(question, text) or frozenset(part for part in map(plain, text.split(",")) if part)
    if metric == "count":
        if text.strip().isascii() and text.strip().isdigit():
            return int(text)
        message = f"the reference {text!r} to {question.id!r} is not a number of events"
        problems.append(Problem(pair.path, message, question.line))
        return None
    if metric in _READ:
        value = read_value(question, text)
        if value is None:
            message = f"the reference {text!r} to {question.id!r} tells no frames of an event"
            problems.append(Problem(pair.path, message, question.line))
        return value
    return text


def _label(question: Question, text: str) -> str:
    """Return a label in its official spelling, or as it stands where it is none that is known."""
    read = read_value(question, text)
    return read if isinstance(read, str) else plain(text).rstrip(".")


def _option_problems(pair: Pair) -> list[Problem]:
    """Return the problems of the probabilities of the options."""
    if pair.options is None:
        return []
    where = f"the option probabilities of {pair.question.id!r}"
    values = list(pair.options.values())
    if not all(isinstance(p, (int, float)) and 0 <= p <= 1 + _SUM_TOLERANCE for p in values):
        return [Problem(pair.source, f"{where} are not all between 0 and 1: {dict(pair.options)}", pair.line)]
    if abs(sum(values) - 1) > _SUM_TOLERANCE:
        return [Problem(pair.source, f"{where} sum to {sum(values):.4f}, not to 1", pair.line)]
    return []

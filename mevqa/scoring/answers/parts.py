"""The tallies of each kind of question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mevqa.datasets import taxonomy
from mevqa.questions.question_types import question_type, question_types
from mevqa.questions.types import QuestionType
from mevqa.questions.types.base import Metric
from mevqa.scoring.answers.event_answers import description_tallies, localise_tally, longest_tally, summary_tallies
from mevqa.scoring.answers.event_counts import count_tally
from mevqa.scoring.answers.grading import read_sentence
from mevqa.scoring.answers.items import Item, unit_indices
from mevqa.scoring.answers.presets import Switches
from mevqa.scoring.metrics.calibration import calibration_tally
from mevqa.scoring.metrics.classification import NO_ANSWER, class_tally
from mevqa.scoring.metrics.sufficient_statistics import Tally, mean_tally
from mevqa.scoring.metrics.text import text_tally
from mevqa.scoring.metrics.unit_sets import one_f1, set_tally

#: What the rows that are left out of the texts in free words tell.
_CLASSES = ("coarse", "fine")

#: Items with the index of their subject or clip.
Rows = Sequence[tuple[int, Item]]


def tally_items(items: Sequence[Item], switches: Switches) -> list[Tally]:
    """Return the tallies of every kind of question that occurs, in the order of the tables."""
    indices = unit_indices(items)
    count = max(indices) + 1
    rows = list(zip(indices, items, strict=True))
    tallies: list[Tally] = []
    for definition, type_rows in _by_type(rows, "classes"):
        chosen = [row for row in type_rows if switches.missing == "wrong" or row[1].fault != "missing"]
        if chosen:
            tallies.append(_classes(definition, chosen, switches, count))
        tallies.extend(_calibration(definition.key, type_rows, count))
    lists: dict[str, list[tuple[int, Item]]] = {}
    for row in _of(rows, lambda definition: definition.metric == "units"):
        lists.setdefault(question_type(row[1].question.type).key, []).append(row)
    tallies.extend(_sets(prefix, listed, count) for prefix, listed in lists.items())
    tallies.extend(
        _counts(definition.key, type_rows, switches, count) for definition, type_rows in _by_type(rows, "count")
    )
    tallies.extend(_sentences(definition.key, type_rows, count) for definition, type_rows in _by_type(rows, "sentence"))
    for prefix, texts in (("text", text_rows(rows)), ("text_open", text_rows(rows, open_only=True))):
        if texts:
            tallies.append(_texts(prefix, texts, switches, count))
    # What no official file asks leaves the numbers of the official questions as they are.
    shared = _of(rows, lambda definition: definition.metric == "classes" and definition.official)
    tallies.extend(_calibration("calibration", shared, count))
    tallies.extend(_events(rows, switches, count))
    return tallies


def text_rows(rows: Rows, *, open_only: bool = False) -> list[tuple[int, Item]]:
    """Return the rows whose answers are compared as text: short video, with or without the coarse and fine ones."""

    def compared(definition: QuestionType) -> bool:
        return definition.official and not definition.long_video and not (open_only and definition.fact in _CLASSES)

    return _of(rows, compared)


def labels_of(items: Sequence[Item]) -> tuple[list[str], list[str]]:
    """Return the true and the answered label of closed questions."""
    references = [str(item.reference) for item in items]
    return references, [NO_ANSWER if item.value is None else str(item.value) for item in items]


def vocabulary(definition: QuestionType, items: Sequence[Item]) -> list[str]:
    """Return the classes that a closed question has in the data sets of the items."""
    taxonomies = [taxonomy(name) for name in {item.question.dataset for item in items}]
    return sorted({label for classes in taxonomies for label in definition.options(classes)})


def with_options(rows: Rows) -> list[tuple[int, Item]]:
    """Return the rows whose answers have option probabilities."""
    return [row for row in rows if row[1].options]


def _of(rows: Rows, wanted: Callable[[QuestionType], bool]) -> list[tuple[int, Item]]:
    """Return the rows of the question types for which ``wanted`` holds."""
    return [row for row in rows if wanted(question_type(row[1].question.type))]


def _by_type(rows: Rows, *metrics: Metric) -> Iterator[tuple[QuestionType, list[tuple[int, Item]]]]:
    """Yield the question types that these metrics score and that occur, each with its rows."""
    for definition in question_types():
        type_rows = [row for row in rows if row[1].question.type == definition.name]
        if type_rows and definition.metric in metrics:
            yield definition, type_rows


def _split(rows: Rows) -> tuple[list[int], list[Item]]:
    return [unit for unit, _ in rows], [item for _, item in rows]


def _classes(definition: QuestionType, rows: Rows, switches: Switches, count: int) -> Tally:
    units, items = _split(rows)
    references, answers = labels_of(items)
    return class_tally(
        definition.key,
        units,
        references,
        answers,
        classes=switches.classes,
        vocabulary=vocabulary(definition, items),
        unit_count=count,
    )


def _calibration(prefix: str, rows: Rows, count: int) -> list[Tally]:
    units, items = _split(with_options(rows))
    if not items:
        return []
    references = [str(item.reference) for item in items]
    return [calibration_tally(prefix, units, references, [item.options or {} for item in items], count)]


def _events(rows: Rows, switches: Switches, count: int) -> Iterator[Tally]:
    """Yield the tallies of what is asked about the events of a long video beside the official questions."""
    for definition, type_rows in _by_type(rows, "intervals", "interval", "description", "summary"):
        if definition.metric == "intervals":
            yield localise_tally(definition.key, type_rows, count)
        elif definition.metric == "interval":
            yield longest_tally(definition.key, type_rows, count)
        elif definition.metric == "description":
            yield from description_tallies(definition.key, type_rows, count)
        else:
            yield _texts(definition.key, type_rows, switches, count)
            yield from summary_tallies(definition.key, type_rows, count)


def _sets(prefix: str, rows: Rows, count: int) -> Tally:
    units, items = _split(rows)
    references = [_as_set(item.reference) for item in items]
    return set_tally(prefix, units, references, [_as_set(item.value) for item in items], count)


def _as_set(value: object) -> frozenset[Any]:
    return value if isinstance(value, frozenset) else frozenset()


def _counts(prefix: str, rows: Rows, switches: Switches, count: int) -> Tally:
    units, items = _split(rows)
    references = [int(item.reference) for item in items if isinstance(item.reference, int)]
    answers = [item.value if isinstance(item.value, int) else None for item in items]
    return count_tally(prefix, units, references, answers, zero=switches.count == "zero", unit_count=count)


def _sentences(prefix: str, rows: Rows, count: int) -> Tally:
    """Score the units and classes that sentences name against those of the references; a faulty answer gets 0."""
    units, items = _split(rows)
    values: dict[str, list[float]] = {f"{prefix}.{part}": [] for part in ("au_f1", "fine_accuracy", "coarse_accuracy")}
    for item in items:
        reference, answer = read_sentence(str(item.reference)), read_sentence(item.text)
        scores = (
            one_f1(reference[0] or frozenset(), answer[0] or frozenset()),
            reference[1] == answer[1],
            reference[2] == answer[2],
        )
        for key, score in zip(values, scores, strict=True):
            values[key].append(float(score) if item.fault is None else 0.0)
    return mean_tally(units, values, count)


def _texts(prefix: str, rows: Rows, switches: Switches, count: int) -> Tally:
    units, items = _split(rows)
    references = [item.question.reference or "" for item in items]
    return text_tally(
        prefix, units, references, [item.text for item in items], stemmer=switches.stemmer, unit_count=count
    )

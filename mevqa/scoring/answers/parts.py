"""The tallies of each kind of question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mevqa.datasets import taxonomy
from mevqa.questions.writing.answer_format import COUNTS, FIXED_OPTIONS, LISTS, SENTENCES
from mevqa.scoring.answers.event_answers import description_tallies, localise_tally, longest_tally, summary_tallies
from mevqa.scoring.answers.event_counts import count_tally
from mevqa.scoring.answers.grading import CLOSED, read_sentence
from mevqa.scoring.answers.items import Item, unit_indices
from mevqa.scoring.answers.presets import Switches
from mevqa.scoring.metrics.calibration import calibration_tally
from mevqa.scoring.metrics.classification import NO_ANSWER, class_tally
from mevqa.scoring.metrics.sufficient_statistics import Tally, mean_tally
from mevqa.scoring.metrics.text import text_tally
from mevqa.scoring.metrics.unit_sets import one_f1, set_tally
from mevqa.types import EXTENSION_TYPES, LONG_VIDEO_TYPES, QuestionType

#: What the metric keys of each question type begin with.
PREFIXES = {
    QuestionType.COARSE: "coarse",
    QuestionType.FINE: "fine",
    QuestionType.AU_PRESENCE: "presence",
    QuestionType.AU_SIDE: "side",
    QuestionType.EXPRESSION_SHOWN: "shown",
    QuestionType.NTH_TYPE: "type",
    QuestionType.AU_LIST: "au",
    QuestionType.AU_INVENTORY: "au",
    QuestionType.COUNT_ALL: "count_all",
    QuestionType.COUNT_MICRO: "count_micro",
    QuestionType.COUNT_MACRO: "count_macro",
    QuestionType.EVENT_PRESENCE: "event_presence",
    QuestionType.ORDER: "order",
    QuestionType.COUNT_BETWEEN: "count_between",
    QuestionType.LOCALISE: "localise",
    QuestionType.LONGEST: "longest",
    QuestionType.DESCRIBE_NTH: "describe",
    QuestionType.SUMMARY: "summary",
    QuestionType.COMBINED: "combined",
    QuestionType.ANALYSIS: "analysis",
    QuestionType.OPEN: "open",
}
_CLASS_QUESTIONS = (QuestionType.COARSE, QuestionType.FINE)

#: Items with the index of their subject or clip.
Rows = Sequence[tuple[int, Item]]


def tally_items(items: Sequence[Item], switches: Switches) -> list[Tally]:
    """Return the tallies of every kind of question that occurs, in the order of the tables."""
    indices = unit_indices(items)
    count = max(indices) + 1
    rows = list(zip(indices, items, strict=True))
    tallies: list[Tally] = []
    for kind in CLOSED:
        asked = _of(rows, {kind})
        chosen = [row for row in asked if switches.missing == "wrong" or row[1].fault != "missing"]
        if chosen:
            tallies.append(_classes(kind, chosen, switches, count))
        tallies.extend(_calibration(PREFIXES[kind], asked, count))
    if listed := _of(rows, LISTS):
        tallies.append(_sets(listed, count))
    tallies.extend(
        _counts(kind, found, switches, count) for kind in PREFIXES if kind in COUNTS and (found := _of(rows, {kind}))
    )
    tallies.extend(
        _sentences(kind, found, count) for kind in PREFIXES if kind in SENTENCES and (found := _of(rows, {kind}))
    )
    for prefix, texts in (("text", text_rows(rows)), ("text_open", text_rows(rows, open_only=True))):
        if texts:
            tallies.append(_texts(prefix, texts, switches, count))
    # What no official file asks leaves the numbers of the official questions as they are.
    tallies.extend(_calibration("calibration", _of(rows, set(CLOSED) - EXTENSION_TYPES), count))
    tallies.extend(_events(rows, switches, count))
    return tallies


def text_rows(rows: Rows, *, open_only: bool = False) -> list[tuple[int, Item]]:
    """Return the rows whose answers are compared as text: short video, with or without the coarse and fine ones."""
    left_out = {*LONG_VIDEO_TYPES, *(_CLASS_QUESTIONS if open_only else ())}
    return [row for row in rows if row[1].question.type not in left_out]


def labels_of(items: Sequence[Item]) -> tuple[list[str], list[str]]:
    """Return the true and the answered label of closed questions."""
    references = [str(item.reference) for item in items]
    return references, [NO_ANSWER if item.value is None else str(item.value) for item in items]


def vocabulary(kind: QuestionType, items: Sequence[Item]) -> list[str]:
    """Return the classes that a closed question has in the data sets of the items."""
    options = CLOSED[kind]
    if options is not None:
        return sorted(FIXED_OPTIONS[options])
    known = [taxonomy(name) for name in {item.question.dataset for item in items}]
    return sorted(
        {label for classes in known for label in (classes.fine if kind is QuestionType.FINE else classes.coarse)}
    )


def with_options(rows: Rows) -> list[tuple[int, Item]]:
    """Return the rows whose answers have option probabilities."""
    return [row for row in rows if row[1].options]


def _of(rows: Rows, kinds: Any) -> list[tuple[int, Item]]:
    return [row for row in rows if row[1].question.type in kinds]


def _split(rows: Rows) -> tuple[list[int], list[Item]]:
    return [unit for unit, _ in rows], [item for _, item in rows]


def _classes(kind: QuestionType, rows: Rows, switches: Switches, count: int) -> Tally:
    units, items = _split(rows)
    references, answers = labels_of(items)
    return class_tally(
        PREFIXES[kind],
        units,
        references,
        answers,
        classes=switches.classes,
        vocabulary=vocabulary(kind, items),
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
    if found := _of(rows, {QuestionType.LOCALISE}):
        yield localise_tally("localise", found, count)
    if found := _of(rows, {QuestionType.LONGEST}):
        yield longest_tally("longest", found, count)
    if found := _of(rows, {QuestionType.DESCRIBE_NTH}):
        yield from description_tallies("describe", found, count)
    if found := _of(rows, {QuestionType.SUMMARY}):
        yield _texts("summary", found, switches, count)
        yield from summary_tallies("summary", found, count)


def _sets(rows: Rows, count: int) -> Tally:
    units, items = _split(rows)
    references = [_as_set(item.reference) for item in items]
    return set_tally("au", units, references, [_as_set(item.value) for item in items], count)


def _as_set(value: object) -> frozenset[Any]:
    return value if isinstance(value, frozenset) else frozenset()


def _counts(kind: QuestionType, rows: Rows, switches: Switches, count: int) -> Tally:
    units, items = _split(rows)
    references = [int(item.reference) for item in items if isinstance(item.reference, int)]
    answers = [item.value if isinstance(item.value, int) else None for item in items]
    return count_tally(PREFIXES[kind], units, references, answers, zero=switches.count == "zero", unit_count=count)


def _sentences(kind: QuestionType, rows: Rows, count: int) -> Tally:
    """Score what a sentence says against what the reference says; no sentence says nothing right."""
    units, items = _split(rows)
    prefix = PREFIXES[kind]
    values: dict[str, list[float]] = {f"{prefix}.{part}": [] for part in ("au_f1", "fine_accuracy", "coarse_accuracy")}
    for item in items:
        true, said = read_sentence(str(item.reference)), read_sentence(item.text)
        scores = (one_f1(true[0] or frozenset(), said[0] or frozenset()), true[1] == said[1], true[2] == said[2])
        for key, score in zip(values, scores, strict=True):
            values[key].append(float(score) if item.fault is None else 0.0)
    return mean_tally(units, values, count)


def _texts(prefix: str, rows: Rows, switches: Switches, count: int) -> Tally:
    units, items = _split(rows)
    references = [item.question.reference or "" for item in items]
    return text_tally(
        prefix, units, references, [item.text for item in items], stemmer=switches.stemmer, unit_count=count
    )

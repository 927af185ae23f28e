"""Score what is answered about the events of a long video beside the official questions: places, descriptions, sums.

An answered interval is right from an IoU of .5 on, frames of both ends included (the rule of MEGC spotting since 2019,
See et al., FG 2019); lists are matched one to one, the largest overlap first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mevqa.events import Event, Kind
from mevqa.facs import find_units
from mevqa.intervals import iou_matrix, match
from mevqa.questions.reading.numbers import stated_number
from mevqa.scoring.answers.items import Item
from mevqa.scoring.metrics.sufficient_statistics import Array, Tally, divide, mean_tally, sums_by_unit
from mevqa.scoring.metrics.unit_sets import one_f1

#: Overlap from which on an interval is right.
THRESHOLD = 0.5
_ASKED: tuple[Kind | None, ...] = (None, "micro", "macro")
#: Per kind asked about: true positives, answered and coded intervals.
_PER_KIND = 3

#: Items with the index of their subject or clip.
Rows = Sequence[tuple[int, Item]]


def matched(answered: Sequence[Event], coded: Sequence[Event]) -> list[tuple[Event, Event]]:
    """Return the answered intervals that are right, each with the coded one that it counts for."""
    detections, references = (
        np.array([(span.onset, span.offset) for span in spans], dtype=np.float64).reshape(-1, 2)
        for spans in (answered, coded)
    )
    overlaps = iou_matrix(detections, references)
    pairs = match(overlaps, THRESHOLD, "score", detections, references, np.zeros(len(detections)))
    return [(answered[d], coded[r]) for d, r in pairs]


def overlap(first: Event | None, second: Event | None) -> float:
    """Return the IoU of two intervals, 0 where one is missing."""
    if first is None or second is None:
        return 0.0
    return float(iou_matrix(np.array([[first.onset, first.offset]]), np.array([[second.onset, second.offset]]))[0, 0])


def spans_of(value: object) -> tuple[Event, ...]:
    """Return the intervals that were answered, none without a usable answer."""
    return value if isinstance(value, tuple) else ()


def span_of(value: object) -> Event | None:
    """Return a description that holds an interval; None where it holds none."""
    return value if isinstance(value, Event) and value.interval is not None else None


def localise_tally(prefix: str, rows: Rows, unit_count: int) -> Tally:
    """Return precision, recall and F1 of the intervals, pooled over all questions and over those for each kind.

    Args:
        prefix: What the metric keys begin with.
        rows: The questions, at least one.
        unit_count: Number of subjects or videos.
    """
    features = np.array([_localised(item) for _, item in rows])
    columns = [([column] * len(rows), features[:, column]) for column in range(features.shape[1])]
    names = [(prefix, slice(None))]
    names += [(f"{prefix}.{kind or 'any'}", slice(index, index + 1)) for index, kind in enumerate(_ASKED)]

    def measure(sums: Array) -> dict[str, Array]:
        counts = sums[..., : _PER_KIND * len(_ASKED)].reshape(*sums.shape[:-1], len(_ASKED), _PER_KIND)
        metrics = {}
        for name, part in names:
            hits, answered, coded = np.moveaxis(counts[..., part, :].sum(axis=-2), -1, 0)
            metrics[f"{name}.precision"] = np.where((answered == 0) & (coded > 0), 0.0, divide(hits, answered))
            metrics[f"{name}.recall"] = np.where((coded == 0) & (answered > 0), 0.0, divide(hits, coded))
            metrics[f"{name}.f1"] = divide(2 * hits, answered + coded)
        metrics[f"{prefix}.kind_accuracy"] = divide(sums[..., -4], sums[..., -3])
        metrics[f"{prefix}.mean_f1"] = divide(sums[..., -2], sums[..., -1])
        return metrics

    pooled = measure(features.sum(axis=0))
    metrics = {key: float(value) for key, value in pooled.items() if not np.isnan(value)}
    sums = sums_by_unit([unit for unit, _ in rows], columns, (unit_count, features.shape[1]))  # type: ignore[arg-type]
    return Tally(metrics, sums, measure)


def _localised(item: Item) -> list[float]:
    """Return the sums of one question: counts by the kind asked about, right kinds, kinds to compare, F1, and 1."""
    answered, coded = spans_of(item.value), spans_of(item.reference)
    pairs = matched(answered, coded)
    counts = [0.0] * (_PER_KIND * len(_ASKED))
    start = _PER_KIND * _ASKED.index(item.question.kind)
    counts[start : start + _PER_KIND] = [len(pairs), len(answered), len(coded)]
    kind_sums = [0.0, 0.0]
    if item.question.kind is None:
        pairs_with_kind = [(detection, reference) for detection, reference in pairs if reference.kind is not None]
        kind_sums = [
            float(sum(detection.kind == reference.kind for detection, reference in pairs_with_kind)),
            float(len(pairs_with_kind)),
        ]
    total = len(answered) + len(coded)
    f1 = 2 * len(pairs) / total if total else float(item.fault is None)
    return [*counts, *kind_sums, f1, 1.0]


def longest_tally(prefix: str, rows: Rows, unit_count: int) -> Tally:
    """Return the overlap of the longest events with the coded ones; the arguments are those of ``localise_tally``."""
    overlaps = [
        overlap(*(spans[0] if spans else None for spans in (spans_of(item.value), spans_of(item.reference))))
        for _, item in rows
    ]
    return mean_tally(*_interval_values(prefix, [unit for unit, _ in rows], overlaps), unit_count)


def _interval_values(
    prefix: str, units: Sequence[int], overlaps: Sequence[float]
) -> tuple[Sequence[int], dict[str, Sequence[float]]]:
    hits = [float(value >= THRESHOLD) for value in overlaps]
    return units, {f"{prefix}.iou": overlaps, f"{prefix}.iou50": hits}


def description_tallies(prefix: str, rows: Rows, unit_count: int) -> Iterator[Tally]:
    """Yield the scores of each part of a description, over the questions whose reference states it.

    Args:
        prefix: What the metric keys begin with.
        rows: The questions.
        unit_count: Number of subjects or videos.
    """
    descriptions = [
        (unit, item.reference, item.value if isinstance(item.value, Event) else Event(kind=None))
        for unit, item in rows
        if isinstance(item.reference, Event)
    ]
    placed = [
        (unit, overlap(span_of(answer), span_of(reference)))
        for unit, reference, answer in descriptions
        if span_of(reference) is not None
    ]
    if placed:
        units, overlaps = zip(*placed, strict=True)
        yield mean_tally(*_interval_values(prefix, units, overlaps), unit_count)
    for name, is_stated, score in _DESCRIBED:
        parts = [(unit, score(reference, answer)) for unit, reference, answer in descriptions if is_stated(reference)]
        if parts:
            units, values = zip(*parts, strict=True)
            yield mean_tally(units, {f"{prefix}.{name}": values}, unit_count)


def _same(name: str) -> tuple[Callable[[Event], bool], Callable[[Event, Event], float]]:
    """Return two functions on one part of a description: whether it is stated, and 1 where two descriptions agree."""
    return (
        lambda reference: getattr(reference, name) is not None,
        lambda reference, answer: float(getattr(reference, name) == getattr(answer, name)),
    )


#: Parts of a description: key, whether a reference states it, score.
_DESCRIBED: tuple[tuple[str, Callable[[Event], bool], Callable[[Event, Event], float]], ...] = (
    ("kind_accuracy", *_same("kind")),
    (
        "au_f1",
        lambda reference: bool(reference.action_units),
        lambda reference, answer: one_f1(frozenset(reference.unit_names), frozenset(answer.unit_names)),
    ),
    ("fine_accuracy", *_same("fine")),
    ("coarse_accuracy", *_same("coarse")),
)


def summary_tallies(prefix: str, rows: Rows, unit_count: int) -> Iterator[Tally]:
    """Yield the scores of the facts in summaries: action units, and numbers of events.

    Args:
        prefix: What the metric keys begin with.
        rows: The questions, at least one.
        unit_count: Number of subjects or videos.
    """
    units = [unit for unit, _ in rows]
    unit_scores = [summary_units_f1(item) for _, item in rows]
    yield mean_tally(units, {f"{prefix}.au_f1": unit_scores}, unit_count)
    counted = [(unit, share) for unit, item in rows if (share := summary_counts_share(item)) is not None]
    if counted:
        counted_units, shares = zip(*counted, strict=True)
        yield mean_tally(counted_units, {f"{prefix}.count_accuracy": shares}, unit_count)


def summary_units_f1(item: Item) -> float:
    """Return the F1 of the units that a summary names; 0 without a usable one."""
    reference_units, answer_units = (frozenset(find_units(text)) for text in (str(item.reference), item.text))
    return one_f1(reference_units, answer_units) if item.fault is None else 0.0


def summary_counts_share(item: Item) -> float | None:
    """Return the share of the numbers of events of the reference that a summary states; None when it has none."""
    reference_counts, answer_counts = _stated(str(item.reference)), _stated(item.text)
    kinds = [kind for kind, number in reference_counts.items() if number is not None]
    return sum(reference_counts[kind] == answer_counts[kind] for kind in kinds) / len(kinds) if kinds else None


def _stated(text: str) -> dict[Kind | None, int | None]:
    """Return the numbers of events that a summary states, None for those that it does not."""
    return {kind: stated_number(kind, text) for kind in _ASKED}

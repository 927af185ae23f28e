"""Precision, recall and F1 of spotted intervals, and the errors of apex, onset and offset.

Counts are pooled over all videos: precision = TP / detections, recall = TP / references, F1 = 2 TP / (detections +
references). ``micro`` and ``macro`` are kinds of expressions here, not averages; ``overall`` pools both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from mevqa.data.events.rows import MACRO, MICRO, EventRow
from mevqa.intervals import Array, iou_matrix, match
from mevqa.scoring.events.presets import EventSwitches
from mevqa.scoring.events.videos import Video, unit_of
from mevqa.scoring.metrics.sufficient_statistics import Tally, divide

#: Overlaps at which F1 is given beside the main one.
SWEEP = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

_KINDS = (MICRO, MACRO)
#: Per threshold: true positives and detections of micro, of macro, and all detections.
_PER_THRESHOLD = 5
#: Sums at the main threshold: absolute errors and their number for each, and apexes inside with their number.
_ERRORS = ("apex", "onset", "offset")


@dataclass(frozen=True, slots=True)
class Matched:
    """A true positive.

    Attributes:
        video: Where.
        detection: What was detected.
        reference: The event it counts for.
        kind: Kind of the reference.
        iou: Their overlap.
    """

    video: Video
    detection: EventRow
    reference: EventRow
    kind: str
    iou: float


@dataclass(frozen=True, slots=True)
class SpottingScore:
    """The spotting score, and what recognition goes on with.

    Attributes:
        tally: Metrics by key, and their sums by unit.
        matched: True positives at the main threshold.
        counts: Of true positives, detections and references.
        notes: What a reader must know, one sentence each.
    """

    tally: Tally
    matched: tuple[Matched, ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...]


def score_spotting(videos: Sequence[Video], units: Sequence[str], switches: EventSwitches) -> SpottingScore:
    """Match every video and count.

    Args:
        videos: With at least one reference event among them.
        units: The units of the bootstrap, in the order of the rows of the tally.
        switches: IoU form, threshold, matching, kinds and dummy.
    """
    thresholds = (switches.threshold, *SWEEP)
    row_of_unit = {unit: row for row, unit in enumerate(units)}
    sums = np.zeros((len(units), len(thresholds) * _PER_THRESHOLD + 2 + 2 * len(_ERRORS) + 2))
    only = {kind for video in videos for kind in video.reference_kinds}
    fallback = next(iter(only)) if len(only) == 1 else None
    matched: list[Matched] = []
    unknown = 0
    for video in videos:
        row = sums[row_of_unit[unit_of(video)]]
        overlaps = _overlaps(video, switches)
        for step, threshold in enumerate(thresholds):
            pairs = _pairs(video, overlaps, threshold, switches)
            kinds = _detection_kinds(video, pairs, switches, fallback)
            counts = _counts(video, pairs, kinds, switches)
            row[step * _PER_THRESHOLD : (step + 1) * _PER_THRESHOLD] += counts
            if step == 0:
                unknown += kinds.count(None)
                matched += [
                    Matched(video, video.detections[d], video.references[r], video.reference_kinds[r], overlaps[d, r])
                    for d, r in pairs
                ]
        tail = row[len(thresholds) * _PER_THRESHOLD :]
        tail[:2] += [video.reference_kinds.count(kind) for kind in _KINDS]
    for pair in matched:
        sums[row_of_unit[unit_of(pair.video)], -8:] += _errors(pair)

    def measure(totals: Array) -> dict[str, Array]:
        return _measure(totals, thresholds, by_kind=not unknown)

    metrics = {key: float(value) for key, value in measure(sums.sum(axis=0)).items() if not np.isnan(value)}
    tally = Tally(metrics, csr_matrix(sums), measure)
    return SpottingScore(
        tally, tuple(matched), _totals(sums.sum(axis=0), thresholds), _notes(matched, unknown, metrics)
    )


def _overlaps(video: Video, switches: EventSwitches) -> Array:
    """Return the IoU of every allowed pair, [D, R]."""
    overlaps = iou_matrix(_intervals(video.detections), _intervals(video.references), switches.iou)
    if switches.kinds == "head":
        named_kinds = np.array([kind or "" for kind in video.named_kinds], dtype=object)[:, None]
        coded_kinds = np.array(video.reference_kinds, dtype=object)[None, :]
        overlaps = np.where((named_kinds == "") | (named_kinds == coded_kinds), overlaps, 0.0)
    return overlaps


def _pairs(video: Video, overlaps: Array, threshold: float, switches: EventSwitches) -> list[tuple[int, int]]:
    scores = np.array([event.score or 0.0 for event in video.detections])
    detections, references = _intervals(video.detections), _intervals(video.references)
    return match(overlaps, threshold, switches.matching, detections, references, scores)


def _intervals(events: Sequence[EventRow]) -> Array:
    return np.array([(event.onset, event.offset) for event in events], dtype=np.float64).reshape(-1, 2)


def _detection_kinds(
    video: Video, pairs: Sequence[tuple[int, int]], switches: EventSwitches, fallback: str | None
) -> list[str | None]:
    """Return the kind under which each detection counts: named, of its reference, by its length, or the only one."""
    partner = {detection: video.reference_kinds[reference] for detection, reference in pairs}
    kinds = []
    for index, (named_kind, length_kind) in enumerate(zip(video.named_kinds, video.length_kinds, strict=True)):
        of_reference = partner.get(index)
        first = (of_reference, named_kind) if switches.kinds == "label" else (named_kind, of_reference)
        kinds.append(first[0] or first[1] or fallback or length_kind)
    return kinds


def _counts(
    video: Video, pairs: Sequence[tuple[int, int]], kinds: Sequence[str | None], switches: EventSwitches
) -> list[int]:
    hits = [video.reference_kinds[reference] for _, reference in pairs]
    dummy = int(switches.dummy and not video.detections)
    dummy_kind = MACRO if switches.evaluate == MACRO else MICRO
    detected = [kinds.count(kind) + dummy * (kind == dummy_kind) for kind in _KINDS]
    return [hits.count(MICRO), hits.count(MACRO), *detected, len(kinds) + dummy]


def _errors(pair: Matched) -> list[float]:
    """Return the sums of one true positive: absolute errors in ms with their numbers, and the apex inside."""
    fps = pair.video.fps
    errors: list[float] = []
    for name in _ERRORS:
        detected_frame, coded_frame = getattr(pair.detection, name), getattr(pair.reference, name)
        both_known = fps is not None and detected_frame is not None and coded_frame is not None
        errors += [abs(detected_frame - coded_frame) * 1000 / fps, 1.0] if both_known else [0.0, 0.0]
    apex = pair.detection.apex
    if apex is None:
        return [*errors, 0.0, 0.0]
    return [*errors, float(pair.reference.onset < apex < pair.reference.offset), 1.0]


def _measure(totals: Array, thresholds: Sequence[float], by_kind: bool) -> dict[str, Array]:
    """Return the metrics of sums [..., features]."""
    metrics: dict[str, Array] = {}
    tail = totals[..., len(thresholds) * _PER_THRESHOLD :]
    references = {"micro": tail[..., 0], "macro": tail[..., 1], "overall": tail[..., 0] + tail[..., 1]}
    for step, threshold in enumerate(thresholds):
        part = totals[..., step * _PER_THRESHOLD : (step + 1) * _PER_THRESHOLD]
        hits = {"micro": part[..., 0], "macro": part[..., 1], "overall": part[..., 0] + part[..., 1]}
        detections = {"micro": part[..., 2], "macro": part[..., 3], "overall": part[..., 4]}
        for name in ("overall", "micro", "macro") if by_kind else ("overall",):
            f1 = divide(2 * hits[name], detections[name] + references[name])
            if step == 0:
                metrics[f"spotting.{name}.precision"] = _share(hits[name], detections[name], references[name])
                metrics[f"spotting.{name}.recall"] = _share(hits[name], references[name], detections[name])
                metrics[f"spotting.{name}.f1"] = f1
            else:
                metrics[f"spotting.{name}.f1@{threshold:.2f}"] = f1
    for index, name in enumerate(_ERRORS):
        metrics[f"spotting.{name}_mae_ms"] = divide(tail[..., 2 + 2 * index], tail[..., 3 + 2 * index])
    both = tail[..., 4] + tail[..., 6], tail[..., 5] + tail[..., 7]
    metrics["spotting.boundary_mae_ms"] = divide(*both)
    metrics["spotting.apex_inside"] = divide(tail[..., 8], tail[..., 9])
    return metrics


def _share(hits: Array, of: Array, other: Array) -> Array:
    """Return hits / of; 0 where there is nothing to divide by but something on the other side."""
    return np.where((of == 0) & (other > 0), 0.0, divide(hits, of))


def _totals(totals: Array, thresholds: Sequence[float]) -> dict[str, int]:
    tail = totals[len(thresholds) * _PER_THRESHOLD :]
    counts: dict[str, int] = {}
    for name, hits, detections, references in (
        ("overall", totals[0] + totals[1], totals[4], tail[0] + tail[1]),
        ("micro", totals[0], totals[2], tail[0]),
        ("macro", totals[1], totals[3], tail[1]),
    ):
        counts |= {
            f"spotting.{name}.true_positives": int(hits),
            f"spotting.{name}.detections": int(detections),
            f"spotting.{name}.references": int(references),
        }
    return counts


def _notes(matched: Sequence[Matched], unknown: int, metrics: Mapping[str, float]) -> tuple[str, ...]:
    notes = []
    if unknown:
        notes.append(
            f"{unknown} detections name no kind and match nothing: micro and macro are not scored by themselves; give "
            "--fps, so that the duration decides, or a column kind"
        )
    if matched and all(pair.video.fps is None for pair in matched):
        notes.append("frames per second are not known: no errors in ms; give --fps or a column fps")
    if matched and all(pair.detection.apex is None for pair in matched):
        notes.append("the detections tell no apex: no apex errors")
    if metrics.get("spotting.overall.precision", 0.0) > 1:
        notes.append("matching=many: detections that serve several references make a precision above 1")
    return tuple(notes)

"""Overlap of intervals of frames, and which detection is counted for which reference.

IoU >= 0.5 is the rule of MEGC since 2019 (See et al., FG 2019); the ways of matching are those of published code.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray
IoUForm = Literal["inclusive", "exclusive"]
Matching = Literal["score", "temporal", "many", "hungarian"]


def iou_matrix(detections: Array, references: Array, form: IoUForm = "inclusive") -> Array:
    """Return the intersection over union of every detection with every reference, [D, R].

    Args:
        detections: [D, 2] onset and offset, in frames.
        references: [R, 2] onset and offset, in frames.
        form: ``inclusive``: the offset belongs to the interval, lengths are offset - onset + 1 (MEGC, LGSNet, the
            scorer of STRS); ``exclusive``: lengths are offset - onset. An interval without length then overlaps only
            with itself.
    """
    extra = 1.0 if form == "inclusive" else 0.0
    first = np.asarray(detections, dtype=np.float64).reshape(-1, 2)[:, None, :]
    second = np.asarray(references, dtype=np.float64).reshape(-1, 2)[None, :, :]
    shared = np.minimum(first[..., 1], second[..., 1]) - np.maximum(first[..., 0], second[..., 0]) + extra
    shared = np.maximum(shared, 0.0)
    lengths = (first[..., 1] - first[..., 0] + extra) + (second[..., 1] - second[..., 0] + extra)
    union = lengths - shared
    same = np.all(first == second, axis=-1)
    return np.where(same, 1.0, np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def match(
    iou: Array, threshold: float, matching: Matching, detections: Array, references: Array, scores: Array
) -> list[tuple[int, int]]:
    """Return the true positives of one video as pairs (detection, reference).

    The order of the rows decides nothing: ties go to the larger overlap, then to the earlier interval.

    Args:
        iou: [D, R], 0 where a pair is not allowed.
        threshold: A pair counts from this overlap on, above 0.
        matching: ``score``: one to one; detections choose in the order of their scores, each the free reference that it
            overlaps most; equal scores choose in the order of the overlap.
            ``temporal``: one to one; detections choose in the order of time, each only the reference that it overlaps
            most, free or not (mean-average-precision package as used by MEAN and ME-TST).
            ``many``: every reference takes the detection that overlaps it most, also one that another reference has
            taken (LGSNet, MDMD).
            ``hungarian``: one to one; as many pairs as there can be, and among these the largest sum of overlaps.
        detections: [D, 2].
        references: [R, 2].
        scores: [D], larger is surer.

    Raises:
        ValueError: The threshold is not above 0 or above 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold of the overlap must be above 0 and at most 1, not {threshold}")
    if not iou.size or iou.max() < threshold:
        return []
    if matching == "score":
        return _by_score(iou, threshold, detections, references, scores)
    if matching == "temporal":
        return _in_time(iou, threshold, detections, references)
    if matching == "many":
        return _many(iou, threshold, detections)
    return _hungarian(iou, threshold, detections, references)


def _by_score(
    iou: Array, threshold: float, detections: Array, references: Array, scores: Array
) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(iou >= threshold)
    # lexsort sorts by its last key first.
    keys = (*references[columns].T[::-1], *detections[rows].T[::-1], -iou[rows, columns], -scores[rows])
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    pairs = []
    for place in np.lexsort(keys):
        row, column = int(rows[place]), int(columns[place])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column))
    return pairs


def _in_time(iou: Array, threshold: float, detections: Array, references: Array) -> list[tuple[int, int]]:
    order = _time_order(references)
    taken: set[int] = set()
    pairs = []
    for row in _time_order(detections):
        column = int(order[np.argmax(iou[row, order])])
        if iou[row, column] >= threshold and column not in taken:
            taken.add(column)
            pairs.append((int(row), column))
    return pairs


def _many(iou: Array, threshold: float, detections: Array) -> list[tuple[int, int]]:
    order = _time_order(detections)
    best = order[np.argmax(iou[order], axis=0)]
    return [(int(row), column) for column, row in enumerate(best) if iou[row, column] >= threshold]


def _hungarian(iou: Array, threshold: float, detections: Array, references: Array) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    first, second = _time_order(detections), _time_order(references)
    ordered = iou[np.ix_(first, second)]
    # The overlaps of all pairs together weigh less than one more pair.
    worth = np.where(ordered >= threshold, 1.0 + ordered / (min(ordered.shape) + 1), 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [
        (int(first[row]), int(second[column]))
        for row, column in zip(rows, columns, strict=True)
        if ordered[row, column] >= threshold
    ]


def _time_order(intervals: Array) -> Array:
    return np.lexsort((intervals[:, 1], intervals[:, 0]))

"""Runs of samples that are called an expression become intervals (point-to-interval decoding).

Each sample is a yes or no by its score; consecutive samples that say yes are one expression (PESFormer, arXiv
2410.18695, and the frame-wise classifiers before it). The paper's handling of gaps could not be read; ours: runs that
are at most a quarter of an expression apart are one, and runs shorter than a quarter of one are dropped.
"""

from __future__ import annotations

import numpy as np

from mevqa.spotting.decoding.registry import register_decoder
from mevqa.spotting.decoding.types import Array, Detection


@register_decoder(
    "point-to-interval",
    threshold=0.5,
    summary="consecutive samples from a fixed score on (PESFormer)",
)
def point_to_interval(scores: Array, half_length: int, threshold: float) -> list[Detection]:
    """Return runs of samples whose score reaches the threshold; the score is the mean over the interval."""
    quarter = half_length // 2
    steps = np.diff(np.pad((scores >= threshold).astype(np.int8), 1))
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1
    if not len(begins):
        return []
    apart = begins[1:] - ends[:-1] - 1 > quarter
    onsets, offsets = begins[np.append(True, apart)], ends[np.append(apart, True)]
    detections = []
    for onset, offset in zip(onsets.tolist(), offsets.tolist(), strict=True):
        inside = scores[onset : offset + 1]
        if len(inside) >= max(quarter, 1):
            detections.append(Detection(onset, onset + int(inside.argmax()), offset, float(inside.mean())))
    return detections

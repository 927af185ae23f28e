"""Scalable intervals: peaks whose borders follow the raw curve (BoostingVRME, arXiv 2508.18834).

From a peak of the smoothed curve the interval begins where the raw score first rises above a share of its mean within
half an expression, and reaches outwards until two scores in a row are below the mean.
"""

from __future__ import annotations

import numpy as np

from mevqa.spotting.decoding.peaks import MOILANEN_SHARE, peaks, relative_threshold, smooth
from mevqa.spotting.decoding.registry import register_decoder
from mevqa.spotting.decoding.suppression import overlap
from mevqa.spotting.decoding.types import Array, Detection

#: A border is looked for from mean / 1.5 on, reaches out at most five half lengths, and ends before two samples in a
#: row below the mean; of two intervals that overlap by more than 0.2 the earlier one stays (published code).
_RISE_SHARE = 1 / 1.5
_REACH = 5
_BELOW = 2
_OVERLAP = 0.2


@register_decoder(
    "scalable-intervals",
    threshold_kind="share",
    threshold=MOILANEN_SHARE,
    summary="relative peaks whose borders follow the curve (BoostingVRME)",
)
def scalable_intervals(scores: Array, half_length: int, threshold: float) -> list[Detection]:
    """Return peaks above a share of the video's own maximum with borders that follow the raw curve."""
    smoothed = smooth(scores, half_length)
    return _grown(scores, smoothed, half_length, relative_threshold(smoothed, threshold))


@register_decoder(
    "scalable-absolute",
    summary="the same from a fixed score on",
)
def scalable_absolute(scores: Array, half_length: int, threshold: float) -> list[Detection]:
    """Return peaks from a fixed score on with borders that follow the raw curve."""
    return _grown(scores, smooth(scores, half_length), half_length, threshold)


def _grown(scores: Array, smoothed: Array, half_length: int, threshold: float) -> list[Detection]:
    """Return the intervals of all peaks, without those that repeat an earlier one."""
    mean = float(scores.mean())
    intervals: list[Detection] = []
    for peak in peaks(smoothed, half_length, threshold):
        onset = _border(scores, peak, half_length, mean)
        last = len(scores) - 1
        offset = last - _border(scores[::-1], last - peak, half_length, mean)
        apex = onset + int(scores[onset : offset + 1].argmax())
        new = Detection(onset, apex, offset, float(smoothed[peak]))
        if all(overlap(new, old) < _OVERLAP and abs(apex - old.apex) > half_length for old in intervals):
            intervals.append(new)
    return intervals


def _border(scores: Array, peak: int, half_length: int, mean: float) -> int:
    """Return the first sample of the interval of a peak; of the mirrored curve, the last one."""
    if peak == 0:
        return 0
    first = max(peak - half_length + 1, 1)
    inside = scores[first:peak]
    rising = (inside > scores[first - 1 : peak - 1]) & (inside > mean * _RISE_SHARE)
    begin = first + int(rising.argmax()) - 1 if rising.any() else max(peak - half_length, 0)
    # Outwards: before the border that was found, newest first.
    outside = scores[max(begin - _REACH * half_length, 0) : begin][::-1]
    below = outside < mean
    in_a_row = np.convolve(below, np.ones(_BELOW), "valid") == _BELOW if len(below) >= _BELOW else np.zeros(0, bool)
    steps = int(in_a_row.argmax()) if in_a_row.any() else len(outside)
    return begin - steps

"""Peaks of a smoothed curve, each an expression of the expected length.

The way of SOFTNet, MEAN and ME-TST: a moving average, peaks above a threshold that are at least half an expression
apart, and half an expression to each side of a peak. Their threshold is relative to the video's own mean and maximum
(Moilanen et al., ICPR 2014), so that nearly every video has a detection, also one in which nothing happens; the same
with an absolute threshold, which training subjects choose, can find nothing.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mevqa.spotting.decoding.registry import register_decoder
from mevqa.spotting.decoding.types import Array, Detection

#: Share of the way from mean to maximum (MEAN, ME-TST).
MOILANEN_SHARE = 0.55

#: A curve that varies less than this share of its size is flat: its peaks are rounding.
_FLAT = 1e-9


def smooth(scores: Array, half_length: int) -> Array:
    """Return the moving average over one expected expression, [samples].

    The published width is 2k samples, which has no middle; here the two outermost of 2k + 1 samples count half each.
    At both ends of a video the average is over the samples that there are, so that head and tail are scored too (the
    published code leaves them 0).

    Args:
        scores: [samples].
        half_length: k, at least 1.
    """
    kernel = np.ones(2 * half_length + 1)
    kernel[[0, -1]] = 0.5
    padded = np.pad(np.stack([scores, np.ones_like(scores)]), ((0, 0), (half_length, half_length)))
    total, weight = (np.convolve(row, kernel, "valid") for row in padded)
    return total / weight


def peaks(smoothed: Array, half_length: int, threshold: float) -> list[int]:
    """Return the samples of peaks from a threshold on, more than half an expression apart, in the order of time.

    A peak may be the first or the last sample. A flat curve has none.

    Args:
        smoothed: [samples].
        half_length: Of two peaks nearer than this only the higher one is kept.
        threshold: Least height.
    """
    if np.ptp(smoothed) <= _FLAT * max(1.0, float(np.abs(smoothed).max())):
        return []
    low = smoothed.min() - 1.0
    padded_peaks, _ = find_peaks(np.pad(smoothed, 1, constant_values=low), height=threshold)
    return _highest_apart(smoothed, padded_peaks - 1, half_length)


def _highest_apart(smoothed: Array, places: NDArray[np.int64], distance: int) -> list[int]:
    """Return peaks without those that are nearer than a distance to a higher one, or to a later one of their height.

    ``find_peaks`` leaves the order of equally high peaks to the machine; here it does not depend on which lower peaks
    there are.
    """
    dropped = np.zeros(len(places), dtype=bool)
    neighbours = np.searchsorted(places, [places - distance + 1, places + distance])
    for index in np.argsort(smoothed[places], kind="stable")[::-1]:
        if not dropped[index]:
            first, behind = neighbours[:, index]
            dropped[first:index] = dropped[index + 1 : behind] = True
    return [int(place) for place in places[~dropped]]


def relative_threshold(curve: Array, share: float) -> float:
    """Return mean + share * (maximum - mean) (Moilanen et al. 2014)."""
    mean = float(curve.mean())
    return mean + share * (float(curve.max()) - mean)


def fixed_intervals(smoothed: Array, places: list[int], half_length: int) -> list[Detection]:
    """Return half an expression to each side of every peak, inside the video; the score is the peak's height.

    Neighbours that would overlap meet in the middle between their peaks; the published code lets them overlap.

    Args:
        smoothed: [samples].
        places: Samples of the peaks, ascending.
        half_length: Half an expression, samples.
    """
    last = len(smoothed) - 1
    borders = [0, *((left + right) // 2 for left, right in pairwise(places)), last]
    detections = []
    for number, peak in enumerate(places):
        onset = max(peak - half_length, borders[number] + (number > 0))
        offset = min(peak + half_length, borders[number + 1])
        detections.append(Detection(onset, peak, offset, float(smoothed[peak])))
    return detections


@register_decoder(
    "absolute-peaks",
    selects_by_score=True,
    summary="peaks of the smoothed curve from a fixed score on, of the expected length",
)
def absolute_peaks(scores: Array, half_length: int, threshold: float) -> list[Detection]:
    """Return peaks whose smoothed score reaches the threshold."""
    smoothed = smooth(scores, half_length)
    return fixed_intervals(smoothed, peaks(smoothed, half_length, threshold), half_length)


@register_decoder(
    "relative-peaks",
    threshold_kind="share",
    threshold=MOILANEN_SHARE,
    summary="the same from a share of the video's own maximum on, as published: fires in nearly every video",
)
def relative_peaks(scores: Array, half_length: int, threshold: float) -> list[Detection]:
    """Return peaks whose smoothed score is so far from the video's mean to its maximum (ME-TST, MEAN, SOFTNet).

    The intervals reach half an expression to each side and may overlap, as published.
    """
    smoothed = smooth(scores, half_length)
    places = peaks(smoothed, half_length, relative_threshold(smoothed, threshold))
    last = len(scores) - 1
    return [
        Detection(max(peak - half_length, 0), peak, min(peak + half_length, last), float(smoothed[peak]))
        for peak in places
    ]

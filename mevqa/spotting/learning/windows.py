"""Videos cut into windows for a network: where they begin, what is in them, and how their outputs are joined.

A video that fits into one window is padded to it; the padding does not count. Every sample of a video is in at least
one window, its head and its tail too (the published ME-TST leaves half a window at both ends without a score).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.features.types import FeatureSeries
from mevqa.spotting.learning.config import Windows
from mevqa.spotting.learning.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A piece of a video.

    Attributes:
        begin: Its first sample.
        values: [length, channels, ...] against the reference; 0 where a sample does not count.
        counts: [length] False where nothing was measured, and behind the end of the video.
    """

    begin: int
    values: Array
    counts: NDArray[np.bool_]


def window_length(series: FeatureSeries, windows: Windows) -> int:
    """Return the samples of a window, 2 at least."""
    return max(2, round(windows.length_ms / series.step_ms))


def grid(series: FeatureSeries, windows: Windows, phase: float = 0.0) -> list[int]:
    """Return the first samples of the windows of a video, ascending; the last one ends with the video.

    Args:
        series: The video.
        windows: How it is cut.
        phase: Where the second window begins earlier, as a share of the distance of two.
    """
    length, samples = window_length(series, windows), len(series.times_ms)
    hop = max(1, int(length * windows.hop))
    last = max(samples - length, 0)
    shift = int(phase * hop)
    return sorted({0, *(begin for begin in range(hop - shift, last, hop)), last})


def cut(series: FeatureSeries, begin: int, windows: Windows) -> Window:
    """Return one window of a video."""
    length = window_length(series, windows)
    values = np.zeros((length, *series.values.shape[1:]), np.float32)
    counts = np.zeros(length, bool)
    measured = series.measured[begin : begin + length]
    counts[: len(measured)] = measured
    values[: len(measured)] = series.values[begin : begin + length]
    values[~counts] = 0
    if windows.reference != "none":
        for run in runs(counts):
            piece = values[run]
            values[run] = piece - (piece[0] if windows.reference == "first" else piece.mean(axis=0))
    return Window(begin, values, counts)


def runs(counts: NDArray[np.bool_]) -> list[slice]:
    """Return the runs of samples that count."""
    steps = np.diff(np.pad(counts.astype(np.int8), 1))
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [slice(int(begin), int(end)) for begin, end in zip(begins, ends, strict=True)]


def piece(values: NDArray[Any], begin: int, length: int, fill: float = 0) -> NDArray[Any]:
    """Return ``length`` samples of an array of a video, filled up behind its end."""
    inside = values[begin : begin + length]
    if len(inside) == length:
        return inside
    padded = np.full((length, *values.shape[1:]), fill, values.dtype)
    padded[: len(inside)] = inside
    return padded


def stitch(
    outputs: Sequence[NDArray[Any]], begins: Sequence[int], samples: int, windows: Windows
) -> NDArray[np.float32]:
    """Return the outputs of a video's windows as one array, [samples, ...].

    Args:
        outputs: [length, ...] of each window.
        begins: Their first samples, ascending.
        samples: Length of the video.
        windows: How it was cut.
    """
    total = np.zeros((samples, *outputs[0].shape[1:]), np.float64)
    weight = np.zeros(samples)
    for begin, output in zip(begins, outputs, strict=True):
        end = min(begin + len(output), samples)
        if windows.stitch == "later-half":
            # What an earlier window said of the later half of this one is replaced; so is nothing else.
            first = begin if begin == 0 else begin + len(output) // 2
            first = min(first, int(weight.astype(bool).sum()))
            total[first:end], weight[first:end] = output[first - begin : end - begin], 1
        else:
            total[begin:end] += output[: end - begin]
            weight[begin:end] += 1
    shape = (samples, *[1] * (total.ndim - 1))
    return np.asarray(total / np.maximum(weight, 1).reshape(shape), np.float32)

"""Priors of a learned spotter: everything that is computed of training subjects before and after the network learns.

They are stored with the weights. The tested subject has no part in them: published scripts take the mean duration of
all subjects (ME-TST), the best epoch of each test subject (AUW-GCN, SpotFormer, GIM) or the best threshold of the test
folds (LGSNet), which makes their results better than the systems are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mevqa.files.strict_yaml import StrictModel
from mevqa.spotting.decoding import half_length
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.types import Mark, TrainingVideo
from mevqa.spotting.learning.windows import cut, grid

#: Channels that hardly move are divided by this share of the largest spread, not by their own.
_STILL = 1e-3


class Priors(StrictModel):
    """Scale, classes, lengths and thresholds that training subjects give.

    Attributes:
        step_ms: Time from one sample to the next.
        scale: Spread of each channel; values are divided by it.
        classes: Emotion classes without the neutral one.
        class_weights: Weight of each class in a balanced loss, the neutral one first.
        half_lengths: Half the median length of the expressions of each curve, samples.
        thresholds: Threshold of each curve; empty until it is chosen.
        own: What the system itself computed.
    """

    step_ms: float
    scale: tuple[float, ...]
    classes: tuple[str, ...] = ()
    class_weights: tuple[float, ...] = (1.0,)
    half_lengths: dict[str, int] = {}
    thresholds: dict[str, float] = {}
    own: dict[str, Any] = {}

    def spread(self, axes: int) -> NDArray[np.float32]:
        """Return what values are divided by, in a shape that fits them.

        Args:
            axes: Of the values of a series: samples, channels, and those of pictures.
        """
        return np.array(self.scale, np.float32).reshape(-1, *[1] * (axes - 2))


def learn_priors(videos: Sequence[TrainingVideo], config: SystemConfig, own: dict[str, Any]) -> Priors:
    """Return the priors of training subjects, without thresholds.

    Args:
        videos: Theirs, one at least.
        config: The system's settings.
        own: What the system computed itself.
    """
    marks = [mark for video in videos for mark in video.marks if mark.kind in config.kinds]
    classes = tuple(sorted({mark.label for mark in marks if mark.label is not None}))
    return Priors(
        step_ms=videos[0].series.step_ms,
        scale=_scale(videos, config),
        classes=classes,
        class_weights=_class_weights(videos, config, classes),
        half_lengths=_half_lengths(marks),
        own=own,
    )


def _scale(videos: Sequence[TrainingVideo], config: SystemConfig) -> tuple[float, ...]:
    """Return the root mean square of each channel in the windows of all videos."""
    shape = videos[0].series.values.shape[1:]
    total, count = np.zeros(shape[0]), 0
    pixels = tuple(range(2, 1 + len(shape)))
    for video in videos:
        for begin in grid(video.series, config.training.windows):
            window = cut(video.series, begin, config.training.windows)
            squares = window.values.astype(np.float64) ** 2
            total += squares.mean(axis=pixels).sum(axis=0)
            count += int(window.counts.sum())
    spread = np.sqrt(total / max(count, 1))
    floor = max(_STILL * float(spread.max(initial=0)), 1e-12)
    return tuple(float(deviation) for deviation in np.maximum(spread, floor))


def _half_lengths(marks: Sequence[Mark]) -> dict[str, int]:
    """Return half the median length of each kind, and of both as ``any``."""
    lengths = {kind: [mark.offset - mark.onset for mark in marks if mark.kind == kind] for kind in ("micro", "macro")}
    lengths["any"] = lengths["micro"] + lengths["macro"]
    return {kind: half_length(kind_lengths) for kind, kind_lengths in lengths.items() if kind_lengths}


def _class_weights(
    videos: Sequence[TrainingVideo], config: SystemConfig, classes: tuple[str, ...]
) -> tuple[float, ...]:
    """Return all samples / (classes * samples of the class), as an epoch shows them, the neutral class first."""
    windows = config.training.windows
    counts: Counter[str | None] = Counter()
    samples_shown = 0
    for video in videos:
        marks = [mark for mark in video.marks if mark.kind in config.kinds]
        for mark in marks:
            counts[mark.label] += len(range(*mark.samples.indices(len(video.series.times_ms))))
        window_samples = round(windows.length_ms / video.series.step_ms)
        samples_shown += round(len(marks) / windows.hop * (1 + windows.negatives)) * min(
            window_samples, len(video.series.times_ms)
        )
    expressions = sum(counts.values())
    each = [max(samples_shown - expressions, 1), *(max(counts[name], 1) for name in classes)]
    return tuple(sum(each) / (len(each) * count) for count in each)

"""How much a person talks, by the lips: 0 for lips at rest or in a single expression, towards 1 for talk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.features.grid import STEP_MS
from mevqa.spotting.features.types import FeatureSeries, MotionRecord
from mevqa.spotting.features.views import regional_channels
from mevqa.spotting.tracking.lips import lip_variance

#: Deviation of the lips, eye distances, at which the activity is one half: noise is a tenth of it, visemes a few times.
_HALF = 0.006

#: Lips of this activity talk.
TALKS = 0.5


def speech_activity(record: MotionRecord, step_ms: float = STEP_MS) -> FeatureSeries:
    """Return the speech activity of the lips: their temporal variance v as v / (v + h^2), between 0 and 1.

    MIND (arXiv 2512.04728) suppresses lip features by their temporal variance while a person talks; its formula was not
    readable. Here the variance is of lips and chin (layout ``lips``), without what is slower than talk, and robust, so
    that a single expression of a mouth at rest is none; half is reached at a deviation of 0.006 eye distances.
    On twenty synthetic videos of the profile ``hard`` (``mevqa synth --long``, seeds 1 and 2) it tells talk from the
    rest with an area under the ROC curve of .99, medians .88 and .03.

    Args:
        record: The motion of a video.
        step_ms: Time between two samples.

    Returns:
        Values [samples, 1]; 0 where nothing was measured.

    Raises:
        ValueError: The step is not positive.
    """
    lips = regional_channels(record, "lips", step_ms)
    if not len(lips.times_ms):
        return replace(lips, values=np.zeros((0, 1), np.float32))
    variance = lip_variance(lips.values, step_ms)
    activity = np.where(lips.measured, variance / (variance + _HALF**2), 0.0)
    return replace(lips, values=activity[:, None].astype(np.float32))


def channels_with_speech(record: MotionRecord, layout: str = "me-tst-plus", step_ms: float = STEP_MS) -> FeatureSeries:
    """Return the channels of a layout, and behind them the speech activity of the lips.

    Args:
        record: The motion of a video.
        layout: Which regions, as for ``regional_channels``.
        step_ms: Time between two samples.

    Raises:
        ValueError: There is no such layout, or the step is not positive.
    """
    series = regional_channels(record, layout, step_ms)
    values: NDArray[np.float32] = np.concatenate([series.values, speech_activity(record, step_ms).values], axis=1)
    return replace(series, values=values)

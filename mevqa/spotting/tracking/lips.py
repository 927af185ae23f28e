"""How much the lips move as they do in talk: quickly, and for seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

Array = NDArray[np.float64]

#: Lips that talk move from one viseme to the next at 2 to 8 Hz: what is slower than this mean, ms, is posture.
POSTURE_MS = 500.0

#: Talk lasts: the variance is the median of the squares of so much time, ms, of which one expression fills a part only.
_TALK_MS = 2000.0

#: A median of squares is so many times the variance (of normal values).
_MEDIAN_OF_SQUARES = 0.4549


def lip_variance(lips: NDArray[np.floating], step_ms: float, posture_ms: float = POSTURE_MS) -> Array:
    """Return the variance of lips that move quickly and for seconds, [samples], robust against single expressions.

    Args:
        lips: [samples, channels] displacements of lips and chin, eye distances.
        step_ms: Time between two samples.
        posture_ms: What is slower than the mean of so much time is posture.
    """
    quick = lips - uniform_filter1d(lips, _odd(posture_ms, step_ms), axis=0, mode="nearest")
    squares = (quick.astype(np.float64) ** 2).sum(axis=1)
    return np.asarray(median_filter(squares, _odd(_TALK_MS, step_ms), mode="nearest") / _MEDIAN_OF_SQUARES)


def _odd(width_ms: float, step_ms: float) -> int:
    """Return how many samples a width is, an odd number."""
    return 2 * round(width_ms / step_ms / 2) + 1

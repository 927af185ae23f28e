"""How things go in time: expressions from onset over apex to offset, blinks, the drift of a head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Curve = NDArray[np.float64]


def expression_profile(
    length: int, onset: int, apex: int, offset: int, *, rise: float = 1.0, fall: float = 1.0, hold: float = 0.0
) -> Curve:
    """Return the strength of an expression at every frame.

    0 up to the onset, rising strictly to 1 at the apex, falling strictly to 0 at the offset and 0 from there: cosine
    ramps, as facial movements start and stop smoothly (Schmidt, Ambadar, Cohn and Reed, "Movement differences between
    deliberate and spontaneous facial expressions", J. Nonverbal Behavior 30, 37-52, 2006).

    Args:
        length: Number of frames.
        onset: Last frame without the expression.
        apex: Frame of the largest extent.
        offset: First frame without it again.
        rise: Exponent of the rise; above 1 starts late.
        fall: Exponent of the fall; above 1 lingers.
        hold: Share of the fall in which the expression is held, sagging by a tenth.

    Raises:
        ValueError: The frames are not in order or outside the clip.
    """
    if not 0 <= onset < apex < offset < length:
        raise ValueError(f"onset {onset}, apex {apex} and offset {offset} are not in order within {length} frames")
    frames = np.arange(length, dtype=np.float64)
    up = np.clip((frames - onset) / (apex - onset), 0.0, 1.0) ** rise
    down = np.clip((frames - apex) / (offset - apex), 0.0, 1.0)
    held = 1.0 - 0.1 * np.clip(down / hold, 0.0, 1.0) if hold else np.ones(length)
    released = np.clip((down - hold) / (1.0 - hold), 0.0, 1.0) ** fall
    return _cosine(up) * held * (1.0 - _cosine(released))


def blink_profile(length: int, start: int, closing: int, opening: int) -> Curve:
    """Return how far the lids are closed at every frame, 0 to 1.

    Args:
        length: Number of frames.
        start: Frame at which the lids start to close.
        closing: Frames until they are closed.
        opening: Frames until they are open again; slower than the closing (Evinger, Manning and Sibony, "Eyelid
            movements", Investigative Ophthalmology 32(2) 387-400, 1991).
    """
    frames = np.arange(length, dtype=np.float64) - start
    closed = np.clip(frames / max(closing, 1), 0.0, 1.0)
    opened = np.clip((frames - closing) / max(opening, 1), 0.0, 1.0)
    return _cosine(closed) * (1.0 - _cosine(opened))


def drift(rng: np.random.Generator, length: int, smoothness: float, spread: float) -> Curve:
    """Return a smooth random curve that starts at 0.

    Args:
        rng: Decides the curve.
        length: Number of frames.
        smoothness: Standard deviation of the smoothing, frames.
        spread: Standard deviation of the curve over a long time.
    """
    margin = int(4 * smoothness) + 1
    white = rng.standard_normal(length + 2 * margin)
    curve = gaussian_filter1d(white, smoothness)[margin : margin + length]
    # A Gaussian kernel of standard deviation s leaves white noise the variance 1 / (2 sqrt(pi) s).
    curve *= spread * np.sqrt(2.0 * np.sqrt(np.pi) * smoothness)
    return curve - curve[0]


def _cosine(progress: Curve) -> Curve:
    """Ease from 0 to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * progress)

"""Curves in time: movements from onset over apex to offset, blinks, the drift of a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """How a movement goes between its onset, apex and offset; the defaults are a plain rise and fall.

    Spontaneous expressions rise fast, creep on to their largest extent, are held there with a tremor and do not come
    back to rest at once (Schmidt, Ambadar, Cohn and Reed, "Movement differences between deliberate and spontaneous
    facial expressions", J. Nonverbal Behavior 30, 37-52, 2006: smiles with several rises and long holds).

    Attributes:
        rise: Exponent of the fast rise; above 1 starts late.
        fall: Exponent of the fall; above 1 lingers.
        shoulder: Height that the fast rise reaches; the creep adds the rest. 1: there is no creep.
        shoulder_at: Share of the time from onset to apex that the fast rise takes; 1 where there is no creep.
        creep: Exponent of the creep; above 1 slows down towards the apex.
        hold: Share of the fall in which the movement is held.
        sag: How much of the height is lost meanwhile.
        rest: Height that is left at the offset.
        ebb: Frames in which that falls to 1 / e of itself.
        tremor: Largest share of the height that the tremor takes away.
    """

    rise: float = 1.0
    fall: float = 1.0
    shoulder: float = 1.0
    shoulder_at: float = 1.0
    creep: float = 1.0
    hold: float = 0.0
    sag: float = 0.1
    rest: float = 0.0
    ebb: float = 1.0
    tremor: float = 0.0


def expression_profile(
    length: int, onset: int, apex: int, offset: int, shape: Shape | None = None, tremor: Curve | None = None
) -> Curve:
    """Return the strength of a movement at every frame.

    0 up to the onset and 1 at the apex, which is the only frame of the largest extent. Without tremor it rises strictly
    up to the apex, falls strictly to ``shape.rest`` at the offset and ebbs away after that. Fast rise and fall are
    cosine ramps, as facial movements start and stop smoothly (Schmidt et al., 2006). The tremor only takes away, and
    nothing at the apex.

    Args:
        length: Number of frames.
        onset: Last frame without the movement.
        apex: Frame of the largest extent.
        offset: Frame at which the movement stops returning.
        shape: Its course between them.
        tremor: [length] smooth random curve of unit spread, from ``drift``; None: there is none.

    Raises:
        ValueError: The frames are not in order or outside the clip.
    """
    if not 0 <= onset < apex < offset < length:
        raise ValueError(f"onset {onset}, apex {apex} and offset {offset} are not in order within {length} frames")
    shape = shape or Shape()
    frames = np.arange(length, dtype=np.float64)
    up = np.clip((frames - onset) / (apex - onset), 0.0, 1.0)
    fast = _cosine(np.clip(up / shape.shoulder_at, 0.0, 1.0) ** shape.rise)
    risen = shape.shoulder * fast + (1.0 - shape.shoulder) * (1.0 - (1.0 - up) ** shape.creep)
    down = np.clip((frames - apex) / (offset - apex), 0.0, 1.0)
    height = 1.0 - shape.sag * np.clip(down / shape.hold, 0.0, 1.0) if shape.hold else np.ones(length)
    released = np.clip((down - shape.hold) / (1.0 - shape.hold), 0.0, 1.0) ** shape.fall
    fallen = shape.rest + (1.0 - shape.rest) * height * (1.0 - _cosine(released))
    strength = risen * fallen * np.exp(-np.maximum(frames - offset, 0.0) / shape.ebb)
    if tremor is not None:
        strength = strength * (1.0 - shape.tremor * np.minimum(0.5 * (tremor - tremor[apex]) ** 2, 1.0))
    return strength


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

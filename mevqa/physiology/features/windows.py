"""Parts of channels around events, and whether enough of them was recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mevqa.physiology.features.definition import Window
from mevqa.physiology.types import Array, Channel

#: A window of which a larger share was not recorded gives no feature (our choice).
MOST_MISSING = 0.2
#: A window of these many samples of one value was not recorded either: an electrode that has come off, a range overrun.
_FLAT_SHARE = 0.9


class Unmeasurable(ValueError):
    """A window from which nothing can be measured; the message says why in a few words."""


def cut(channel: Channel, onset: float, window: Window) -> Array:
    """Return the samples of a window, gaps filled by straight lines.

    Args:
        channel: The channel.
        onset: Of the event, s.
        window: Begin and end, s from the onset.

    Raises:
        Unmeasurable: More than a fifth of the window was not recorded, or it is flat.
    """
    first, last = (int(round((onset + edge - channel.start) * channel.rate)) for edge in window)
    count = last - first
    if count < 2:
        raise Unmeasurable("too few samples")
    inside = np.asarray(channel.values[max(first, 0) : max(last, 0)], dtype=np.float64)
    known = np.isfinite(inside)
    require_recorded(channel, onset, window)
    if _is_flat(inside[known]):
        raise Unmeasurable("flat")
    return filled(inside)


def require_recorded(channel: Channel, onset: float, window: Window) -> None:
    """Refuse a window of which too little was recorded.

    Raises:
        Unmeasurable: More than a fifth of it is outside the recording, or is missing in it.
    """
    first, last = (int(round((onset + edge - channel.start) * channel.rate)) for edge in window)
    inside = channel.values[max(first, 0) : max(last, 0)]
    least = (1 - MOST_MISSING) * max(last - first, 1)
    if len(inside) < least:
        raise Unmeasurable("outside the recording")
    if np.isfinite(inside).sum() < least:
        raise Unmeasurable("not recorded")


def _is_flat(values: Array) -> bool:
    return bool(np.mean(np.diff(values) == 0) > _FLAT_SHARE)


def filled(values: Array) -> Array:
    """Return values with straight lines over the gaps; zeros where nothing at all was recorded."""
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    places = np.arange(len(values))
    return np.interp(places, places[known], values[known])


def slower(channel: Channel, rate: float) -> Channel:
    """Return a channel at a lower rate, each sample the mean of those that it stands for.

    Args:
        channel: The channel.
        rate: Wished samples per second; the nearest whole fraction of the channel's own is taken.
    """
    factor = int(channel.rate // rate)
    if factor < 2:
        return channel
    length = len(channel.values) // factor * factor
    parts = np.asarray(channel.values[:length], dtype=np.float64).reshape(-1, factor)
    known = np.isfinite(parts)
    counts = known.sum(axis=1)
    sums = np.where(known, parts, 0.0).sum(axis=1)
    means = np.divide(sums, counts, out=np.full(len(parts), np.nan), where=counts > factor // 2)
    middle = channel.start + (factor - 1) / 2 / channel.rate
    return Channel(channel.name, channel.modality, channel.rate / factor, channel.unit, means, middle)


def inside(times: Sequence[float] | Array, onset: float, window: Window) -> NDArray[np.bool_]:
    """Return which times lie in a window, [times] of bool."""
    at = np.asarray(times, dtype=np.float64) - onset
    return (at >= window[0]) & (at < window[1])

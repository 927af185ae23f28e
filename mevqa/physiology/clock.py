"""Bring two clocks together by the markers that both recorded, and read times from the names of frames.

MMME's frames are named by the time at which they were taken, with the marker of the stimulus behind it
(``2023-7-28-16-0-31-433-685-116.tif``; arXiv 2506.09834): the first frame of a marker was taken when the recorders of
the signals got the same marker. How far the clocks may disagree is our choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mevqa.physiology.types import Array, Marker

#: Markers of two clocks are one event when they differ by at most so much after the shift, s: a trigger that software
#: gives may come some tens of ms late (our choice).
TOLERANCE_S = 0.05
#: So many of the rarer clock's markers must be found on the other one.
_LEAST_SHARE = 0.5

# Year, month, day, hour, minute, second, millisecond, the camera's count and the marker of the stimulus.
_FRAME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(\d{1,2})-(\d{1,2})-(\d{1,2})-(\d{1,3})-\d{1,6}-(\d+)(?!\d)")


class ClocksDisagree(ValueError):
    """Two clocks whose markers give no common shift."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The shift between two clocks, and how well it fits.

    Attributes:
        offset: Shift to add to the first clock's times, s.
        matched: How many markers both have.
        largest_error: Largest difference of a shared marker after the shift, s.
    """

    offset: float
    matched: int
    largest_error: float


def align_clocks(own: Sequence[Marker], other: Sequence[Marker], tolerance: float = TOLERANCE_S) -> Alignment:
    """Align two clocks: find the shift under which most markers of equal code meet.

    Codes may repeat, and either clock may lack some markers. Of all pairs of equal code, the differences that most
    pairs share decide; the offset is their median.

    Args:
        own: Markers on the clock that is moved.
        other: Markers on the clock to which it is moved.
        tolerance: How far markers of one event may lie apart, s.

    Raises:
        ClocksDisagree: No code is shared, or no shift brings half of the markers together; one line.
    """
    pairs = np.array([b.time - a.time for a in own for b in other if a.code == b.code], dtype=np.float64)
    if not pairs.size:
        codes = [", ".join(map(str, sorted({marker.code for marker in side})[:6])) or "none" for side in (own, other)]
        raise ClocksDisagree(f"shares no marker with the other clock: its codes are {codes[0]}, the other's {codes[1]}")
    pairs.sort()
    upper = np.searchsorted(pairs, pairs + 2 * tolerance, side="right")
    best = int(np.argmax(upper - np.arange(len(pairs))))
    offset = float(np.median(pairs[best : upper[best]]))
    errors = _errors(own, other, offset, tolerance)
    shared = {marker.code for marker in own} & {marker.code for marker in other}
    most = min(sum(marker.code in shared for marker in side) for side in (own, other))
    if len(errors) < max(1.0, _LEAST_SHARE * most):
        message = f"only {len(errors)} of {most} markers come within {1000 * tolerance:.0f} ms of the other clock's"
        raise ClocksDisagree(f"{message}, whatever the shift: one clock runs faster, or the codes mean other events")
    return Alignment(offset, len(errors), float(np.abs(errors).max()))


def _errors(own: Sequence[Marker], other: Sequence[Marker], offset: float, tolerance: float) -> Array:
    """Return the differences of the markers that meet after the shift, each marker of the other clock used once."""
    left = list(other)
    errors = []
    for marker in own:
        near = [b for b in left if b.code == marker.code and abs(marker.time + offset - b.time) <= tolerance]
        if near:
            best = min(near, key=lambda b: abs(marker.time + offset - b.time))
            errors.append(marker.time + offset - best.time)
            left.remove(best)
    return np.array(errors, dtype=np.float64)


def frame_marker(name: str) -> Marker | None:
    """Return when a frame was taken (s since midnight, by the camera's clock) and its marker; None for other names.

    Args:
        name: Name of a frame, with or without its ending.
    """
    parts = _FRAME.match(name.strip())
    if parts is None:
        return None
    hour, minute, second, millisecond, code = map(int, parts.groups())
    return Marker(3600 * hour + 60 * minute + second + millisecond / 1000, code)


def first_frames(names: Iterable[str]) -> tuple[Marker, ...]:
    """Return the first frame of each marker of a recording: when its stimulus began, by the camera's clock.

    Args:
        names: Names of frames in any order; names of another form are passed over.
    """
    first_times: dict[int, float] = {}
    for marker in map(frame_marker, names):
        if marker is not None:
            first_times[marker.code] = min(marker.time, first_times.get(marker.code, np.inf))
    return tuple(sorted(Marker(time, code) for code, time in first_times.items()))

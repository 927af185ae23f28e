"""Lines of digital triggers as markers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mevqa.physiology.types import Marker

#: The lines of one code do not rise in the same sample: a code that is shorter is part of the next one, s (our choice).
_SETTLED_S = 0.002


def trigger_markers(lines: NDArray[np.floating], rate: float, start: float = 0.0) -> tuple[Marker, ...]:
    """Return a marker for each time at which the lines begin to show another code than 0.

    Args:
        lines: [samples, lines], any two levels each (0 and 5 V, 0 and 1); the first line is the lowest bit.
        rate: Samples per second.
        start: Time of the first sample, s.
    """
    if not lines.size or not np.nanmax(lines) > 0:
        return ()
    bits = np.nan_to_num(lines) > np.nanmax(lines) / 2
    codes = bits @ (1 << np.arange(lines.shape[1]))
    edges = np.flatnonzero(np.diff(codes)) + 1
    begins = np.concatenate([[0], edges])
    lengths = np.diff(np.append(begins, len(codes)))
    shortest = max(2, int(round(_SETTLED_S * rate)))
    markers: list[Marker] = []
    current_code, first, unsettled = 0, 0, False
    for begin, length, code, following in zip(begins, lengths, codes[begins], [*codes[begins][1:], 0], strict=True):
        first = first if unsettled else int(begin)
        # A short code before another one is its beginning; before 0 it is a pulse of one sample, or the end of a code.
        unsettled = bool(length < shortest and following)
        if unsettled or (length < shortest and current_code):
            continue
        if code not in (0, current_code):
            markers.append(Marker(start + first / rate, int(code)))
        current_code = int(code)
    return tuple(markers)

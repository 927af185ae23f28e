"""Choice of the frames of footage that are looked at when not all of them are needed."""

from __future__ import annotations

from collections import deque

import numpy as np

#: Steps between frames by which it is judged whether the rate varies.
_STEPS = 8

#: Steps that differ by more than this are of footage whose rate varies, ms: rounded timestamps make 1 (milliseconds of
#: Matroska) to 1.7 (clocks of 600 ticks a second).
_VARIED_MS = 2.5


class Pace:
    """Chooses frames so that between two of them some time passes, on average where the rate of the footage varies.

    At a constant rate a frame is taken as soon as the least time has passed since the last one. Where the rate varies,
    that rule alone would lose each frame that comes a little early: a third of those of a webcam at 30 frames a second.
    There frames fall due at even steps, and what one is late the next may be early. In no time are more frames taken
    than at the even steps, but for two at most.

    Args:
        least_ms: Time between two frames, ms.
    """

    def __init__(self, least_ms: float) -> None:
        self._least_ms = least_ms
        self._asked: deque[float] = deque(maxlen=_STEPS + 1)
        self._taken_ms = -np.inf
        self._due_ms = -np.inf

    def wants(self, ms: float) -> bool:
        """Return whether the frame at a time is to be taken; to be asked once of every frame, in the order of time."""
        self._asked.append(ms)
        return ms - self._taken_ms >= self._least_ms or (ms >= self._due_ms and self._varies())

    def take(self, ms: float) -> None:
        """Note that the frame at a time has been taken."""
        self._taken_ms = ms
        self._due_ms = max(self._due_ms + self._least_ms, ms)

    def _varies(self) -> bool:
        """Return whether the last steps between frames differ."""
        return bool(len(self._asked) > 2 and np.ptp(np.diff(self._asked)) > _VARIED_MS)

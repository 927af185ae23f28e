"""Which frames of fast footage are measured."""

from __future__ import annotations

import numpy as np

#: Rate at which expressions are looked for, frames per second: a micro-expression has five frames at least. Of faster
#: footage only some frames are measured.
FIND_FPS = 30.0

#: Below this rate a reader is warned, frames per second: a micro-expression has hardly three of them.
_SLOW_FPS = 15.0


def slow_warning(step_ms: float) -> list[str]:
    """Return a sentence about footage with so much time between its frames; none where expressions can be seen."""
    if step_ms <= 1000 / _SLOW_FPS:
        return []
    return [f"{1000 / step_ms:.3g} frames per second: expressions of under {3 * step_ms:.0f} ms cannot be seen"]


class Pace:
    """Chooses frames of footage of any rate, so that no more than ``FIND_FPS`` a second are measured.

    Attributes:
        read_ms: Time of the frame that was measured last.
    """

    def __init__(self) -> None:
        self.read_ms = -np.inf

    def wants(self, ms: float) -> bool:
        """Return whether the frame at a time is to be measured; the others need not be decoded to pictures."""
        return bool(ms - self.read_ms >= 900.0 / FIND_FPS)

"""Which frames of fast footage are measured."""

from __future__ import annotations

import numpy as np

#: Rate at which expressions are looked for, frames per second: a micro-expression has five frames at least. Of faster
#: footage only some frames are measured.
FIND_FPS = 30.0


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

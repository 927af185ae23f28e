"""Which frames of fast footage are measured."""

from __future__ import annotations

from mevqa.video.reading.pace import Pace

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


def find_pace() -> Pace:
    """Return what chooses the frames that are measured, about ``FIND_FPS`` a second of faster footage."""
    return Pace(900.0 / FIND_FPS)

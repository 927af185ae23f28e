"""Frames near proposed events, read forward once, also where events share some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

#: Frames decoded at once.
_CHUNK = 8


class ForwardFrames:
    """Frames in the order of time, a few in memory; those that the next event needs too are not decoded again.

    Where a file is read forward, going back would mean to begin anew for every two events close to each other.

    Attributes:
        keep: Frames to hold until they are asked for again.
    """

    def __init__(self, video: Video) -> None:
        self.keep: frozenset[int] = frozenset()
        self._video = video
        self._held: dict[int, np.ndarray] = {}

    def __call__(self, frames: list[int]) -> Iterator[np.ndarray]:
        """Yield frames, given in ascending order."""
        held, self._held = self._held, {}
        for start in range(0, len(frames), _CHUNK):
            chunk = frames[start : start + _CHUNK]
            missing = [frame for frame in chunk if frame not in held]
            read = dict(zip(missing, self._video.frames(missing), strict=True))
            for frame in chunk:
                picture = held.pop(frame) if frame in held else read[frame]
                if frame in self.keep:
                    self._held[frame] = picture
                yield picture

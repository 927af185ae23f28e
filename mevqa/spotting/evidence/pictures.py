"""Frames near proposed events, read forward once, also where events share some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mevqa.errors import MediaError

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

    def __call__(self, frames: list[int]) -> Iterator[np.ndarray | None]:
        """Yield the picture of each of some frames; None for a damaged one, where the video is read without those.

        A pass at a lower rate has not read every frame, so that damage may show here first.

        Args:
            frames: In ascending order.

        Raises:
            MediaError: A frame cannot be read, and the video was not opened to skip those.
        """
        held, self._held = self._held, {}
        for start in range(0, len(frames), _CHUNK):
            chunk = frames[start : start + _CHUNK]
            pictures = self._read([frame for frame in chunk if frame not in held])
            for frame in chunk:
                picture = held.pop(frame) if frame in held else pictures.get(frame)
                if picture is not None and frame in self.keep:
                    self._held[frame] = picture
                yield picture

    def _read(self, frames: list[int]) -> dict[int, np.ndarray]:
        """Return the pictures of frames; damaged ones are left out and noted in the video, if it is to skip them."""
        readable = [frame for frame in frames if frame not in self._video.missing]
        try:
            return dict(zip(readable, self._video.frames(readable), strict=True))
        except MediaError:
            if not self._video.skips_damaged:
                raise
        pictures = {}
        for frame in readable:
            try:
                pictures[frame] = self._video.frames([frame])[0]
            except MediaError:
                self._video.missing.add(frame)
        return pictures

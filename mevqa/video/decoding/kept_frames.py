"""Frames of a short file kept as they were decoded, so that it is read again without being decoded again."""

from __future__ import annotations

from typing import Any

#: Bytes of decoded frames that are kept of one file: some 290 frames of 640x480 pixels in the usual 4:2:0.
MOST_BYTES = 128 << 20


class KeptFrames:
    """Every decoded frame of a file, or none where they are too many."""

    def __init__(self) -> None:
        self._frames: list[Any] = []
        self._room = MOST_BYTES

    def add(self, frame: Any) -> None:
        """Keep the next frame of a file, as PyAV decoded it; where there is no room for it, let all others go."""
        if self._room < 0:
            return
        self._room -= sum(plane.buffer_size for plane in frame.planes)
        if self._room < 0:
            self._frames.clear()
        else:
            self._frames.append(frame)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Any:
        return self._frames[index]

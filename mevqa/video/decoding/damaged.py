"""Decoding what is left of a damaged file: frames that cannot be decoded are left out, the others keep their times.

Everywhere else a damaged file is an error, because a wrong frame would be an answer about something else. A long
recording with a broken minute is worth reading for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import av

from mevqa.video.decoding.streams import STRICT, open_stream
from mevqa.video.decoding.timing import decide_timing

#: A reader gives up after so many packets in a row that cannot be decoded.
_MOST_BROKEN = 5000


class DamagedDecoder:
    """The frames of a file that can be decoded, in the order of time, each with its number by the file's own clock.

    Attributes:
        stream: The PyAV stream.
        rate: Average frame rate by the container, None when it has none.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            MediaError: It has no picture stream that can be opened.
        """
        # Otherwise libavcodec paints over what is damaged and says nothing.
        self._container, self.stream = open_stream(path, STRICT)
        self.rate = self.stream.average_rate or self.stream.guessed_rate
        self._numbered = self._number()

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        return self._numbered

    def close(self) -> None:
        """Close the file."""
        self._numbered.close()
        self._container.close()

    def _number(self) -> Generator[tuple[int, Any], None, None]:
        """Yield (number, frame): what is missing in between keeps its place."""
        fps = decide_timing(0, None, self.rate).fps
        first: Any = None
        last = -1
        for frame in self._decode():
            if frame.time is None:
                continue
            first = frame if first is None else first
            number = round((frame.time - first.time) * fps)
            if number > last and (frame.width, frame.height) == (first.width, first.height):
                last = number
                yield number, frame

    def _decode(self) -> Iterator[Any]:
        packets = self._container.demux(self.stream)
        since = 0
        # What is not yet decoded when a packet is lost refers to it, up to the next whole keyframe; not every FFmpeg
        # marks such pictures as corrupt.
        whole_from: float = -math.inf
        while since < _MOST_BROKEN:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except (av.FFmpegError, OSError, ValueError):
                since += 1
                whole_from = math.inf
                continue
            since = 0
            if whole_from == math.inf and packet.is_keyframe and packet.pts is not None:
                whole_from = packet.pts
            for frame in frames:
                if not frame.is_corrupt and (frame.pts is None or frame.pts >= whole_from):
                    yield frame

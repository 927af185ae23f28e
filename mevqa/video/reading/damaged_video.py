"""Reading what is left of a damaged file: frames that cannot be decoded are left out, the others keep their times.

Everywhere else a damaged file is an error, because a wrong frame would be an answer about something else. A long
recording with a broken minute is worth reading for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from mevqa.errors import MediaError
from mevqa.video.decoding.orientation import UPRIGHT, Orientation, orientation_of
from mevqa.video.decoding.streams import Painter, open_stream
from mevqa.video.decoding.timing import ASSUMED_FPS

#: A reader gives up after so many packets in a row that cannot be decoded.
_MOST_BROKEN = 5000


class Shown(NamedTuple):
    """One frame.

    Attributes:
        number: Its place in the whole file, by its time.
        ms: Its time from the first frame.
        picture: RGB [H, W, 3]; None for a frame that nobody wants.
    """

    number: int
    ms: float
    picture: np.ndarray | None


class Missing(NamedTuple):
    """A frame that could not be read.

    Attributes:
        number: Its place.
        ms: Its time.
        why: What is wrong with it.
    """

    number: int
    ms: float
    why: str


class DamagedVideo:
    """The decodable frames of a file, forward.

    Attributes:
        fps: Frames per second.
        announced: Frames by the file's header, 0 when it does not tell.
    """

    def __init__(self, path: Path, fps: float | None = None) -> None:
        """Open the file.

        Args:
            path: The video.
            fps: Frames per second when the user knows better.

        Raises:
            MediaError: It has no picture stream that can be opened.
        """
        self._path = path
        # Otherwise libavcodec paints over what is damaged and says nothing.
        self._container, self._stream = open_stream(path, {"err_detect": "crccheck+bitstream+buffer+explode"})
        rate = self._stream.average_rate or self._stream.guessed_rate
        self._own_fps = float(rate) if rate else ASSUMED_FPS
        self.fps = fps or self._own_fps
        self.announced = int(self._stream.frames)

    def __iter__(self) -> Iterator[Shown | Missing]:
        """Yield the frames that can be decoded in the order of time, and one entry for each run of missing ones.

        Raises:
            MediaError: No frame can be decoded.
        """
        paint: Painter | None = None
        first: float | None = None
        last = -1
        size: tuple[int, int] | None = None
        for frame in self._frames():
            seconds = frame.time
            if seconds is None:
                continue
            first = seconds if first is None else first
            # By the file's own clock: what is missing in between keeps its place.
            index = round((seconds - first) * self._own_fps)
            if paint is None:
                paint, size = Painter(_orientation(frame)), (frame.width, frame.height)
            if index <= last or (frame.width, frame.height) != size:
                continue
            if index > last + 1:
                yield Missing(last + 1, (last + 1) * 1000.0 / self.fps, "damaged frames")
            last = index
            yield Shown(index, index * 1000.0 / self.fps, paint(frame))
        if last < 0:
            raise MediaError(self._path, "is damaged: no frame can be decoded")

    def _frames(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        since = 0
        while since < _MOST_BROKEN:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except (av.FFmpegError, OSError, ValueError):
                since += 1
                continue
            since = 0
            yield from (frame for frame in frames if not frame.is_corrupt)

    def close(self) -> None:
        """Close the file."""
        self._container.close()


def _orientation(frame: Any) -> Orientation:
    """Return how to turn the frames upright; those that are turned by another angle stay as they are."""
    try:
        return orientation_of(frame.side_data.get("DISPLAYMATRIX"))
    except ValueError:
        return UPRIGHT

"""Reading a video file once: the frames that come out are held against the table of its packets.

Everywhere else a file is decoded to its end before a frame is used, because only that tells how many frames it has
(``mevqa.video.decoding.probe``). Here every frame is read anyway, so the number of frames and their times are taken
from the packets, which costs no decoding, and each decoded frame must be the one that the table announces. Where it is
not, or where packets do not tell, the file is read the other way: a wrong number is never handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from mevqa.errors import MediaError
from mevqa.video.decoding.containers import declared_size
from mevqa.video.decoding.orientation import orientation_of
from mevqa.video.decoding.streams import Painter, StreamingDecoder
from mevqa.video.decoding.timing import decide_timing
from mevqa.video.reading.damaged_video import Shown


class PacketMismatch(Exception):
    """A file gave other frames than its packets announce."""


class _Table(NamedTuple):
    """What the packets of a stream tell.

    Attributes:
        stamps: [frames] presentation times in the order of showing, in units of the stream.
        unit_ms: The unit.
        rate: Average frame rate by the container.
    """

    stamps: NDArray[np.int64]
    unit_ms: float
    rate: Any


def open_streaming(path: Path, fps: float | None = None) -> StreamingVideo | None:
    """Open a video file for reading it forward; None where it does not tell its rate or when each frame is shown.

    Args:
        path: The file.
        fps: Frames per second when the user knows better than the file.
    """
    try:
        declared = declared_size(path)
        if declared is not None and declared > path.stat().st_size:
            return None
        table = _read_table(path)
    except (MediaError, OSError, ValueError, av.FFmpegError):
        return None
    if table is None:
        return None
    video = StreamingVideo(path, fps, table)
    return None if video.rate_is_assumed else video


def _read_table(path: Path) -> _Table | None:
    """Return when each frame is shown; None where a packet is hidden, has no time, or shares it with another."""
    decoder = StreamingDecoder(path)
    stamps = []
    try:
        stream = decoder.stream
        # The decoder is opened for its choice of stream and its refusals; nothing is decoded.
        for packet in stream.container.demux(stream):
            if packet.is_corrupt or packet.is_discard or (packet.size and packet.pts is None):
                return None
            if packet.size:
                stamps.append(packet.pts)
        announced = int(stream.frames)
        if not stamps or stream.time_base is None or announced not in (0, len(stamps)):
            return None
        shown = np.sort(np.array(stamps, dtype=np.int64))
        if np.any(np.diff(shown) <= 0):
            return None
        return _Table(shown, 1000.0 * float(stream.time_base), stream.average_rate)
    finally:
        decoder.close()


class StreamingVideo:
    """The frames of a file in the order of time.

    Attributes:
        path: The file.
        fps: Frames per second.
        times_ms: float64 [frames] presentation times, the first is 0.
        rate_is_assumed: Whether neither the user nor the file told the rate.
        warnings: None: what is told of such files is that they can be read this way.
    """

    warnings: tuple[str, ...] = ()

    def __init__(self, path: Path, fps: float | None, table: _Table) -> None:
        self.path = path
        self._stamps = table.stamps
        own = (table.stamps - table.stamps[0]) * table.unit_ms
        timing = decide_timing(len(own), fps, table.rate, own, table.unit_ms)
        self.fps = timing.fps
        self.times_ms = timing.times_ms
        self.rate_is_assumed = timing.source == "assumed"
        self._reading: Iterator[tuple[int, np.ndarray | None]] | None = None
        self._next = 0
        self._wanted: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self._stamps)

    def shown(self, wants: Callable[[float], bool]) -> Generator[Shown, None, None]:
        """Yield every frame; those that are not wanted, by their time in ms, without a picture.

        Raises:
            NotAsAnnounced: The file has other frames than its packets announce, or cannot be decoded.
        """
        for number, picture in self._decode(lambda number: wants(float(self.times_ms[number]))):
            yield Shown(number, float(self.times_ms[number]), picture)

    def frames(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Return frames in ascending order; going on from the last call, or from the start where that is behind.

        Raises:
            NotAsAnnounced: As ``shown``.
        """
        self._wanted = frozenset(indices)
        if self._reading is None or (indices and indices[0] < self._next):
            self._reading, self._next = self._decode(lambda number: number in self._wanted), 0
        found: list[np.ndarray] = []
        while len(found) < len(indices):
            number, picture = next(self._reading)
            self._next = number + 1
            if picture is not None:
                found.append(picture)
        return found

    def _decode(self, wanted: Callable[[int], bool]) -> Iterator[tuple[int, np.ndarray | None]]:
        """Yield (number, RGB [H, W, 3] where it is wanted) of every frame."""
        paint: Painter | None = None
        size: tuple[int, int] | None = None
        number = -1
        try:
            decoder = StreamingDecoder(self.path)
            try:
                for number, frame in enumerate(decoder):
                    if paint is None:
                        paint, size = (
                            Painter(orientation_of(frame.side_data.get("DISPLAYMATRIX"))),
                            (frame.width, frame.height),
                        )
                    if number >= len(self) or frame.pts != self._stamps[number] or (frame.width, frame.height) != size:
                        raise PacketMismatch(f"{self.path}: frame {number} is not the one that is announced")
                    yield number, paint(frame) if wanted(number) else None
            finally:
                decoder.close()
        except (MediaError, ValueError, OSError) as error:
            raise PacketMismatch(str(error)) from error
        if number + 1 != len(self):
            raise PacketMismatch(f"{self.path}: {number + 1} frames of {len(self)}")

"""Knowing a video file before frames are taken from it: whole, decodable to the end, how many frames, when."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mevqa.errors import MediaError
from mevqa.video.containers import declared_size
from mevqa.video.decoding import ForwardDecoder
from mevqa.video.orientation import Orientation, orientation_of

#: Results that are kept, so that checking a set and then answering it decodes each file once. 8 bytes a frame each.
_REMEMBERED = 256


@dataclass(frozen=True)
class Probe:
    """What one complete decoding of a file told.

    Attributes:
        frames: Number of frames that decode.
        size: (width, height) upright, pixels.
        orientation: How to turn decoded frames upright.
        rate: Average frame rate by the container, None when it has none.
        times_ms: float64 ``[frames]`` from 0 in ms, None when the container gives no increasing times.
        tick_ms: Resolution of those times in ms.
        container: ffmpeg's names of the container format.
        codec: ffmpeg's name of the codec.
        packets: What the packets told.
    """

    frames: int
    size: tuple[int, int]
    orientation: Orientation
    rate: Fraction | None
    times_ms: np.ndarray | None
    tick_ms: float
    container: str
    codec: str
    packets: PacketLog


@dataclass
class PacketLog:
    """Facts about the packets that decide whether random access can be exact.

    Attributes:
        count: Packets that carry data.
        keyframes: Those that can be decoded alone.
        reordered: Whether some packet is shown before an earlier one (B-frames).
        open_gop: Whether a packet after a later keyframe is shown before that keyframe.
        discarded: Whether some packets are decoded and not shown (edit lists).
        unstamped: Whether some packet has no presentation time.
    """

    count: int = 0
    keyframes: int = 0
    reordered: bool = False
    open_gop: bool = False
    discarded: bool = False
    unstamped: bool = False
    _latest: int | None = field(default=None, repr=False)
    _key: int | None = field(default=None, repr=False)

    def add(self, packet: Any) -> None:
        """Take note of one packet."""
        if packet.size == 0:
            return
        self.count += 1
        self.discarded |= packet.is_discard
        if packet.pts is None:
            self.unstamped = True
            return
        if packet.is_keyframe:
            self.keyframes += 1
            self._key = packet.pts
        elif self._key is not None and packet.pts < self._key:
            self.open_gop = True
        if self._latest is not None and packet.pts < self._latest:
            self.reordered = True
        self._latest = packet.pts if self._latest is None else max(self._latest, packet.pts)


def probe(path: Path) -> Probe:
    """Decode ``path`` once from start to end and return what is known about it.

    Decoding everything is the only way to know the number of frames (hidden and dropped frames are not in any header)
    and that no frame is damaged; it costs one to three ms a frame at 720p. The result is remembered while the file
    keeps its size and modification time.

    Raises:
        MediaError: Missing, not a file, empty, truncated, damaged, or not a video.
    """
    if not path.exists():
        raise MediaError(path, "there is no such file or folder")
    if not path.is_file():
        raise MediaError(path, "is neither a file nor a folder")
    try:
        status = path.stat()
        return _probe(path.absolute(), status.st_size, status.st_mtime_ns)
    except MediaError as error:
        raise MediaError(path, error.reason) from error
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from error


@lru_cache(maxsize=_REMEMBERED)
def _probe(path: Path, length: int, modified: int) -> Probe:
    if length == 0:
        raise MediaError(path, "is empty (0 bytes); copy it again")
    declared = declared_size(path)
    if declared is not None and declared > length:
        raise MediaError(path, f"is truncated: {length} of {declared} bytes are there; copy it again")
    packets = PacketLog()
    decoder = ForwardDecoder(path, packets.add)
    try:
        stream = decoder.stream
        stamps: list[int | None] = []
        size: tuple[int, int] | None = None
        matrix: bytes | None = None
        for frame in decoder:
            if size is None:
                size = (frame.width, frame.height)
                data = frame.side_data.get("DISPLAYMATRIX")
                matrix = bytes(data) if data is not None else None
            elif size != (frame.width, frame.height):
                raise MediaError(
                    path, f"frame {len(stamps)} is {frame.width}x{frame.height}, the first {size[0]}x{size[1]}"
                )
            stamps.append(frame.pts)
        if size is None:
            raise MediaError(path, "has no frame that can be decoded")
        try:
            orientation = orientation_of(matrix)
        except ValueError as error:
            raise MediaError(path, str(error)) from error
        return Probe(
            frames=len(stamps),
            size=orientation.size(*size),
            orientation=orientation,
            rate=stream.average_rate,
            times_ms=_times(stamps, stream.time_base),
            tick_ms=1000.0 * float(stream.time_base or 0),
            container=decoder.container_name,
            codec=stream.codec_context.name,
            packets=packets,
        )
    finally:
        decoder.close()


def _times(stamps: list[int | None], unit: Fraction | None) -> np.ndarray | None:
    if unit is None or any(stamp is None for stamp in stamps):
        return None
    times = np.array(stamps, dtype=np.int64)
    if np.any(np.diff(times) <= 0):
        return None
    result: np.ndarray = (times - times[0]) * (1000.0 * float(unit))
    return result

"""Knowing a video file before frames are taken from it: whole, decodable to the end, how many frames, when."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mevqa.errors import MediaError
from mevqa.video.decoding.containers import declared_size
from mevqa.video.decoding.orientation import Orientation, orientation_of
from mevqa.video.decoding.packets import PacketLog
from mevqa.video.decoding.streams import StreamingDecoder

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
        container: ffmpeg's names of the container format: ``mov,mp4,m4a,3gp,3g2,mj2``.
        codec: ffmpeg's name of the codec.
        packets: What the packets told.
        index_agrees: Whether the index of an AVI file names just the packets that are there.
        warnings: What a reader should know.
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
    index_agrees: bool
    warnings: tuple[str, ...]


def probe(path: Path) -> Probe:
    """Decode ``path`` once from start to end and return what is known about it.

    Decoding everything is the only way to know the number of frames (hidden and dropped frames are not in any header)
    and that no frame is damaged; it costs one to three ms a frame at 720p. The result is remembered while the file
    keeps its size and modification time.

    Raises:
        MediaError: Missing, not a file, empty, truncated, damaged, or not a video.
    """
    try:
        if not path.exists():
            raise MediaError(path, "there is no such file or folder")
        if not path.is_file():
            raise MediaError(path, "is neither a file nor a folder")
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
    decoder = StreamingDecoder(path, packets.add)
    try:
        pictures = _Pictures(path)
        for frame in decoder:
            pictures.add(frame)
        codec = decoder.stream.codec_context.name
        lost = packets.lost(len(pictures.stamps), codec, pictures.interlaced)
        if pictures.size is None or lost:
            raise MediaError(path, f"is damaged: {lost or packets.count} of {packets.count} pictures cannot be decoded")
        unit = decoder.stream.time_base
        return Probe(
            frames=len(pictures.stamps),
            size=pictures.orientation.size(*pictures.size),
            orientation=pictures.orientation,
            rate=decoder.stream.average_rate,
            times_ms=_times(pictures.stamps, unit),
            tick_ms=1000.0 * float(unit or 0),
            container=decoder.container_name,
            codec=codec,
            packets=packets,
            # Older PyAV does not show the index.
            index_agrees=packets.agrees_with(getattr(decoder.stream, "index_entries", None)),
            warnings=_hold_against_header(path, decoder, packets, len(pictures.stamps)),
        )
    finally:
        decoder.close()


class _Pictures:
    """Times, size and orientation of the decoded frames, which must not change on the way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stamps: list[int | None] = []
        self.size: tuple[int, int] | None = None
        self.orientation = Orientation()
        self.interlaced = False

    def add(self, frame: Any) -> None:
        if self.size is None:
            self.size = (frame.width, frame.height)
            try:
                self.orientation = orientation_of(frame.side_data.get("DISPLAYMATRIX"))
            except ValueError as error:
                raise MediaError(self._path, str(error)) from error
        elif self.size != (frame.width, frame.height):
            width, height = self.size
            number = len(self.stamps)
            raise MediaError(
                self._path, f"frame {number} is {frame.width}x{frame.height} pixels, the first {width}x{height}"
            )
        self.interlaced |= frame.interlaced_frame
        self.stamps.append(frame.pts)


def _hold_against_header(path: Path, decoder: StreamingDecoder, packets: PacketLog, shown: int) -> tuple[str, ...]:
    """Compare the frames shown with the number that the container announces, when it does."""
    announced = int(decoder.stream.frames)
    if announced <= shown:
        return ()
    if decoder.container_name != "avi":
        # Phones trim a film by an edit list and leave the rest in the file.
        return (f"{announced - shown} of the file's {announced} frames are hidden; frames are counted without them",)
    if packets.end >= (decoder.stream.duration or 0):
        # A recorder that misses a picture writes an empty chunk: it has its time and no picture.
        return (f"{announced - shown} frames were dropped when it was recorded; frames are counted without them",)
    raise MediaError(
        path,
        f"is damaged: its header announces {announced} frames, {shown} are there; copy it again, or if only the header "
        "is wrong rewrite it (ffmpeg -i IN -c copy OUT)",
    )


def _times(stamps: list[int | None], unit: Fraction | None) -> np.ndarray | None:
    if unit is None or any(stamp is None for stamp in stamps):
        return None
    times = np.array(stamps, dtype=np.int64)
    if np.any(np.diff(times) <= 0):
        return None
    result: np.ndarray = (times - times[0]) * (1000.0 * float(unit))
    result.flags.writeable = False
    return result

"""Frames of a video file and their times: from a complete decoding, from its packets, or from a damaged file."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import av
import numpy as np
from numpy.typing import NDArray

from mevqa.errors import MediaError
from mevqa.video.decoding.containers import declared_size
from mevqa.video.decoding.damaged import DamagedDecoder
from mevqa.video.decoding.kept_frames import KeptFrames
from mevqa.video.decoding.orientation import UPRIGHT, Orientation, orientation_of
from mevqa.video.decoding.packets import PacketLog
from mevqa.video.decoding.streams import StreamingDecoder
from mevqa.video.decoding.timing import Timing, decide_timing

#: Tables that are kept, so that checking a set and then answering it decodes each file once. 8 bytes a frame each.
_REMEMBERED = 256

#: The tables by path, size and modification time, the one used last at the end; and the lock of this dictionary.
_tables: OrderedDict[tuple[Path, int, int], FrameTable] = OrderedDict()
_guard = Lock()

#: Containers (ffmpeg's names) with an index of presentation times, in which a jump arrives where it should.
_INDEXED = ("mp4", "matroska")

#: Codecs with reordered frames that were tested in those containers.
_REORDERING = frozenset({"h264", "hevc"})

#: Codecs of which every frame stands alone; these are exact in AVI too.
_INTRA = frozenset({"mjpeg", "ffv1", "huffyuv", "ffvhuff", "rawvideo", "prores", "dnxhd"})


@dataclass(frozen=True)
class FrameTable:
    """The frames of a video file: number, size, times, and how they were counted.

    Attributes:
        frames: Number of frames.
        size: (width, height) upright, pixels.
        orientation: How to turn decoded frames upright.
        rate: Average frame rate by the container, None when it has none.
        stamps: int64 ``[frames]`` increasing presentation times in ticks, None when the container gives none.
        tick_ms: Length of a tick, ms.
        container: ffmpeg's names of the container format: ``mov,mp4,m4a,3gp,3g2,mj2``.
        codec: ffmpeg's name of the codec.
        packets: Facts about the packets: their number, keyframes and times.
        source: ``decoding``: every frame was decoded; ``packets``: announced and to be seen; ``damaged``: what could be
            decoded of a file that is not whole.
        missing: Frames that cannot be decoded.
        index_agrees: Whether the index of an AVI file names just the packets that are there.
        keys_are_pictures: Whether every packet that is marked as a keyframe gave a picture that refers to no other.
        warnings: What a reader should know.
    """

    frames: int
    size: tuple[int, int]
    orientation: Orientation
    rate: Fraction | None
    stamps: NDArray[np.int64] | None
    tick_ms: float
    container: str
    codec: str
    packets: PacketLog
    source: Literal["decoding", "packets", "damaged"] = "decoding"
    missing: frozenset[int] = frozenset()
    index_agrees: bool = False
    keys_are_pictures: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def times_ms(self) -> NDArray[np.float64] | None:
        """Times from the first frame ``[frames]``, ms; None when the container gives no increasing times."""
        return None if self.stamps is None else (self.stamps - self.stamps[0]) * self.tick_ms

    def timing(self, fps: float | None) -> Timing:
        """Return the frame rate and times, by the user's rate where there is one."""
        return decide_timing(self.frames, fps, self.rate, self.times_ms, self.tick_ms)

    @property
    def can_jump(self) -> bool:
        """Whether decoding from a keyframe in the middle gives the frames that decoding from the start gives.

        Not in AVI with B-frames, MPEG-TS and PS, WMV, files with an edit list and files with an open GOP (the default
        of x265), and of no use in a file of one group of pictures.
        """
        packets = self.packets
        if packets.keyframes < 2 or packets.count != self.frames or self.stamps is None or not self.keys_are_pictures:
            return False
        if packets.discarded or packets.open_gop or packets.unstamped or self.warnings:
            return False
        indexed = any(name in self.container.split(",") for name in _INDEXED)
        if packets.keyframes == packets.count and self.codec in _INTRA:
            return indexed or (self.container == "avi" and self.index_agrees)
        return indexed and self.codec in _REORDERING

    def keyframe_before(self, frame: int) -> int:
        """Return the last frame, up to ``frame``, from which decoding can begin."""
        before = int(np.searchsorted(self._keyframes, frame, side="right"))
        return int(self._keyframes[before - 1]) if before else 0

    @cached_property
    def _keyframes(self) -> NDArray[np.int64]:
        if not self.can_jump or self.stamps is None:
            return np.zeros(0, np.int64)
        return np.searchsorted(self.stamps, np.sort(np.array(self.packets.key_stamps, dtype=np.int64)))


def probe(path: Path, kept: KeptFrames | None = None) -> FrameTable:
    """Decode ``path`` once from start to end and return its frames.

    Decoding everything is the only way to know the number of frames (hidden and dropped frames are not in any header)
    and that no frame is damaged; it costs one to three ms a frame at 720p. The result is remembered while the file
    keeps its size and modification time.

    Args:
        path: The file.
        kept: Takes the decoded frames; none where the result is remembered.

    Raises:
        MediaError: Missing, not a file, empty, truncated, damaged, or not a video.
    """
    try:
        if not path.exists():
            raise MediaError(path, "there is no such file or folder")
        if not path.is_file():
            raise MediaError(path, "is neither a file nor a folder")
        status = path.stat()
        key = (path.absolute(), status.st_size, status.st_mtime_ns)
        with _guard:
            if key in _tables:
                _tables.move_to_end(key)
                return _tables[key]
        table = _decode_all(key[0], status.st_size, kept)
        with _guard:
            _tables[key] = table
            while len(_tables) > _REMEMBERED:
                _tables.popitem(last=False)
        return table
    except MediaError as error:
        raise MediaError(path, error.reason) from error
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from error


def _decode_all(path: Path, length: int, kept: KeptFrames | None) -> FrameTable:
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
            if kept is not None:
                kept.add(frame)
        codec = decoder.stream.codec_context.name
        frames = len(pictures.stamps)
        lost = packets.lost(frames, codec, pictures.interlaced)
        if pictures.size is None or lost:
            raise MediaError(path, f"is damaged: {lost or packets.count} of {packets.count} pictures cannot be decoded")
        unit = decoder.stream.time_base
        return FrameTable(
            frames,
            pictures.orientation.size(*pictures.size),
            pictures.orientation,
            decoder.stream.average_rate,
            None if unit is None else _increasing(pictures.stamps),
            1000.0 * float(unit or 0),
            decoder.container_name,
            codec,
            packets,
            # Older PyAV does not show the index.
            index_agrees=packets.agrees_with(getattr(decoder.stream, "index_entries", None)),
            keys_are_pictures=pictures.keyframes == packets.keyframes,
            warnings=_hold_against_header(path, decoder, packets, frames),
        )
    finally:
        decoder.close()


class _Pictures:
    """Times, size and orientation of the decoded frames, which must not change on the way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stamps: list[int | None] = []
        self.size: tuple[int, int] | None = None
        self.orientation = UPRIGHT
        self.interlaced = False
        self.keyframes = 0

    def add(self, frame: Any) -> None:
        if self.size is None:
            self.size = (frame.width, frame.height)
            self.orientation = _orientation(self._path, frame)
        elif self.size != (frame.width, frame.height):
            width, height = self.size
            number = len(self.stamps)
            raise MediaError(
                self._path, f"frame {number} is {frame.width}x{frame.height} pixels, the first {width}x{height}"
            )
        self.interlaced |= frame.interlaced_frame
        self.keyframes += frame.key_frame and frame.pict_type == av.video.frame.PictureType.I
        self.stamps.append(frame.pts)


def _orientation(path: Path, frame: Any) -> Orientation:
    try:
        return orientation_of(frame.side_data.get("DISPLAYMATRIX"))
    except ValueError as error:
        raise MediaError(path, str(error)) from error


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


def _increasing(stamps: Sequence[int | None]) -> NDArray[np.int64] | None:
    """Return presentation times as an array, None where one is missing or they do not increase."""
    if any(stamp is None for stamp in stamps):
        return None
    times = np.array(stamps, dtype=np.int64)
    return None if np.any(np.diff(times) <= 0) else times


def packet_table(path: Path) -> FrameTable | None:
    """Return the frames that the packets of a file announce, which costs no decoding but that of the first frame.

    Returns:
        None where there is no file, it is not whole, or a packet is hidden, has no time, or shares it with another.
    """
    try:
        if not path.is_file():  # A pipe would be waited for.
            return None
        declared = declared_size(path)
        if declared is not None and declared > path.stat().st_size:
            return None
        packets = PacketLog()
        decoder = StreamingDecoder(path, packets.add)
    except (MediaError, OSError, ValueError):
        return None
    try:
        stream = decoder.stream
        first = next(decoder)
        for packet in stream.container.demux(stream):
            if packet.is_corrupt:
                return None
            packets.add(packet)
        stamps = _increasing(sorted(packets.stamps))
        announced = int(stream.frames)
        if stamps is None or packets.unstamped or packets.discarded or stream.time_base is None:
            return None
        if announced not in (0, packets.count):
            return None
        orientation = _orientation(path, first)
        return FrameTable(
            len(stamps),
            orientation.size(first.width, first.height),
            orientation,
            stream.average_rate,
            stamps,
            1000.0 * float(stream.time_base),
            decoder.container_name,
            stream.codec_context.name,
            packets,
            source="packets",
        )
    except (StopIteration, MediaError, OSError, ValueError, av.FFmpegError):
        return None
    finally:
        decoder.close()


def damaged_table(path: Path) -> FrameTable:
    """Decode what can be decoded of a damaged file and return the frames that are there, numbered by their times.

    Raises:
        MediaError: No frame can be decoded.
    """
    decoder = DamagedDecoder(path)
    try:
        missing = set[int]()
        frames = 0
        first: Any = None
        for number, frame in decoder:
            first = frame if first is None else first
            missing.update(range(frames, number))
            frames = number + 1
        if first is None:
            raise MediaError(path, "is damaged: no frame can be decoded")
        stream = decoder.stream
        announced = int(stream.frames)
        # AVI tells no times: what is lost there moves everything after it.
        warning = f"only {frames} of {announced} frames are found: times may be early after a gap"
        try:
            orientation = _orientation(path, first)
        except MediaError:  # Turned by another angle: what is left is shown as it lies.
            orientation = UPRIGHT
        return FrameTable(
            frames,
            orientation.size(first.width, first.height),
            orientation,
            decoder.rate,
            None,
            0.0,
            str(stream.container.format.name),
            stream.codec_context.name,
            PacketLog(),
            source="damaged",
            missing=frozenset(missing),
            warnings=(warning,) if frames < announced else (),
        )
    finally:
        decoder.close()

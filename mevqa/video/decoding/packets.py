"""Facts about a file's packets, decoded or not: how many there are, and whether jumping among them can be exact."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: Codecs of which every packet holds one picture, so that fewer pictures than packets means that some were lost.
#: Left out: VP8, VP9 and AV1 (packets that are never shown) and unknown ones.
_ONE_PICTURE_A_PACKET = frozenset(
    {"h264", "hevc", "mjpeg", "mpeg4", "ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "prores", "dnxhd", "png"}
)

#: MPEG-4 packets up to this many bytes may say "as before" without a picture (libavcodec, h263dec.c, MAX_NVOP_SIZE).
_EMPTY_MPEG4 = 19

#: Bytes before a picture in an AVI file: its tag and its size.
_AVI_CHUNK_HEADER = 8


@dataclass
class PacketLog:
    """Facts about the packets of one stream, collected while it is decoded.

    Attributes:
        count: Packets that carry data.
        tiny: Those too small to need a picture in MPEG-4.
        keyframes: Those that can be decoded alone.
        early: Packets shown before the first keyframe (open GOP at a cut): decoders drop them.
        open_gop: Whether a packet after a keyframe is shown before that keyframe.
        discarded: Packets that are decoded and not shown (edit lists).
        unstamped: Whether some packet has no presentation time.
        positions: Byte in the file where each packet begins.
        stamps: Presentation time of each packet that has one, in units of the stream.
        key_stamps: Those of the packets that can be decoded alone.
        end: Latest decoding time reached, one packet's duration after its start, in units of the stream.
    """

    count: int = 0
    tiny: int = 0
    keyframes: int = 0
    early: int = 0
    open_gop: bool = False
    discarded: int = 0
    unstamped: bool = False
    end: int = 0
    positions: array[int] = field(default_factory=lambda: array("q"), repr=False)
    stamps: array[int] = field(default_factory=lambda: array("q"), repr=False)
    key_stamps: array[int] = field(default_factory=lambda: array("q"), repr=False)

    def add(self, packet: Any) -> None:
        """Count one packet and note its times."""
        if packet.size == 0:
            return
        self.count += 1
        self.tiny += packet.size <= _EMPTY_MPEG4
        self.discarded += packet.is_discard
        self.keyframes += packet.is_keyframe
        self.positions.append(-1 if packet.pos is None else packet.pos)
        if packet.dts is not None:
            self.end = max(self.end, packet.dts + (packet.duration or 0))
        stamp = packet.pts
        if stamp is None:
            self.unstamped = True
            return
        self.stamps.append(stamp)
        if packet.is_keyframe:
            self.key_stamps.append(stamp)
        elif not self.key_stamps or stamp < self.key_stamps[-1]:
            self.open_gop = True
            self.early += not self.key_stamps or stamp < self.key_stamps[0]

    def agrees_with(self, index: Iterable[Any] | None) -> bool:
        """Return whether an AVI file's index (PyAV's ``index_entries``) names just these packets, all as keyframes.

        Reading in order follows the chunks, jumping follows the index: where they differ, jumping goes astray.
        """
        if index is None:
            return False
        entries = [(entry.pos + _AVI_CHUNK_HEADER, entry.timestamp) for entry in index if entry.is_keyframe]
        return entries == [(position, number) for number, position in enumerate(self.positions)]

    def lost(self, frames: int, codec: str, interlaced: bool) -> int:
        """Return how many pictures are missing when ``frames`` were decoded, 0 where that cannot be told.

        Args:
            frames: Number of frames that came out.
            codec: ffmpeg's name of the codec.
            interlaced: Whether the frames are interlaced: H.264 fields may have a packet each.
        """
        if codec not in _ONE_PICTURE_A_PACKET or interlaced:
            return 0
        excused = self.discarded + self.early + (self.tiny if codec == "mpeg4" else 0)
        return max(0, self.count - excused - frames)

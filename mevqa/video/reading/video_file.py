"""Video files by PyAV: decoded forward and counted, each frame held against the table of the file's frames."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np

from mevqa.errors import MediaError
from mevqa.video.decoding.damaged import DamagedDecoder
from mevqa.video.decoding.frame_table import FrameTable
from mevqa.video.decoding.kept_frames import KeptFrames
from mevqa.video.decoding.streams import Painter, StreamingDecoder
from mevqa.video.reading.video import FrameRead, Video

#: Frames kept for going back a little (onset, apex, onset again) without decoding again.
_RECENT = 8


class PacketMismatch(MediaError):
    """A file gave other frames than its packets announce."""


class VideoFile(Video):
    """A video file, decoded forward from a kept position; going back before the recent frames starts over.

    Where it can be exact, decoding starts at the keyframe before the frame that is asked for, else at the start. Of a
    file whose decoded frames are kept nothing is decoded again.
    """

    backend = "pyav"

    def __init__(self, path: Path, table: FrameTable, fps: float | None, kept: KeptFrames | None = None) -> None:
        super().__init__(path, table.size, table.timing(fps))
        self.warnings += table.warnings
        self.missing |= table.missing
        self._table = table
        self._kept = kept
        self._numbered: Generator[tuple[int, Any], None, None] | None = None
        self._next = 0
        self._paint = Painter(table.orientation)
        self._recent: OrderedDict[int, np.ndarray] = OrderedDict()
        self._passes: WeakSet[Generator[tuple[int, Any], None, None]] = WeakSet()

    def read_forward(self, wants: Callable[[float], bool] = lambda ms: True) -> Iterator[FrameRead]:
        """Yield every frame as ``Video.read_forward`` does; a frame that is not wanted is decoded and not converted."""
        paint = Painter(self._table.orientation)
        numbered = self._decode()
        self._passes.add(numbered)
        following = 0
        for number, frame in numbered:
            if number > following:
                yield FrameRead(following, float(self.times_ms[following]), None, "damaged frames")
            following = number + 1
            ms = float(self.times_ms[number])
            yield FrameRead(number, ms, paint(frame) if wants(ms) else None)
            self._check_open()

    def _pick(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        missing = []
        for index in indices:
            if index in self._recent:
                self._recent.move_to_end(index)
                yield index, self._recent[index].copy()
            else:
                missing.append(index)
        for index in missing:
            frame = self._paint(self._advance_to(index))
            self._recent[index] = frame
            while len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
            yield index, frame.copy()

    def _advance_to(self, index: int) -> Any:
        if index in self.missing:
            raise MediaError(self.path, f"frame {index} is damaged")
        if self._kept:
            return self._kept[index]
        start = self._table.keyframe_before(index)
        if self._numbered is None or not start <= self._next <= index:
            self._drop()
            self._numbered, self._next = self._decode(start), start
        try:
            for number, frame in self._numbered:
                self._next = number + 1
                if number >= index:
                    return frame
        except MediaError:
            self._drop()
            raise
        raise MediaError(self.path, f"ended before frame {index} of {len(self)}; did the file change?")

    def _decode(self, start: int = 0) -> Generator[tuple[int, Any], None, None]:
        """Yield (number, PyAV's frame) from a keyframe on, held against the table.

        Raises:
            MediaError: A frame cannot be decoded, or is another one than the table says.
        """
        try:
            yield from self._decode_damaged() if self._table.source == "damaged" else self._decode_exactly(start)
        except MediaError as error:
            if self._table.source == "packets":
                raise PacketMismatch(error.path, error.reason) from error
            raise

    def _decode_damaged(self) -> Iterator[tuple[int, Any]]:
        decoder = DamagedDecoder(self.path)
        try:
            yield from decoder
        finally:
            decoder.close()

    def _decode_exactly(self, start: int) -> Iterator[tuple[int, Any]]:
        stamps, size = self._table.stamps, self._table.orientation.size
        decoder = StreamingDecoder(self.path)
        try:
            frames: Iterator[Any] = decoder
            if start and stamps is not None:
                decoder.jump(int(stamps[start]))
                first = next(decoder, None)
                if first is not None and first.pts == stamps[start]:
                    frames = chain([first], decoder)
                else:  # The file's index leads somewhere else.
                    decoder.close()
                    frames, start = (decoder := StreamingDecoder(self.path)), 0
            number = start - 1
            for number, frame in enumerate(frames, start):
                is_expected = number < len(self) and (stamps is None or frame.pts == stamps[number])
                if not is_expected or size(frame.width, frame.height) != self.size:
                    raise MediaError(self.path, f"frame {number} is not the one that was there; did the file change?")
                yield number, frame
        finally:
            decoder.close()
        if number + 1 != len(self):
            raise MediaError(self.path, f"gave {number + 1} frames instead of {len(self)}; did the file change?")

    def _drop(self) -> None:
        if self._numbered is not None:
            self._numbered.close()
            self._numbered = None

    def _release(self) -> None:
        self._drop()
        self._recent.clear()
        self._kept = None
        for numbered in list(self._passes):
            numbered.close()

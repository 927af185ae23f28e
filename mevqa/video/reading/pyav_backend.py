"""Video files by PyAV: decode forward and count. Right for every codec and container, fast when read in order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from weakref import WeakSet

import numpy as np

from mevqa.errors import MediaError
from mevqa.video.decoding.probe import Probe
from mevqa.video.decoding.streams import Painter, StreamingDecoder
from mevqa.video.decoding.timing import decide_timing
from mevqa.video.reading.video import Video

#: Frames kept for going back a little (onset, apex, onset again) without decoding from the start.
_RECENT = 8


class PyAVVideo(Video):
    """A video file, decoded forward from a kept position; going back before the recent frames starts over."""

    backend = "pyav"

    def __init__(self, path: Path, known: Probe, fps: float | None) -> None:
        super().__init__(path, known.size, decide_timing(known.frames, fps, known.rate, known.times_ms, known.tick_ms))
        self.warnings += known.warnings
        self._orientation = known.orientation
        self._decoder: StreamingDecoder | None = None
        self._next = 0
        self._paint = Painter(known.orientation)
        self._recent: OrderedDict[int, np.ndarray] = OrderedDict()
        self._streaming: WeakSet[StreamingDecoder] = WeakSet()

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

    def _advance_to(self, index: int) -> object:
        if self._decoder is None or index < self._next:
            self._rewind()
        assert self._decoder is not None
        try:
            for frame in self._decoder:
                self._next += 1
                if self._next > index:
                    return frame
        except MediaError:
            self._drop()
            raise
        self._drop()
        raise MediaError(self.path, f"ended before frame {index} of {len(self)}; did the file change?")

    def _rewind(self) -> None:
        self._drop()
        self._decoder = StreamingDecoder(self.path)

    def _drop(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        self._next = 0

    def _stream(self) -> Iterator[np.ndarray]:
        decoder = StreamingDecoder(self.path)
        self._streaming.add(decoder)
        paint = Painter(self._orientation)
        count = 0
        try:
            for frame in decoder:
                yield paint(frame)
                self._check_open()
                count += 1
        finally:
            decoder.close()
        if count != len(self):
            raise MediaError(self.path, f"gave {count} frames instead of {len(self)}; did the file change?")

    def _release(self) -> None:
        self._drop()
        self._recent.clear()
        for decoder in list(self._streaming):
            decoder.close()

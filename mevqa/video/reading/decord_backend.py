"""Random access by decord, for the files where it was found exact, and only after PyAV decoded them to the end.

decord trusts the container: in AVI with B-frames, MPEG-TS and PS, WMV, files with an edit list and files with an open
GOP (the default of x265) it returns neighbouring frames without saying so, and on damaged files it may end the process.
Those are never given to it (``FrameTable.can_jump``).

Measured (decord 0.6.0, PyAV 18.1.0, one core, ms of processor time a frame, 12 random frames; ``VideoFile`` begins at
keyframes too):

| file | decord ``video[i]`` | PyAV ``video[i]`` | decord ``frames`` | PyAV ``frames`` |
| --- | --- | --- | --- | --- |
| H.264 MP4 1280x720, 600 frames, GOP 250 | 259 | 226 | 92 | 42 |
| H.264 MP4 640x480, 3000 frames, GOP 250 | 78 | 64 | 53 | 11 |
| MJPEG AVI 1280x720, 600 frames | 16 | 5 | 10 | 1 |

That is not worth decoders of 2018 for files from anywhere, which decord opens inside this process: it serves only where
``open_video(..., random_access=True)`` asks for it, and no command does.

Once it has been asked for a frame, decord decodes the rest of the file in the background and keeps all of it: 1.7 GB
for a minute of 640x480. So a reader lives for one call only; opening one costs some 10 ms a minute of video.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mevqa.video.decoding.frame_table import FrameTable
from mevqa.video.reading.video_file import VideoFile


def _load() -> Any:
    """Import decord for itself alone, None where it cannot be.

    It loads its libraries for the whole process (``RTLD_GLOBAL``), among them a zlib that takes the place of OpenCV's:
    from then on OpenCV writes broken PNG files and cannot read whole ones.
    """
    for_everybody = ctypes.RTLD_GLOBAL
    ctypes.RTLD_GLOBAL = ctypes.RTLD_LOCAL  # type: ignore[misc]
    try:
        return importlib.import_module("decord")
    except (ImportError, OSError):  # No wheel for this platform, or a library that it wants is missing: PyAV serves.
        return None
    finally:
        ctypes.RTLD_GLOBAL = for_everybody  # type: ignore[misc]


decord = _load()

#: Largest difference of decord's times from PyAV's, ms: decord gives them as 32-bit seconds.
_SAME_TIME_MS = 1.0


def open_decord(path: Path, table: FrameTable, fps: float | None) -> VideoFile | None:
    """Return ``path`` with random access by decord, None where it is not installed, not exact or of no use."""
    if decord is None or not table.can_jump:
        return None
    try:
        decord.logging.set_level(decord.logging.QUIET)
        reader = decord.VideoReader(str(path), num_threads=1)
        if not _agrees(reader, path, table):
            return None
    except (decord.DECORDError, RuntimeError, OSError, ValueError):
        return None
    return DecordVideo(path, table, fps)


class DecordVideo(VideoFile):
    """A video file with random access by decord; iteration decodes forward with PyAV, the pixels are the same."""

    backend = "decord"

    def _pick(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        reader: Any = None
        for position, index in enumerate(indices):
            try:
                if reader is None:
                    reader = decord.VideoReader(str(self.path), num_threads=1)
                frame = _array(reader[index])
            except (decord.DECORDError, RuntimeError, OSError):
                # decord gives up on some files when it comes near their end; forward decoding does not.
                yield from super()._pick(indices[position:])
                return
            yield index, frame


def _agrees(reader: Any, path: Path, table: FrameTable) -> bool:
    """Return whether decord's count, times and first picture are those of PyAV."""
    if len(reader) != table.frames or table.times_ms is None:
        return False
    times = np.asarray(reader.get_frame_timestamp(range(table.frames)))[:, 0] * 1000.0
    if np.abs(times - times[0] - table.times_ms).max() > _SAME_TIME_MS + table.tick_ms:
        return False
    with VideoFile(path, table, None) as video:
        return np.array_equal(video[0], _array(reader[0]))


def _array(frame: Any) -> np.ndarray:
    """Return decord's frame as numpy, also when another library has set decord's global bridge to its own tensors."""
    return np.asarray(frame.asnumpy() if hasattr(frame, "asnumpy") else frame)

"""Random access by decord, for the files where it was found exact, and only after PyAV decoded them to the end.

decord jumps to the keyframe before the frame that is asked for, so a frame deep in a long video costs half a group of
pictures instead of half the video. But it trusts the container: in AVI with B-frames, MPEG-TS and PS, WMV, files with
an edit list and files with an open GOP (the default of x265) it returns neighbouring frames without saying so, and on
damaged files it may end the process. Those are never given to it.

Measured (decord 0.6.0, PyAV 18.1.0, one core, ms of processor time a frame, 12 random frames):

| file | decord ``video[i]`` | PyAV ``video[i]`` | decord ``frames`` | PyAV ``frames`` |
| --- | --- | --- | --- | --- |
| H.264 MP4 1280x720, 600 frames, GOP 250 | 234 | 517 | 97 | 71 |
| H.264 MP4 640x480, 3000 frames, GOP 250 | 115 | 601 | 86 | 84 |
| MJPEG AVI 1280x720, 600 frames | 8 | 465 | 8 | 61 |

So decord helps where a frame is looked up on its own, above all in intra-only files. Reading a file to its end costs
0.6 to 2 ms a frame at these sizes with either, and a look at a clip reads a file to its end anyway: the view ``motion``
of 400 frames of 640x480 (onset 300, apex 315, offset 330) takes 1.23 s of processor time with PyAV and 0.90 s with
decord as MJPEG AVI, 0.84 s and 0.76 s as H.264 MP4 (``mevqa.video.views.render.render_clip``, the best of three).

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

from mevqa.video.decoding.probe import Probe
from mevqa.video.decoding.streams import Painter, StreamingDecoder
from mevqa.video.reading.pyav_backend import PyAVVideo


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

#: Containers (ffmpeg's names) with an index of presentation times, in which decord counts right.
_INDEXED = ("mp4", "matroska")

#: Codecs with reordered frames that were tested in those containers.
_REORDERING = frozenset({"h264", "hevc"})

#: Codecs of which every frame stands alone; these are exact in AVI too.
_INTRA = frozenset({"mjpeg", "ffv1", "huffyuv", "ffvhuff", "rawvideo", "prores", "dnxhd"})

#: Largest difference of decord's times from PyAV's, ms: decord gives them as 32-bit seconds.
_SAME_TIME_MS = 1.0


def open_decord(path: Path, known: Probe, fps: float | None) -> PyAVVideo | None:
    """Return ``path`` with random access by decord, None where it is not installed, not exact or of no use."""
    if decord is None or not _is_exact(known):
        return None
    try:
        decord.logging.set_level(decord.logging.QUIET)
        reader = decord.VideoReader(str(path), num_threads=1)
        if not _agrees(reader, path, known):
            return None
    except (decord.DECORDError, RuntimeError, OSError, ValueError):
        return None
    return DecordVideo(path, known, fps)


class DecordVideo(PyAVVideo):
    """A video file with random access by decord; iteration decodes forward with PyAV, the pixels are the same."""

    backend = "decord"

    def _pick(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        reader: Any = None
        for done, index in enumerate(indices):
            try:
                if reader is None:
                    reader = decord.VideoReader(str(self.path), num_threads=1)
                frame = _array(reader[index])
            except (decord.DECORDError, RuntimeError, OSError):
                # decord gives up on some files when it comes near their end; forward decoding does not.
                yield from super()._pick(indices[done:])
                return
            yield index, frame


def _is_exact(known: Probe) -> bool:
    packets = known.packets
    if packets.keyframes < 2 or packets.count != known.frames or known.times_ms is None:
        # One group of pictures: decord, too, would decode from the start.
        return False
    if packets.discarded or packets.open_gop or packets.unstamped or known.warnings:
        return False
    indexed = any(name in known.container.split(",") for name in _INDEXED)
    if packets.keyframes == packets.count and known.codec in _INTRA:
        return indexed or (known.container == "avi" and known.index_agrees)
    return indexed and known.codec in _REORDERING


def _agrees(reader: Any, path: Path, known: Probe) -> bool:
    """Hold decord's count, times and first picture against PyAV's."""
    if len(reader) != known.frames or known.times_ms is None:
        return False
    times = np.asarray(reader.get_frame_timestamp(range(known.frames)))[:, 0] * 1000.0
    if np.abs(times - times[0] - known.times_ms).max() > _SAME_TIME_MS + known.tick_ms:
        return False
    decoder = StreamingDecoder(path)
    try:
        first = Painter(known.orientation)(next(decoder))
    finally:
        decoder.close()
    return np.array_equal(first, _array(reader[0]))


def _array(frame: Any) -> np.ndarray:
    """Return decord's frame as numpy, also when another library has set decord's global bridge to its own tensors."""
    return np.asarray(frame.asnumpy() if hasattr(frame, "asnumpy") else frame)

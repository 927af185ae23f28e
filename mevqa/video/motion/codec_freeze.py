"""Undoing the freezing of slow motion by video codecs.

A lossy codec between frames (H.264, HEVC, VP9, MPEG-4) sends a block anew only when its change is worth the bits, and
shows the old block until then ("skipped" macroblocks). Motion of a fraction of a pixel is frozen like that for tens
of milliseconds, so that everything seems to happen late. Where a block stands still and then changes, the picture that
it changes to is blended in gradually from the time of the last change: the truth lies between the two. Footage
that is not compressed between frames has noise in every block of every frame and passes unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

Grey = NDArray[np.uint8]

#: Side of the cells that are looked at, px: half a macroblock of H.264, so that cells never straddle one.
_CELL = 8

#: A cell with less change between two frames than this, mean grey levels, is frozen; sensor noise alone gives 0.5.
_FROZEN = 0.1

#: A block that has been frozen for longer is not thawed all the way back: it may have been at rest, ms.
REACH_MS = 100.0

#: Frames decoded at once.
_CHUNK = 8


@dataclass(frozen=True, slots=True)
class _WaitingFrame:
    """A frame that waits for those after it, and when its cells changed last.

    Attributes:
        frame: Its index.
        ms: Its time.
        grey: [H, W] picture.
        changed: [H / 8, W / 8] which cells differ from the frame read before.
        since: [H / 8, W / 8] when each cell changed last, ms.
    """

    frame: int
    ms: float
    grey: Grey
    changed: NDArray[np.bool_]
    since: NDArray[np.float64]


def read_thawed(video: Video, frames: Sequence[int]) -> Iterator[tuple[int, Grey]]:
    """Read frames in grey with frozen blocks thawed; holds no more than ``2 * REACH_MS`` of them at a time.

    Args:
        video: The clip.
        frames: Ascending frame indices.

    Yields:
        Each frame's index and picture [H, W].

    Raises:
        MediaError: A frame cannot be read.
    """
    waiting: list[_WaitingFrame] = []
    for start in range(0, len(frames), _CHUNK):
        chunk = [int(frame) for frame in frames[start : start + _CHUNK]]
        for frame, picture in zip(chunk, video.frames(chunk), strict=True):
            grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
            before = waiting[-1] if waiting else None
            waiting.append(_compare(frame, float(video.times_ms[frame]), grey, before))
        if waiting[-1].ms - waiting[0].ms > 2 * REACH_MS:
            ready = sum(entry.ms <= waiting[-1].ms - REACH_MS for entry in waiting)
            yield from _thaw(waiting, ready)
            waiting = waiting[ready:]
    yield from _thaw(waiting, len(waiting))


def _compare(frame: int, ms: float, grey: Grey, before: _WaitingFrame | None) -> _WaitingFrame:
    """Return a frame with the cells that have changed since the frame read before."""
    rows, columns = grey.shape[0] // _CELL, grey.shape[1] // _CELL
    if before is None or not (rows and columns):
        changed = np.ones((rows, columns), dtype=bool)
        return _WaitingFrame(frame, ms, grey, changed, np.full((rows, columns), ms))
    difference = cv2.absdiff(grey, before.grey)[: rows * _CELL, : columns * _CELL].astype(np.float32)
    changed = cv2.resize(difference, (columns, rows), interpolation=cv2.INTER_AREA) > _FROZEN
    return _WaitingFrame(frame, ms, grey, changed, np.where(changed, ms, before.since))


def _thaw(waiting: Sequence[_WaitingFrame], ready: int) -> Iterator[tuple[int, Grey]]:
    """Yield the first ``ready`` of the frames, thawed with the help of the later ones."""
    if not ready:
        return
    rows, columns = waiting[-1].changed.shape
    height, width = rows * _CELL, columns * _CELL
    # Going backwards, `coming` is the picture that each cell changes to next, and `due` the time of that change.
    coming = waiting[-1].grey[:height, :width].copy()
    due = np.full((rows, columns), np.inf)
    thawed: list[tuple[int, Grey]] = []
    for current, after in zip(reversed(waiting), [None, *reversed(waiting[1:])], strict=True):
        if after is not None and after.changed.any():
            mask = np.repeat(np.repeat(after.changed, _CELL, axis=0), _CELL, axis=1)
            np.copyto(coming, after.grey[:height, :width], where=mask)
            due = np.where(after.changed, after.ms, due)
        if current.frame <= waiting[ready - 1].frame:
            thawed.append((current.frame, _blend(current, coming, due)))
    yield from reversed(thawed)


def _blend(current: _WaitingFrame, coming: Grey, due: NDArray[np.float64]) -> Grey:
    """Return a frame on its way from the last to the next change of each cell."""
    changes_later = np.isfinite(due)
    due = np.where(changes_later, due, current.ms)
    begin = np.maximum(current.since, due - REACH_MS)
    share = np.where(changes_later, np.clip((current.ms - begin) / np.maximum(due - begin, 1e-6), 0.0, 1.0), 0.0)
    if not share.any():
        return current.grey
    weight = np.repeat(np.repeat(share.astype(np.float32), _CELL, axis=0), _CELL, axis=1)
    thawed = current.grey.copy()
    region = thawed[: weight.shape[0], : weight.shape[1]]
    region[:] = np.rint(region + weight * (coming.astype(np.float32) - region))
    return thawed

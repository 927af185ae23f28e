"""Single frames of the video that a session has open, as pictures for the page."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import mevqa

if TYPE_CHECKING:
    from PIL.Image import Image

    from mevqa.video.reading.video import Video

#: Longest side of a picture, px.
_SIDE = 480
#: Pictures that are kept: back and forth around a moment.
_KEPT = 48


class FrameReader:
    """Reads frames of one video after the other, and leaves the last one open: opening a long one takes seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._path: Path | None = None
        self._video: Video | None = None
        self._pictures: OrderedDict[int, Image] = OrderedDict()

    def read(self, path: Path, fps: float | None, frame: int) -> Image:
        """Return a frame, at most 480 px high and wide.

        Args:
            path: The video file or folder of frames.
            fps: Its frames per second; None: as the video says.
            frame: 0-based.

        Raises:
            MediaError: The video or the frame cannot be read.
        """
        from PIL import Image

        with self._lock:
            if self._video is None or self._path != path:
                self._close()
                self._video = self._open.enter_context(mevqa.open_video(path, fps=fps))
                self._path = path
            if frame in self._pictures:
                self._pictures.move_to_end(frame)
            else:
                picture = Image.fromarray(self._video[frame])
                picture.thumbnail((_SIDE, _SIDE))
                self._pictures[frame] = picture
                if len(self._pictures) > _KEPT:
                    self._pictures.popitem(last=False)
            return self._pictures[frame]

    def close(self) -> None:
        """Close the video; the next frame opens one again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._open.close()
        self._path = self._video = None
        self._pictures.clear()

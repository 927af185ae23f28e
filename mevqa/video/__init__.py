"""From footage to pictures: exact frames, aligned faces, sampled moments, motion, views."""

from typing import TYPE_CHECKING

from mevqa.public_names import import_on_use

if TYPE_CHECKING:
    from mevqa.video.reading.reader import open_video, read_once
    from mevqa.video.reading.video import FrameRead, Video

__all__ = ["FrameRead", "Video", "open_video", "read_once"]

#: Modules in which the names are found: help and checks ask for names of files, and load no reader for that.
_PUBLIC = {
    "FrameRead": "reading.video",
    "Video": "reading.video",
    "open_video": "reading.reader",
    "read_once": "reading.reader",
}

__getattr__ = import_on_use(__name__, _PUBLIC)

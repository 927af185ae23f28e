"""From footage to pictures: exact frames, aligned faces, sampled moments, motion, views."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mevqa.video.reading.reader import open_video, read_once
    from mevqa.video.reading.video import FrameRead, Video

__all__ = ["FrameRead", "Video", "open_video", "read_once"]


def __getattr__(name: str) -> Any:
    # Names of files in a folder are asked for by help and checks: the readers are loaded when they are used.
    if name in __all__:
        module = "reader" if name in ("open_video", "read_once") else "video"
        return getattr(import_module(f"{__name__}.reading.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

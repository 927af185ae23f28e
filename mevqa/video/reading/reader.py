"""Opening of video files and folders of frames, the one door to them; a frame index is exact or an error."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

from mevqa.errors import MediaError
from mevqa.video.reading.video import Video

T = TypeVar("T")


def open_video(
    path: Path | str,
    *,
    fps: float | None = None,
    errors: Literal["raise", "skip"] = "raise",
    random_access: bool = False,
    keep_frames: bool = False,
) -> Video:
    """Open a video file, a folder of frames or a single picture.

    Args:
        path: The media.
        fps: Frames per second when the user or the data set knows better than the file; then times are ``i / fps``.
        errors: ``raise``: a file that is not whole is refused; ``skip``: what is left of it can be read, and
            ``Video.read_forward`` says what is missing.
        random_access: Look frames up with decord, for files that it reads exactly. Its decoders are of 2018, for
            trusted files only, and no quicker than PyAV's (``mevqa.video.reading.decord_backend`` has the figures).
        keep_frames: Keep the frames of a short file as they were decoded to count them
            (``mevqa.video.decoding.kept_frames``): for who reads them more than once.

    Raises:
        MediaError: Missing, empty, truncated, damaged, without pictures, or not a format that is read exactly; with
            ``skip`` only where nothing at all can be read.
    """
    path = Path(path)
    # The backends import PyAV, decord and Pillow: only what this media needs is loaded.
    if _is_pictures(path, fps):
        from mevqa.video.reading.folder import FolderVideo

        return FolderVideo(path, fps, skip=errors == "skip")
    from mevqa.video.decoding.frame_table import damaged_table, probe
    from mevqa.video.decoding.kept_frames import KeptFrames
    from mevqa.video.reading.video_file import VideoFile

    kept = KeptFrames() if keep_frames else None
    try:
        table = probe(path, kept)
    except MediaError as error:
        if errors == "raise" or not path.is_file():
            raise
        try:
            damaged = VideoFile(path, damaged_table(path), fps)
        except MediaError:
            raise error from None
        damaged.warnings = (f"the file {error.reason}: the rest is read", *damaged.warnings)
        return damaged
    if random_access:
        from mevqa.video.reading.decord_backend import open_decord

        return open_decord(path, table, fps) or VideoFile(path, table, fps)
    return VideoFile(path, table, fps, kept)


def read_once(
    path: Path | str,
    use: Callable[[Video], T],
    *,
    fps: float | None = None,
    errors: Literal["raise", "skip"] = "raise",
) -> T:
    """Open a video whose frames are read forward once, and return what ``use`` returns.

    ``open_video`` decodes a file to its end before a frame is used, because only that tells how many frames it has.
    Here every frame is read anyway, so the number of frames and their times are taken from the packets, which costs no
    decoding, and each decoded frame must be the one that is announced. Where it is not, or where packets do not tell,
    the file is opened by ``open_video`` and used again from the start: a wrong number is never handed out.

    Args:
        path: The media.
        use: Given the open video; may be called twice.
        fps: As for ``open_video``.
        errors: As for ``open_video``.

    Raises:
        MediaError: As ``open_video``.
    """
    path = Path(path)
    if not _is_pictures(path, fps):
        from mevqa.video.decoding.frame_table import packet_table
        from mevqa.video.reading.video_file import PacketMismatch, VideoFile

        table = packet_table(path)
        if table is not None and table.timing(fps).source != "assumed":
            # Otherwise the file is read in the way that can tell what is wrong with it.
            with suppress(PacketMismatch), VideoFile(path, table, fps) as video:
                return use(video)
    with open_video(path, fps=fps, errors=errors) as video:
        return use(video)


def _is_pictures(path: Path, fps: float | None) -> bool:
    """Return whether media is a folder or a picture and no video file.

    Raises:
        MediaError: The frame rate makes no sense, or the path cannot be looked at.
    """
    if fps is not None and not 0 < fps < float("inf"):
        raise MediaError(path, f"fps must be a positive number, not {fps}")
    from mevqa.video.reading.frame_files import is_picture

    try:
        return path.is_dir() or is_picture(path)
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from error

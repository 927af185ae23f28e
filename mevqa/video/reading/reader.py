"""One interface over video files and folders of frames; a frame index is exact or an error."""

from __future__ import annotations

from pathlib import Path

from mevqa.errors import MediaError
from mevqa.video.reading.video import Video


def open_video(path: Path, *, fps: float | None = None, random_access: bool = False) -> Video:
    """Open a video file, a folder of frames or a single picture.

    Args:
        path: The media.
        fps: Frames per second when the user or the data set knows better than the file; then times are ``i / fps``.
        random_access: Look frames up with decord, for files that it reads exactly: quicker for single frames all over a
            file. Its decoders are of 2018 and are for trusted files only (``mevqa.video.reading.decord_backend``).

    Raises:
        MediaError: Missing, empty, truncated, damaged, without pictures, or not a format that is read exactly.
    """
    path = Path(path)
    if fps is not None and not 0 < fps < float("inf"):
        raise MediaError(path, f"fps must be a positive number, not {fps}")
    # The backends import PyAV, decord and Pillow: only what this media needs is loaded.
    from mevqa.video.reading.folder import FolderVideo
    from mevqa.video.reading.frame_files import is_picture

    try:
        pictures = path.is_dir() or is_picture(path)
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from error
    if pictures:
        return FolderVideo(path, fps)
    from mevqa.video.decoding.probe import probe
    from mevqa.video.reading.pyav_backend import PyAVVideo

    known = probe(path)
    if random_access:
        from mevqa.video.reading.decord_backend import open_decord

        return open_decord(path, known, fps) or PyAVVideo(path, known, fps)
    return PyAVVideo(path, known, fps)

"""Spotting in a video file or a folder of frames, by any spotter, and which videos a path stands for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mevqa.data.layouts import VIDEO_SUFFIXES, MediaFolder
from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.remote import AnyFile, is_remote, list_remote
from mevqa.spotting.base import Progress, SpotOptions, Spotting
from mevqa.spotting.registry import find_spotter
from mevqa.video.reading.frame_files import PICTURE_SUFFIXES
from mevqa.video.reading.reader import read_once
from mevqa.video.reading.video import Video

_log = logging.getLogger(__name__)

#: Files of one kind, or of both.
File = TypeVar("File", bound=AnyFile)


def spot_video(
    path: Path | str,
    *,
    fps: float | None = None,
    options: SpotOptions | None = None,
    progress: Progress | None = None,
) -> Spotting:
    """Find the expressions of one video.

    Args:
        path: Video file, folder of frames or a single picture.
        fps: Frames per second when the user knows better than the file.
        options: Kinds of expressions, limits, and the spotter.
        progress: Called now and then.

    Raises:
        InputError: There is no such spotter.
        MediaError: The media cannot be read.
    """
    wanted = options or SpotOptions()
    system = find_spotter(wanted.spotter)
    _log.debug("spot in %s with %s", path, wanted)

    def spot(video: Video) -> Spotting:
        return system(wanted).spot(video, progress or (lambda done, total: None))

    spotting = read_once(path, spot, fps=fps, errors="skip")
    _log.debug("%s: %d events before kinds are chosen", path, len(spotting.events))
    return replace(spotting, events=tuple(event for event in spotting.events if event.kind in wanted.kinds))


def find_videos(path: Path) -> list[Path]:
    """Return the videos that a path stands for: itself, or those in a folder that holds no frames.

    Args:
        path: A video, a folder of frames, or a folder of videos and folders of frames.

    Raises:
        InputError: A folder holds no video, or links that lead out of it.
        MediaError: There is no such file or folder.
    """
    if not path.exists():
        raise MediaError(path, "there is no such file or folder")
    if not path.is_dir() or _holds_frames(path):
        return [path]
    videos = sorted(child for child in path.iterdir() if not child.name.startswith(".") and _is_video(child))
    if not videos:
        raise InputError([Problem(path, "holds no video and no folder of frames")])
    folder = MediaFolder(path)
    refused = [refusal for child in videos if (refusal := folder.refusal(child)) is not None]
    if refused:
        raise InputError([Problem(path, refusal) for refusal in refused])
    return videos


def find_media(name: Path | str) -> list[AnyFile]:
    """Return the videos that a path, or a URL that fsspec reads, stands for.

    Args:
        name: As for ``find_videos``, or the URL of a video or of a folder of videos.

    Raises:
        InputError: As ``find_videos`` does, or as ``list_remote`` does.
        MediaError: There is no such file or folder.
    """
    if is_remote(name):
        return list(list_remote(str(name), frozenset(VIDEO_SUFFIXES)))
    return list(find_videos(Path(name)))


def video_names(paths: Sequence[File]) -> dict[File, str]:
    """Return what each video is called in tables: without the ending, except where two would be called the same.

    Args:
        paths: What ``find_media`` returned.
    """
    names = [path.name if path.is_dir() else path.stem for path in paths]
    return {path: path.name if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)}


def _is_video(path: Path) -> bool:
    return _holds_frames(path) if path.is_dir() else path.suffix.lower() in VIDEO_SUFFIXES


def _holds_frames(path: Path) -> bool:
    return any(child.suffix.lower() in PICTURE_SUFFIXES for child in path.iterdir())

"""Spotting in a video file or a folder of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.data.layouts import FRAME_SUFFIXES, VIDEO_SUFFIXES
from mevqa.errors import InputError, MediaError, Problem
from mevqa.spotting.spotter import Found, SpotOptions, Spotter
from mevqa.video.reader import Video, open_video

if TYPE_CHECKING:
    from mevqa.spotting.events import Event

#: (frames done, frames in all)
Progress = Callable[[int, int], None]

#: Frames between two reports of progress.
_REPORT = 30


@dataclass(frozen=True, slots=True)
class Spotting:
    """What was found in one video.

    Attributes:
        video: Its name, without suffix.
        path: The file or folder.
        fps: Frames per second.
        frames: Length.
        seconds: Time of the last frame.
        events: In the order of time.
        trace: (time in ms, largest displacement of a region from rest in eye distances).
        warnings: What a reader should know, one sentence each.
        face: Whether a face was seen at all.
    """

    video: str
    path: Path
    fps: float
    frames: int
    seconds: float
    events: tuple[Event, ...]
    trace: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...]
    face: bool


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
        options: What is looked for.
        progress: Called now and then.

    Raises:
        MediaError: The media cannot be read.
    """
    path = Path(path)
    spotter = Spotter(options, keep_trace=True)
    with open_video(path, fps=fps) as video:
        found = list(_find(video, spotter, progress))
        warnings = (*video.warnings, *spotter.warnings)
        return Spotting(
            video=path.stem if path.is_file() else path.name,
            path=path,
            fps=video.fps,
            frames=len(video),
            seconds=float(video.times_ms[-1]) / 1000,
            events=tuple(one.event for one in found),
            trace=tuple(spotter.trace),
            warnings=warnings,
            face=not spotter.gaps.nothing_seen,
        )


def _find(video: Video, spotter: Spotter, progress: Progress | None) -> Iterator[Found]:
    """Feed the frames of a video to a spotter."""
    for number, picture in enumerate(video):
        ms = float(video.times_ms[number])
        if spotter.wants(ms):
            yield from spotter.feed(number, ms, picture)
        if progress is not None and (number + 1) % _REPORT == 0:
            progress(number + 1, len(video))
    if progress is not None:
        progress(len(video), len(video))
    yield from spotter.finish()


def find_videos(path: Path) -> list[Path]:
    """Return the videos that a path stands for: itself, or those in a folder that holds no frames.

    Args:
        path: A video, a folder of frames, or a folder of videos and folders of frames.

    Raises:
        InputError: A folder holds no video.
        MediaError: There is no such file or folder.
    """
    if not path.exists():
        raise MediaError(path, "there is no such file or folder")
    if path.is_file() or _holds_frames(path):
        return [path]
    found = sorted(child for child in path.iterdir() if not child.name.startswith(".") and _is_video(child))
    if not found:
        raise InputError([Problem(path, "holds no video and no folder of frames")])
    return found


def _is_video(path: Path) -> bool:
    return _holds_frames(path) if path.is_dir() else path.suffix.lower() in VIDEO_SUFFIXES


def _holds_frames(path: Path) -> bool:
    return any(child.suffix.lower() in FRAME_SUFFIXES for child in path.iterdir())

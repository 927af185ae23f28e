"""Spotting in a video file or a folder of frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.data.layouts import VIDEO_SUFFIXES, MediaFolder
from mevqa.errors import InputError, MediaError, Problem
from mevqa.spotting.motion.gaps import Gap
from mevqa.spotting.motion.refine import is_fast, refine
from mevqa.spotting.motion.spotter import SpotOptions, Spotter
from mevqa.video.reading.frame_files import PICTURE_SUFFIXES
from mevqa.video.reading.reader import read_once
from mevqa.video.reading.video import Video

if TYPE_CHECKING:
    from mevqa.spotting.events import SpottedEvent
    from mevqa.spotting.motion.candidate import Found

#: (frames done, frames in all)
Progress = Callable[[int, int], None]

#: Why nothing is compared across a cut.
_CUT = "another shot or pose begins"

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
        gaps: Where nothing could be looked for, in the order of time.
        cuts_ms: Where another shot or pose begins: nothing is compared across these times.
    """

    video: str
    path: Path
    fps: float
    frames: int
    seconds: float
    events: tuple[SpottedEvent, ...]
    trace: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...]
    face: bool
    gaps: tuple[Gap, ...] = ()
    cuts_ms: tuple[float, ...] = ()

    @property
    def not_looked_at(self) -> list[tuple[float, float, str]]:
        """Begin and end in s, and the reason, of what was not looked at; a cut has no length."""
        gaps = [(gap.begin_ms / 1000, gap.end_ms / 1000, gap.why) for gap in self.gaps]
        return sorted([*gaps, *((ms / 1000, ms / 1000, _CUT) for ms in self.cuts_ms)])


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

    def use(video: Video) -> Spotting:
        return _spotting(path, Spotter(options, keep_trace=True), video, progress)

    return read_once(path, use, fps=fps, errors="skip")


def _spotting(path: Path, spotter: Spotter, video: Video, progress: Progress | None) -> Spotting:
    """Feed the frames to a spotter and return what it found; in fast footage events are timed at its full rate."""
    fast = is_fast(video.fps)
    found: list[Found] = []
    events: list[SpottedEvent] = []
    seen = 0
    for frame in video.read_forward(spotter.wants):
        if frame.missing:
            spotter.skip(frame.ms, frame.missing)
        elif frame.picture is not None:
            new = spotter.feed(frame.number, frame.ms, frame.picture)
            if fast:
                found += new
            else:
                events += (one.event for one in new)
        seen = frame.number + 1
        if progress is not None and seen % _REPORT == 0:
            progress(seen, len(video))
    if progress is not None:
        progress(seen, seen)
    found += spotter.finish()
    events += refine(video, found, spotter.options.rule) if fast else [one.event for one in found]
    kinds = spotter.options.kinds
    return Spotting(
        video=path.stem if path.is_file() else path.name,
        path=path,
        fps=video.fps,
        frames=len(video),
        seconds=float(video.times_ms[-1]) / 1000,
        events=tuple(event for event in events if event.kind in kinds),
        trace=tuple(spotter.trace),
        warnings=(*video.warnings, *spotter.warnings),
        face=not spotter.gaps.nothing_seen,
        gaps=spotter.gaps.spans,
        cuts_ms=tuple(spotter.gaps.cuts_ms),
    )


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
    found = sorted(child for child in path.iterdir() if not child.name.startswith(".") and _is_video(child))
    if not found:
        raise InputError([Problem(path, "holds no video and no folder of frames")])
    folder = MediaFolder(path)
    refused = [refusal for child in found if (refusal := folder.refusal(child)) is not None]
    if refused:
        raise InputError([Problem(path, refusal) for refusal in refused])
    return found


def video_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Return what each video is called in tables: without the ending, except where two would be called the same.

    Args:
        paths: What ``find_videos`` returned.
    """
    names = [path.name if path.is_dir() else path.stem for path in paths]
    return {path: path.name if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)}


def _is_video(path: Path) -> bool:
    return _holds_frames(path) if path.is_dir() else path.suffix.lower() in VIDEO_SUFFIXES


def _holds_frames(path: Path) -> bool:
    return any(child.suffix.lower() in PICTURE_SUFFIXES for child in path.iterdir())

"""Spotting in a video file or a folder of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.data.layouts import VIDEO_SUFFIXES, MediaFolder
from mevqa.errors import InputError, MediaError, Problem
from mevqa.spotting.motion.gaps import Gap
from mevqa.spotting.motion.refine import is_fast, refine
from mevqa.spotting.motion.spotter import SpotOptions, Spotter
from mevqa.video.reading.damaged_video import DamagedVideo, Missing, Shown
from mevqa.video.reading.folder import FolderVideo
from mevqa.video.reading.frame_files import PICTURE_SUFFIXES, is_picture
from mevqa.video.reading.reader import open_video
from mevqa.video.reading.streaming_reader import PacketMismatch, StreamingVideo, open_streaming
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
    if path.is_file() and not is_picture(path) and (fps is None or 0 < fps < float("inf")):
        once = open_streaming(path, fps)
        if once is not None:
            # Otherwise the file is read in the way that can tell what is wrong with it.
            with suppress(PacketMismatch):
                return _spot_once(path, Spotter(options, keep_trace=True), once, progress)
    return _spot_vetted(path, fps, Spotter(options, keep_trace=True), progress)


def _spot_once(path: Path, spotter: Spotter, video: StreamingVideo, progress: Progress | None) -> Spotting:
    """Spot in a file that is decoded once.

    Raises:
        NotAsAnnounced: It holds other frames than its packets announce.
    """
    with closing(video.shown(spotter.wants)) as shown:
        footage = _Footage(shown, video.fps, len(video), ())
        return _spotting(path, spotter, footage, progress, video)


def _spot_vetted(path: Path, fps: float | None, spotter: Spotter, progress: Progress | None) -> Spotting:
    """Spot in a folder, or in a file that is decoded to its end before.

    Raises:
        MediaError: The media cannot be read.
    """
    try:
        with open_video(path, fps=fps) as video:
            footage = _Footage(_read(video), video.fps, len(video), video.warnings)
            return _spotting(path, spotter, footage, progress, video)
    except MediaError as error:
        wrong_rate = fps is not None and not 0 < fps < float("inf")
        if wrong_rate or not path.is_file() or is_picture(path) or spotter.measured:
            raise
        return _spot_damaged(path, fps, spotter, error, progress)


@dataclass(frozen=True, slots=True)
class _Footage:
    """Frames to spot in.

    Attributes:
        shown: Each frame, or why it is missing.
        fps: Frames per second.
        frames: How many, as far as that is known before.
        warnings: Of the reader.
    """

    shown: Iterable[Shown | Missing]
    fps: float
    frames: int
    warnings: tuple[str, ...]


def _spot_damaged(
    path: Path, fps: float | None, spotter: Spotter, error: MediaError, progress: Progress | None
) -> Spotting:
    """Spot in what can be read of a file that is not whole.

    Raises:
        MediaError: Nothing can be read; the first error.
    """
    try:
        with closing(DamagedVideo(path, fps)) as video:
            found = _spotting(path, spotter, _Footage(video, video.fps, video.announced, ()), progress)
            said = [f"the file {error.reason}: the rest is read"]
            if 0 < found.frames < video.announced:
                # AVI tells no times: what is lost there moves everything after it.
                said.append(
                    f"only {found.frames} of {video.announced} frames are found: times may be early after a gap"
                )
            return replace(found, warnings=(*said, *found.warnings))
    except MediaError:
        raise error from None


def _spotting(
    path: Path,
    spotter: Spotter,
    footage: _Footage,
    progress: Progress | None,
    video: Video | StreamingVideo | None = None,
) -> Spotting:
    """Feed the frames to a spotter and return what it found, at full rate where ``video`` can be read again."""
    fast = video is not None and is_fast(video.fps)
    found: list[Found] = []
    events: list[SpottedEvent] = []
    frame, ms = -1, 0.0
    for frame, ms, shown in footage.shown:
        new: list[Found] = []
        if isinstance(shown, str):
            spotter.skip(ms, shown)
        elif shown is not None and spotter.wants(ms):
            new = spotter.feed(frame, ms, shown)
        if fast:
            found += new
        else:
            events += (one.event for one in new)
        if progress is not None and (frame + 1) % _REPORT == 0:
            progress(frame + 1, max(footage.frames, frame + 1))
    if progress is not None:
        progress(frame + 1, frame + 1)
    found += spotter.finish()
    events += refine(video, found, spotter.options.rule) if video is not None and fast else [f.event for f in found]
    kinds = spotter.options.kinds
    return Spotting(
        video=path.stem if path.is_file() else path.name,
        path=path,
        fps=footage.fps,
        frames=frame + 1,
        seconds=ms / 1000,
        events=tuple(event for event in events if event.kind in kinds),
        trace=tuple(spotter.trace),
        warnings=(*footage.warnings, *spotter.warnings),
        face=not spotter.gaps.nothing_seen,
        gaps=spotter.gaps.spans,
        cuts_ms=tuple(spotter.gaps.cuts_ms),
    )


def _read(video: Video) -> Iterator[Shown | Missing]:
    """Yield the frames of a video; a picture of a folder that cannot be read is missing."""
    if not isinstance(video, FolderVideo):
        for number, picture in enumerate(video):
            yield Shown(number, float(video.times_ms[number]), picture)
        return
    broken = 0
    for number, ms in enumerate(video.times_ms):
        try:
            yield Shown(number, float(ms), video[number])
        except MediaError as error:
            broken += 1
            if broken == len(video):
                raise error
            yield Missing(number, float(ms), "damaged pictures")


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

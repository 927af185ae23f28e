"""Motion of the face in a video, by frame, as the timeline shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import mevqa
from mevqa.errors import MediaError
from mevqa.reporting.motion_curve import motion_curve

if TYPE_CHECKING:
    from pathlib import Path

    from mevqa import Spotting
    from mevqa.video.views.render import ClipViews

#: (frame, motion), in the order of time.
Points = tuple[tuple[int, float], ...]


def localised_curve(clip_views: ClipViews) -> Points:
    """Return the motion by which the moments of a clip were found; nothing where they were given."""
    curve = None if clip_views.localisation is None else clip_views.localisation.curve
    if curve is None:
        return ()
    return tuple((int(frame), float(moved)) for frame, moved in zip(curve.frames, curve.motion, strict=True))


def spotted_curve(spotted: Spotting) -> Points:
    """Return the motion that the spotter measured over a long video."""
    last = spotted.frames - 1
    rate = last / spotted.seconds if spotted.seconds > 0 else 0.0
    return tuple((min(round(ms / 1000 * rate), last), score) for ms, score in spotted.trace)


def measured_curve(path: Path, fps: float | None, on_frames: Callable[[int, int], None]) -> Points:
    """Measure the motion of a clip whose moments are given; nothing where no face is found.

    Args:
        path: The video file or folder of frames.
        fps: Its frames per second; None: as the video says.
        on_frames: Called with the frames that are passed and those of the video.
    """
    try:
        with mevqa.open_video(path, fps=fps) as video:
            times = {round(float(ms) / 1000, 6): frame for frame, ms in enumerate(video.times_ms)}
            points = motion_curve(video, on_frames=on_frames)
    except MediaError:
        return ()
    return tuple((times[round(second, 6)], moved) for second, moved in points)

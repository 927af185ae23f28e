"""Onset, apex and offset that a user gives of one video, checked before anything is computed of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.events import Event
from mevqa.video.reading.reader import open_video
from mevqa.video.reading.video import Video


@contextmanager
def given_event(
    video: Path, fps: float | None, onset: int | None, apex: int | None, offset: int | None
) -> Iterator[tuple[Event | None, Video | None]]:
    """Yield the given moments as an event, and the open video that has them; None where none is given.

    A short video is kept as it was decoded to count its frames, so that its next reader decodes nothing again.

    Args:
        video: The video file or folder of frames.
        fps: Its frames per second; None: as the video says.
        onset: First frame of the expression, counted from 0; None: it is to be found.
        apex: Frame of its largest extent, likewise.
        offset: Its last frame, likewise.

    Raises:
        InputError: They are not in order, or the video has no such frames.
        MediaError: The video cannot be read.
    """
    moments = {"--onset": onset, "--apex": apex, "--offset": offset}
    given = {option: frame for option, frame in moments.items() if frame is not None}
    if not given:
        yield None, None
        return
    frames = list(given.values())
    if frames != sorted(frames):
        message = "must follow one another; frames count from 0, and what is left out is found"
        raise InputError([Problem(", ".join(f"{option} {frame}" for option, frame in given.items()), message)])
    with open_video(video, fps=fps, keep_frames=True) as opened:
        last = len(opened) - 1
        message = f"{video.name} has frames 0 to {last}; give one of these, or leave it out and it is found"
        problems = [Problem(f"{option} {frame}", message) for option, frame in given.items() if not 0 <= frame <= last]
        if problems:
            raise InputError(problems)
        yield Event(onset, apex, offset), opened

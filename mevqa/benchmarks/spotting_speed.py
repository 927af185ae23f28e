"""How fast the spotter is, beside decoding alone: on the clock, and in processor time where others use the machine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mevqa.spotting.video import spot_video
from mevqa.video.reading.reader import open_video, read_once


@dataclass(frozen=True, slots=True)
class SpotTimes:
    """Seconds of each round, (on the clock, of processor time).

    Attributes:
        frames: Frames of the video.
        seconds: Its length.
        fps: Its frame rate.
        size: Its width and height.
        decode: Opening it and decoding every frame to a picture, once and nothing else.
        spot: Spotting, opening and decoding included.
    """

    frames: int
    seconds: float
    fps: float
    size: tuple[int, int]
    decode: tuple[tuple[float, float], ...]
    spot: tuple[tuple[float, float], ...]


def measure_spotting(path: Path, rounds: int) -> SpotTimes:
    """Decode and spot in turns.

    Args:
        path: A video or a folder of frames.
        rounds: How often each.

    Raises:
        MediaError: The media cannot be read.
    """
    decode, spot = [], []
    with open_video(path) as video:
        frames, seconds, fps, size = len(video), float(video.times_ms[-1]) / 1000, video.fps, video.size
    for _ in range(rounds):
        decode.append(_seconds(lambda: _decode(path)))
        spot.append(_seconds(lambda: spot_video(path)))
    return SpotTimes(frames, seconds, fps, size, tuple(decode), tuple(spot))


def _decode(path: Path) -> None:
    """Read every frame as the spotter does."""
    read_once(path, lambda video: deque(video.read_forward(), maxlen=0))


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the time on the clock and the processor time that something takes."""
    begin = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]

"""Cost of the spotter: seconds beside decoding alone, and memory and seconds of hours of video."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av

from mevqa.benchmarks.scale import measure_command
from mevqa.errors import MediaError
from mevqa.spotting.video import spot_video
from mevqa.video.reading.reader import open_video, read_once

#: Prints the minutes of a video and the number of its events.
_SPOT = (
    "import sys; from mevqa.spotting import spot_video; "
    "found = spot_video(sys.argv[1]); print(found.seconds / 60, len(found.events))"
)


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
    """Return the time on the clock and the processor time that a call takes."""
    begin = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


@dataclass(frozen=True, slots=True)
class LongRun:
    """Cost of one long video.

    Attributes:
        minutes: Its length.
        events: Expressions found.
        clock: Seconds on the clock, starting Python included.
        processor: Seconds of processor time, likewise.
        peak_mb: Largest resident memory, millions of bytes; with Python and its libraries.
    """

    minutes: float
    events: int
    clock: float
    processor: float
    peak_mb: float


def measure_long(video: Path, minutes: float, folder: Path) -> LongRun:
    """Spot in a video that is repeated until it is so long, in a process of its own.

    Args:
        video: A file that is read forward.
        minutes: Least length; whole repetitions.
        folder: Where the long file is kept while it is read.

    Raises:
        MediaError: The video cannot be repeated, or the process failed.
    """
    long = folder / f"{minutes:g}_minutes{video.suffix}"
    repeat_video(video, long, minutes)
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            cost = measure_command("spot", ["-c", _SPOT, long], output)
            output.seek(0)
            lines = output.read().strip().splitlines() or ["no reason"]
    finally:
        long.unlink(missing_ok=True)
    if cost.code:
        raise MediaError(video, f"cannot be measured with ({lines[-1]})")
    length, events = lines[-1].split()
    return LongRun(float(length), int(events), cost.clock, cost.seconds, cost.peak_mb)


def repeat_video(source: Path, target: Path, minutes: float) -> None:
    """Write a video behind itself until it is so long, packet by packet.

    Raises:
        MediaError: The video cannot be read packet by packet.
    """
    try:
        with av.open(str(target), "w") as out:
            stream, seconds = None, 0.0
            begin = 0
            while seconds < 60 * minutes:
                with av.open(str(source)) as original:
                    source_stream = original.streams.video[0]
                    stream = stream or out.add_stream_from_template(source_stream)
                    end = begin
                    for packet in original.demux(source_stream):
                        if packet.dts is None or packet.pts is None:
                            continue
                        packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
                        end = max(end, packet.pts + (packet.duration or 0))
                        packet.stream = stream
                        out.mux(packet)
                    if end == begin or source_stream.time_base is None:
                        raise MediaError(source, "cannot be repeated: its packets have no times")
                    begin, seconds = end, float(end * source_stream.time_base)
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        raise MediaError(source, f"cannot be repeated ({error}); give a video file") from error

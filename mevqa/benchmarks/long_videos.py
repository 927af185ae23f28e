"""What the spotter costs on hours of video: a short one repeated without encoding it again, read in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import av

from mevqa.errors import MediaError

#: What the process does; a process of its own, because the peak of its memory is never forgotten.
_CHILD = """
import json, resource, sys, time
from pathlib import Path
from mevqa.spotting import spot_video
begin = time.perf_counter()
found = spot_video(Path(sys.argv[1]))
usage = resource.getrusage(resource.RUSAGE_SELF)
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({
    "minutes": found.seconds / 60,
    "events": len(found.events),
    "clock": time.perf_counter() - begin,
    "processor": usage.ru_utime + usage.ru_stime,
    "peak_mb": usage.ru_maxrss * unit / 1e6,
}))
"""


@dataclass(frozen=True, slots=True)
class LongRun:
    """One long video.

    Attributes:
        minutes: Its length.
        events: Expressions found.
        clock: Seconds on the clock.
        processor: Seconds of processor time, starting Python included.
        peak_mb: Largest resident memory, millions of bytes; with Python and its libraries.
    """

    minutes: float
    events: int
    clock: float
    processor: float
    peak_mb: float


def measure_long(video: Path, minutes: float, folder: Path) -> LongRun:
    """Spot in a video that is repeated until it is so long.

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
        # The resource module is of Unix; elsewhere the process says so.
        done = subprocess.run([sys.executable, "-c", _CHILD, str(long)], capture_output=True, text=True, check=False)
    finally:
        long.unlink(missing_ok=True)
    if done.returncode:
        raise MediaError(video, f"cannot be measured with ({(done.stderr.strip() or 'no reason').splitlines()[-1]})")
    return LongRun(**json.loads(done.stdout))


def repeat_video(source: Path, target: Path, minutes: float) -> None:
    """Write a video behind itself until it is so long, packet by packet.

    Raises:
        MediaError: The video cannot be read packet by packet.
    """
    try:
        with av.open(str(target), "w") as out:
            stream, done = None, 0.0
            begin = 0
            while done < 60 * minutes:
                with av.open(str(source)) as given:
                    own = given.streams.video[0]
                    stream = stream or out.add_stream_from_template(own)
                    end = begin
                    for packet in given.demux(own):
                        if packet.dts is None or packet.pts is None:
                            continue
                        packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
                        end = max(end, packet.pts + (packet.duration or 0))
                        packet.stream = stream
                        out.mux(packet)
                    if end == begin or own.time_base is None:
                        raise MediaError(source, "cannot be repeated: its packets have no times")
                    begin, done = end, float(end * own.time_base)
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        raise MediaError(source, f"cannot be repeated ({error}); give a video file") from error

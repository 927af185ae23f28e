"""Frames to an MP4 file that every reader reads exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from mevqa.files.system_errors import writing
from mevqa.files.whole import replacing
from mevqa.synthetic.renderer import Frame


def write_mp4(
    path: Path, frames: Iterable[Frame], fps: float, crf: int, times: tuple[Sequence[int], int] | None = None
) -> int:
    """Encode frames as H.264 and put the file in place when it is complete.

    Args:
        path: The file; its folder must exist.
        frames: RGB frames of one even-sided size.
        fps: Frames per second.
        crf: Constant rate factor.
        times: Presentation time of every frame, ascending steps of a clock, and steps a second; None: evenly spaced.

    Returns:
        How many frames were written.
    """
    import av  # only here: drawing clips, and whoever learns from drawn maps, needs no encoder

    rate = Fraction(fps).limit_denominator(1001)
    tick = Fraction(1, times[1]) if times else 1 / rate
    count = 0
    with writing(path), replacing(path) as partial, av.open(str(partial), "w", format="mp4") as container:
        # One thread: libx264's decisions, and so the bytes, depend on how many there are.
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast", "bf": "0"})
        stream.thread_count = 1
        stream.pix_fmt = "yuv420p"
        if times is not None:
            stream.codec_context.time_base = tick
        for picture in frames:
            if count == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (count, 1 / rate) if times is None else (int(times[0][count]), tick)
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode())
    return count

"""Motion curve of a long video: how much the face moves, over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mevqa.video.face.aligned_face import FaceMode
    from mevqa.video.reading.video import Video

#: Points of the curve a minute: one every four px of a timeline's row of a minute. Aligning a face is what costs.
_A_MINUTE = 250
#: Points of the whole curve: four minutes at that density; longer videos have a coarser one.
_MOST = 1000
#: Frames that are in memory together.
_TOGETHER = 16


def motion_curve(
    video: Video, face: FaceMode = "auto", on_frames: Callable[[int, int], None] = lambda done, total: None
) -> list[tuple[float, float]]:
    """Return (time in s, motion in percent of the eye distance) of a long video's face against its first frame.

    The motion is the largest displacement of a region of the face (eyelids left out) less the median of all, which is
    what the head does. Frames in between are neither converted nor aligned.

    Args:
        video: The open video.
        face: How the face is found.
        on_frames: Called with the frames that are passed and those of the video.

    Raises:
        MediaError: A frame cannot be read.
    """
    import numpy as np

    from mevqa.video.face.aligned_face import FaceAligner
    from mevqa.video.face.regions import face_regions
    from mevqa.video.motion.regional_motion import MotionMeter

    minutes = float(video.times_ms[-1]) / 60_000 if len(video) else 0.0
    points = min(len(video), max(_A_MINUTE, min(_MOST, round(minutes * _A_MINUTE))))
    frames = np.unique(np.linspace(0, len(video) - 1, points).round().astype(int)).tolist()
    aligner = FaceAligner.fit(video[0], face)
    if not aligner.has_face or len(frames) < 3:
        return []
    meter = None
    curve = []
    for start in range(0, len(frames), _TOGETHER):
        chunk = frames[start : start + _TOGETHER]
        for index, frame in zip(chunk, video.frames(chunk), strict=True):
            aligned = aligner(frame)
            meter = meter or MotionMeter([aligned], [region for region in face_regions() if region.kind == "face"])
            moved = meter(aligned).displacement
            moved = moved - np.median(moved, axis=0)
            curve.append((float(video.times_ms[index]) / 1000, 100 * float(np.hypot(*moved.T).max())))
        on_frames(chunk[-1] + 1, len(video))
    return curve

"""Motion of a clip's face by region, measured frame by frame, without that of the head and of blinks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.video.face.head_motion import find_blinks, without_blinks, without_head
from mevqa.video.face.regions import face_regions
from mevqa.video.motion.codec_freeze import REACH_MS, read_thawed
from mevqa.video.motion.face_extent import measure_extents
from mevqa.video.motion.regional_motion import MotionMeter, RegionalMotion
from mevqa.video.reading.pace import Pace

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

Array = NDArray[np.float64]
Align = Callable[[np.ndarray], np.ndarray]

#: Frames that are read around a time, at most about: all of them up to some 750 fps.
_MOST_NEAR = 240

#: Timestamps are rounded to a millisecond (Matroska): a step looks shorter by up to so much, ms.
_ROUNDED_MS = 1.0

#: Frames of the first moments are averaged to a less noisy reference, ms.
_REFERENCE_MS = 20.0

#: A frame is lost when half of the regions differ from the reference by this part of their contrast after motion and
#: brightness are taken out: the head has turned away, something passes before the face, or it is not the same face.
#: Micro-expressions in noisy compressed footage stay below 0.2.
_LOST = 0.4

#: Faces of at most so many frames that are read in one go are kept, 64 kB each.
_MOST_FACES = 300

#: Frames so near to the apex show it, ms.
_APEX_MS = 25.0


@dataclass(frozen=True, slots=True)
class Motion:
    """Measured motion of the face in one stretch of a clip.

    Attributes:
        frames: [samples] frame indices, ascending.
        times_ms: [samples] their times.
        displacement: [samples, regions, 2] to the right and downwards, eye distances, without head and blinks.
        blink: [samples] time course of blinks, 0 outside of them.
        reference: [samples] whether a frame is one of those that the reference was made of: its own noise is in it.
        lost: How many frames were left out because the face does not fit the reference.
    """

    frames: NDArray[np.int64]
    times_ms: Array
    displacement: Array
    blink: Array
    reference: NDArray[np.bool_]
    lost: int


class FaceMotion:
    """Measures frames of a clip against its first moments.

    Args:
        video: The clip.
        align: Gives the aligned face [256, 256, 3] of a frame.
        times_ms: [frames] their times, without gaps (``timing.without_gaps``).
        first: Frame that the others are compared with.
    """

    def __init__(self, video: Video, align: Align, times_ms: Array, first: int = 0) -> None:
        self._video, self._align, self._times = video, align, times_ms
        end = int(np.searchsorted(self._times, self._times[first] + _REFERENCE_MS))
        faces = [align(frame) for frame in video.frames(range(first, end))]
        self._meter = MotionMeter(faces, face_regions())
        self._still = np.asarray(
            np.mean([cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in faces], axis=0, dtype=np.float32)
        )
        self._reference = range(first, end)
        self._motions: dict[int, RegionalMotion] = {}
        self._faces: dict[int, NDArray[np.uint8]] = {}

    def read(self, first: int, last: int, fps: float) -> None:
        """Measure frames from first to last, both included, at about ``fps`` and no more."""
        pace = Pace(1000.0 / fps - _ROUNDED_MS)
        frames = []
        for frame in range(first, last + 1):
            ms = float(self._times[frame])
            if pace.wants(ms) or frame == last:
                pace.take(ms)
                frames.append(frame)
        self._measure(frames, frames)

    def read_around(self, ms: float, reach_ms: float, first: int, last: int) -> None:
        """Measure every frame near a time, if some have been left out."""
        distance = np.abs(self._times[first : last + 1] - ms)
        close = np.flatnonzero(distance <= reach_ms)
        near = {first + int(frame) for frame in close[:: 1 + len(close) // _MOST_NEAR]}
        if not self._motions.keys() >= near:
            # The frames beyond are read only to thaw those before them.
            around = first + np.flatnonzero(distance <= reach_ms + REACH_MS)
            self._measure(around.tolist(), near)

    def _measure(self, frames: Sequence[int], wanted: Collection[int]) -> None:
        """Measure the wanted ones of frames that are read in one go."""
        for index, grey in read_thawed(self._video, frames):
            if index in wanted:
                face = self._align(np.repeat(grey[..., None], 3, axis=2))[..., 0]
                self._motions[index] = self._meter(face)
                if len(wanted) <= _MOST_FACES:
                    self._faces[index] = face

    def extents(self, motion: Motion, apex_ms: float) -> Array | None:
        """Return how far the whole face has gone from the first moments to those near a time.

        Args:
            motion: What frames are measured.
            apex_ms: When the expression is largest, roughly.

        Returns:
            [samples] about 1 near that time; None when the faces of some frames have not been kept.
        """
        if not all(frame in self._faces for frame in motion.frames.tolist()):
            return None
        faces = [self._faces[frame] for frame in motion.frames.tolist()]
        distance = np.abs(motion.times_ms - apex_ms)
        near = np.flatnonzero(distance <= max(_APEX_MS, float(distance.min())))
        apex = np.asarray(np.mean([faces[sample] for sample in near], axis=0, dtype=np.float32))
        return measure_extents(self._still, apex, faces)

    def between(self, first: int, last: int) -> Motion:
        """Return the motion of the frames that have been measured from first to last, both included."""
        regions = face_regions()
        face = [index for index, region in enumerate(regions) if region.kind != "lid"]
        measured = sorted(frame for frame in self._motions if first <= frame <= last)
        kept = [frame for frame in measured if np.median(self._motions[frame].mismatch[face]) <= _LOST]
        shape = (len(kept), len(regions))
        displacement = np.array([self._motions[frame].displacement for frame in kept]).reshape(*shape, 2)
        mismatch = np.array([self._motions[frame].mismatch for frame in kept]).reshape(shape)
        frames = np.array(kept, dtype=np.int64)
        times_ms = self._times[frames]
        blink = find_blinks(mismatch, times_ms, regions) if kept else np.zeros(0)
        steady = without_blinks(without_head(displacement, regions), blink, times_ms, regions)
        reference = np.array([frame in self._reference for frame in kept], dtype=bool)
        return Motion(frames, times_ms, steady, blink, reference, len(measured) - len(kept))

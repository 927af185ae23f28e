"""Motion of the facial regions from onset to apex, without noise, and the regions that could not be measured.

A few frames around onset and apex are enough: each region of the aligned face is registered to the mean of the faces
at the onset (``MotionMeter``), what the head moves is taken out, and the faces around the apex are averaged. The
limits are ours: a region has moved where its displacement is larger than a floor and than what the frames at the apex
differ by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mevqa.video.face.head_motion import without_head
from mevqa.video.face.regions import face_regions
from mevqa.video.face.sides import side_of
from mevqa.video.motion.regional_motion import MotionMeter

Array = NDArray[np.float64]

#: Frames that are measured on each side of the apex, and behind the onset, at most, within so many ms.
_FRAMES = 1
_NEAR_MS = 25.0

#: Displacements below this are not told from noise, eye distances: of 24 synthetic faces at rest 19 have no region
#: above it, and none has more than two.
_FLOOR = 0.003

#: Regions that move less than this share of the strongest one are taken for skin that is pulled along, or for what is
#: left of the motion of the head.
_SHARE = 0.25

#: A region has moved where it moved by more than so many deviations of the frames at the apex.
_DEVIATIONS = 3.0

#: A region is not measured where motion and brightness do not explain this part of its contrast, and the face is not
#: where half of its regions are not (``mevqa.video.motion.face_motion`` gives a frame up there).
_MISMATCH = 0.4


@dataclass(frozen=True, slots=True)
class RegionMotion:
    """Displacement of one region of the face.

    Attributes:
        name: Of ``face_regions``.
        right: Displacement to the right of the picture, eye distances.
        down: Displacement downwards, eye distances.
    """

    name: str
    right: float
    down: float

    @property
    def size(self) -> float:
        """Length of the displacement, eye distances."""
        return float(np.hypot(self.right, self.down))


@dataclass(frozen=True, slots=True)
class MotionEvidence:
    """Measured motion of the face from onset to apex.

    Attributes:
        moved: Regions that moved, the strongest first.
        unmeasured: Names of regions that could not be measured.
        side: The subject's side on which nearly all of the motion is; None for both.
        failure: Why nothing was measured; None where something was.
    """

    moved: tuple[RegionMotion, ...] = ()
    unmeasured: tuple[str, ...] = ()
    side: Literal["left", "right"] | None = None
    failure: str | None = None


def evidence_frames(onset: int, apex: int, times_ms: Array) -> tuple[list[int], list[int]]:
    """Return the frames at the onset and those at the apex that are measured, both ascending.

    Args:
        onset: First frame of the expression.
        apex: Frame of its largest extent.
        times_ms: [frames] times of the clip.
    """
    last = len(times_ms) - 1
    at_onset = [frame for frame in range(onset, min(onset + _FRAMES, last) + 1) if frame < apex or frame == onset]
    at_apex = [frame for frame in range(max(apex - _FRAMES, onset + 1), min(apex + _FRAMES, last) + 1) if frame != apex]
    near = [frame for frame in at_onset if abs(times_ms[frame] - times_ms[onset]) <= _NEAR_MS]
    return near, sorted([apex, *(frame for frame in at_apex if abs(times_ms[frame] - times_ms[apex]) <= _NEAR_MS)])


def measure_evidence(at_onset: Sequence[np.ndarray], at_apex: Sequence[np.ndarray]) -> MotionEvidence:
    """Measure the regions of the face from onset to apex.

    Args:
        at_onset: Aligned faces at the onset, RGB [256, 256, 3], at least one.
        at_apex: Aligned faces at the apex, likewise.
    """
    regions = face_regions()
    meter = MotionMeter(at_onset, regions)
    measured = [meter(face) for face in at_apex]
    steady = without_head(np.array([motion.displacement for motion in measured]), regions)
    mismatch = np.median([motion.mismatch for motion in measured], axis=0)
    face = [index for index, region in enumerate(regions) if region.kind != "lid"]
    if np.median(mismatch[face]) > _MISMATCH:
        return MotionEvidence(failure="the faces at onset and apex differ too much")
    mean = steady.mean(axis=0)
    # One deviation of all regions: of three frames that of a single region says little.
    noise = float(np.sqrt(np.mean((steady - mean) ** 2) * len(steady) / max(len(steady) - 1, 1)))
    least = max(_FLOOR, _DEVIATIONS * noise / np.sqrt(len(steady)))
    usual = [index for index, region in enumerate(regions) if region.kind != "rigid"]
    measurable = [index for index in usual if mismatch[index] <= _MISMATCH]
    sizes = np.linalg.norm(mean, axis=1)
    least = max(least, _SHARE * float(sizes[measurable].max(initial=0.0)))
    strongest = sorted((index for index in measurable if sizes[index] >= least), key=lambda index: -sizes[index])
    moved = np.zeros_like(mean)
    moved[strongest] = mean[strongest]
    return MotionEvidence(
        tuple(RegionMotion(regions[index].name, float(mean[index, 0]), float(mean[index, 1])) for index in strongest),
        tuple(regions[index].name for index in usual if mismatch[index] > _MISMATCH),
        side_of(moved.ravel()),
    )

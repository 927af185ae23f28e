"""The motion record of a video, and evenly spaced series that are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class MotionRecord:
    """Everything that the tracker measured in one video, frame by frame.

    Attributes:
        video: Name of the video, without suffix.
        fps: Frames per second of the footage.
        length: Frames of the footage; of fast footage only some are measured.
        regions: Names of the facial regions.
        frames: [samples] indices of the frames that were read, ascending.
        times_ms: [samples] their times.
        stretch: [samples] number of the stretch of joined curves; -1 where nothing was measured.
        displacement: [samples, regions, 2] to the right and downwards, eye distances, joined over a stretch.
        mismatch: [samples, regions] what motion and brightness do not explain, relative to the region's contrast.
        placement: [samples, 2, 3] where the canonical face lies in the frame.
        missing: [samples] index into ``reasons`` of why nothing was measured; 0 where something was.
        reasons: The reasons; the first is empty.
        unread: Which of the reasons tell of frames that could not be read; the others, of frames without a face that
            can be measured.
        warnings: What a reader should know about the face, one sentence each.
    """

    video: str
    fps: float
    length: int
    regions: tuple[str, ...]
    frames: NDArray[np.int64]
    times_ms: NDArray[np.float64]
    stretch: NDArray[np.int32]
    displacement: NDArray[np.float32]
    mismatch: NDArray[np.float32]
    placement: NDArray[np.float32]
    missing: NDArray[np.uint8]
    reasons: tuple[str, ...] = ("",)
    unread: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSeries:
    """Channels of one video at even steps of time: what a network reads.

    Attributes:
        step_ms: Time from one sample to the next.
        times_ms: [samples] from the first frame to the last.
        frames: [samples] the nearest frame of the footage to each.
        values: [samples, channels], of pictures [samples, channels, height, width]; finite, 0 where nothing was
            measured. Pictures are whole numbers of one byte, whose unit the channels decide.
        measured: [samples] whether the face was measured there.
    """

    step_ms: float
    times_ms: NDArray[np.float64]
    frames: NDArray[np.int64]
    values: NDArray[Any]
    measured: NDArray[np.bool_]

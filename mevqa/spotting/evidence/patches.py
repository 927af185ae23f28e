"""Aligned faces and flow around proposed events, read from the video for these intervals alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.evidence.pictures import ForwardFrames
from mevqa.spotting.features.types import MotionRecord
from mevqa.video.face.align import cut_out
from mevqa.video.face.geometry import ALIGNED_SIZE, EYE_DISTANCE
from mevqa.video.motion.flow import dense_flow, optical_strain

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video


class FacePatches(NamedTuple):
    """The face through one interval.

    Attributes:
        frames: [frames] those that were read: of the interval, not damaged, with a face that was measured near them.
        faces: [frames, size, size, 3] aligned faces, RGB uint8.
        flow: [frames, size, size, 3] motion from the first of them to the right and down in eye distances, and optical
            strain; None where it was not asked for.
    """

    frames: NDArray[np.int64]
    faces: NDArray[np.uint8]
    flow: NDArray[np.float32] | None


def aligned_faces(video: Video, record: MotionRecord, rows: Sequence[int]) -> Iterator[NDArray[np.uint8] | None]:
    """Yield the aligned grey face of samples of a record, [size, size] each; None where the frame is damaged.

    Args:
        video: The video; it is read forward.
        record: What was measured of it.
        rows: Samples at which the face was measured, ascending.

    Raises:
        MediaError: A frame cannot be read, and the video was not opened to skip those.
    """
    pictures = ForwardFrames(video)([int(record.frames[row]) for row in rows])
    for row, picture in zip(rows, pictures, strict=True):
        if picture is None:
            yield None
            continue
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        yield cut_out(grey, record.placement[row].astype(np.float64))


def face_patches(
    video: Video,
    record: MotionRecord,
    intervals: Sequence[tuple[int, int]],
    *,
    size: int = ALIGNED_SIZE,
    step: int = 1,
    flow: bool = False,
) -> Iterator[FacePatches]:
    """Yield the aligned faces of intervals of an open video, and their flow against the first of each.

    Faces lie where the tracker has followed them; between frames that it has measured their place is interpolated.
    Published systems align by landmarks of every frame and compute TV-L1 or Farneback flow; here it is the dense
    inverse search of ``mevqa.video.motion.flow``.

    Args:
        video: The video.
        record: What was measured of it.
        intervals: First and last frame of each, in the order of time.
        size: Side of the faces, pixels.
        step: Frames from one to the next.
        flow: Whether flow is computed.

    Raises:
        MediaError: A frame cannot be read, and the video was not opened to skip those.
    """
    measured = np.flatnonzero(record.missing == 0)
    measured_frames = record.frames[measured]
    wanted = [_frames_with_a_face(record, measured_frames, first, last, step) for first, last in intervals]
    pictures = ForwardFrames(video)
    for index, frames in enumerate(wanted):
        pictures.keep = frozenset(wanted[index + 1]) if index + 1 < len(wanted) else frozenset()
        faces_by_frame = {
            frame: cut_out(picture, _placement(record, measured, measured_frames, frame))
            for frame, picture in zip(frames, pictures(frames), strict=True)
            if picture is not None
        }
        faces = list(faces_by_frame.values())
        moved = [_motion(faces[0], face, size) for face in faces] if flow and faces else []
        yield FacePatches(
            np.array(list(faces_by_frame), np.int64),
            np.array([_resized(face, size) for face in faces], np.uint8).reshape(len(faces), size, size, 3),
            np.array(moved, np.float32).reshape(len(faces), size, size, 3) if flow else None,
        )


def _frames_with_a_face(
    record: MotionRecord, measured_frames: NDArray[np.int64], first: int, last: int, step: int
) -> list[int]:
    """Return the frames of an interval before and behind which the face was measured, the nearest samples both."""
    frames = np.arange(max(first, 0), min(last, record.length - 1) + 1, step)
    if not len(measured_frames):
        return []
    every = record.frames
    before = np.searchsorted(every, frames, side="right") - 1
    after = np.searchsorted(every, frames).clip(max=len(every) - 1)
    with_face = (record.missing[before.clip(min=0)] == 0) & (record.missing[after] == 0) & (before >= 0)
    return [int(frame) for frame in frames[with_face]]


def _placement(
    record: MotionRecord, measured: NDArray[np.int64], measured_frames: NDArray[np.int64], frame: int
) -> NDArray[np.float64]:
    """Return where the face lies in a frame, from the samples around it."""
    after = int(np.searchsorted(measured_frames, frame).clip(max=len(measured_frames) - 1))
    before = max(after - 1, 0) if measured_frames[after] > frame else after
    span = int(measured_frames[after] - measured_frames[before])
    share = (frame - int(measured_frames[before])) / span if span else 0.0
    earlier, later = (record.placement[measured[index]].astype(np.float64) for index in (before, after))
    return np.asarray((1 - share) * earlier + share * later)


def _motion(reference: NDArray[np.uint8], face: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Return flow in eye distances and strain, [size, size, 3]."""
    flow = dense_flow(reference, face)
    channels = np.dstack([flow / EYE_DISTANCE, optical_strain(flow)])
    return np.asarray(_resized(channels, size), np.float32)


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    if picture.shape[0] == size:
        return picture
    smaller = size < picture.shape[0]
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))

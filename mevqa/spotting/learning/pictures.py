"""Channels that are read from the frames of a video: pictures of the aligned face at even steps of time.

A network whose input is a picture needs one of every sample that it scores, so that all of a video is read: at half the
rate of the motion records, in bytes, at the few thousand values that these shallow networks read, and stored beside the
record where there is a cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.evidence.patches import aligned_faces
from mevqa.spotting.features.grid import STEP_MS, EvenMotion, even_motion
from mevqa.spotting.features.series_cache import stored_series
from mevqa.spotting.features.types import FeatureSeries, MotionRecord

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

#: Time between two pictures: 15 a second, every second sample of the motion records.
PICTURE_STEP_MS = 2 * STEP_MS


class SampleFace(NamedTuple):
    """The face at one sample.

    Attributes:
        stretch: Number of the stretch of the record: faces of different ones are not compared.
        grey: [side, side] uint8.
    """

    stretch: int
    grey: NDArray[np.uint8]


#: From the face at each sample, None where none was measured, to a picture [channels, height, width] in bytes of each
#: in turn, None where there is none.
Describe: TypeAlias = Callable[[Iterator[SampleFace | None]], Iterator[NDArray[Any] | None]]


@dataclass(frozen=True, slots=True)
class PictureChannels:
    """Channels that are pictures.

    Attributes:
        name: Their name.
        version: Raised when ``describe`` gives other pictures: stored ones are made anew.
        side: Of the aligned face that ``describe`` is given, pixels.
        shape: [channels, height, width] of a picture.
        kind: Type of its values, ``int8`` or ``uint8``.
        describe: Makes the pictures.
        signs: Of each channel in the mirror, -1 for motion to the right; empty: pictures cannot be mirrored.
    """

    name: str
    version: int
    side: int
    shape: tuple[int, int, int]
    kind: str
    describe: Describe
    signs: tuple[int, ...] = ()

    @property
    def can_mirror(self) -> bool:
        """Whether the channels of the mirrored face can be computed."""
        return bool(self.signs)

    def mirror(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values [..., channels, height, width] of the mirrored face."""
        return np.asarray(values[..., ::-1] * np.array(self.signs, np.float32)[:, None, None], np.float32)

    def series(self, video: Video, record: MotionRecord, features: Path | None) -> FeatureSeries:
        """Return the pictures of a video.

        Args:
            video: The video; it is read forward.
            record: What was measured of it.
            features: Folder of the cache; None: none.

        Raises:
            MediaError: The video cannot be read.
        """

        def make() -> FeatureSeries:
            return self._read_pictures(video, record)

        if features is None:
            return make()
        return stored_series(features, video, record, f"{self.name}-{self.version}", make)

    def _read_pictures(self, video: Video, record: MotionRecord) -> FeatureSeries:
        even = even_motion(record, PICTURE_STEP_MS)
        values = np.zeros((len(even.times_ms), *self.shape), self.kind)
        measured = np.zeros(len(values), bool)
        for sample, picture in enumerate(self.describe(_faces(video, record, even, self.side))):
            if picture is not None:
                values[sample], measured[sample] = picture, True
        return FeatureSeries(even.step_ms, even.times_ms, even.frames, values, measured)


def _faces(video: Video, record: MotionRecord, even: EvenMotion, side: int) -> Iterator[SampleFace | None]:
    """Yield the aligned face nearest to each sample, and None where the face was not measured or cannot be read."""
    measured_samples = np.flatnonzero(record.missing == 0)
    measured = even.measured & bool(len(measured_samples))
    places = np.searchsorted(record.times_ms[measured_samples], even.times_ms).clip(
        1, max(len(measured_samples) - 1, 1)
    )
    rows = np.zeros(len(measured), np.int64)
    if len(measured_samples) > 1:
        times = record.times_ms[measured_samples]
        nearer = even.times_ms - times[places - 1] <= times[places] - even.times_ms
        rows = measured_samples[np.where(nearer, places - 1, places)]
    faces = aligned_faces(video, record, rows[measured].tolist())
    for sample in range(len(measured)):
        if not measured[sample]:
            yield None
            continue
        face = next(faces)
        if face is None:
            yield None
            continue
        grey = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        yield SampleFace(int(even.stretch[sample]), np.asarray(grey, np.uint8))


def with_earlier(faces: Iterator[SampleFace | None], samples: int) -> Iterator[tuple[SampleFace, SampleFace] | None]:
    """Yield each face with the one so many samples before it; near the begin of a stretch, with its first one.

    Args:
        faces: The face at each sample.
        samples: How far back the other face is.
    """
    before: list[SampleFace] = []
    for face in faces:
        if face is None:
            yield None
            continue
        if before and before[0].stretch != face.stretch:
            before.clear()
        before.append(face)
        yield face, before[0]
        del before[: max(len(before) - samples, 0)]

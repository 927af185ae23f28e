"""The motion record of a video: measured while it is read forward once, and read back frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mevqa.spotting.features.types import MotionRecord
from mevqa.spotting.tracking.pace import find_pace
from mevqa.spotting.tracking.tracker import FaceTracker, Reading
from mevqa.video.face.regions import face_regions, network_regions

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

#: Frames between two reports of progress.
_REPORT = 30


class Replayed(NamedTuple):
    """Reading of one frame of a record, as the tracker gave it.

    Attributes:
        reading: What was measured.
        unread: Whether the frame could not be read from the video.
    """

    reading: Reading
    unread: bool


def measure(video: Video, progress: Callable[[int, int], None] = lambda done, total: None) -> MotionRecord:
    """Measure the motion of the face through an open video, at ``FIND_FPS`` frames per second at most.

    Args:
        video: The video; it is read forward once.
        progress: Called now and then with frames done and frames in all.

    Raises:
        MediaError: The video cannot be read.
    """
    tracker, pace = FaceTracker(network_regions()), find_pace()
    rows = _Rows(video)
    done = 0
    for frame in video.read_forward(pace.wants):
        if frame.missing:
            rows.skip(frame.number, frame.ms, frame.missing)
        elif frame.picture is not None:
            pace.take(frame.ms)
            rows.add(tracker.read(frame.number, frame.ms, frame.picture))
        done = frame.number + 1
        if done % _REPORT == 0:
            progress(done, len(video))
    progress(done, done)
    return rows.record(tuple(tracker.warnings))


def replay(record: MotionRecord) -> Iterator[Replayed]:
    """Yield what the tracker gave for the frames of a record, of the regions that are looked at without a network.

    Args:
        record: As ``measure`` returns it.
    """
    names = [region.name for region in face_regions()]
    places = [record.regions.index(name) for name in names]
    for row in range(len(record.frames)):
        why = int(record.missing[row])
        reading = Reading(
            int(record.frames[row]),
            float(record.times_ms[row]),
            int(record.stretch[row]),
            record.displacement[row, places].astype(np.float64),
            record.mismatch[row, places].astype(np.float64),
            record.placement[row].astype(np.float64),
            record.reasons[why],
        )
        yield Replayed(reading, why in record.unread)


def video_name(video: Video) -> str:
    """Return the name of an open video, without suffix."""
    return video.path.stem if video.path.is_file() else video.path.name


class _Rows:
    """The rows of a record while a video is read."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._regions = network_regions()
        self._readings: list[tuple[int, float, int, int]] = []
        self._arrays: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._reasons: dict[tuple[str, bool], int] = {("", False): 0}
        count = len(self._regions)
        self._nothing = np.zeros((count, 2), np.float32), np.zeros(count, np.float32), np.zeros((2, 3), np.float32)

    def add(self, reading: Reading) -> None:
        """Take what was measured in a frame."""
        why = self._reason(reading.missing, unread=False)
        self._readings.append((reading.frame, reading.ms, reading.stretch, why))
        displacement, mismatch, placement = reading.displacement, reading.mismatch, reading.placement
        self._arrays.append((displacement.astype("f4"), mismatch.astype("f4"), placement.astype("f4")))

    def skip(self, frame: int, ms: float, why: str) -> None:
        """Take a frame that cannot be read."""
        self._readings.append((frame, ms, -1, self._reason(why, unread=True)))
        self._arrays.append(self._nothing)

    def _reason(self, why: str, *, unread: bool) -> int:
        return self._reasons.setdefault((why, unread and why != ""), len(self._reasons))

    def record(self, warnings: tuple[str, ...]) -> MotionRecord:
        """Return the record of all frames."""
        frames, times, stretches, missing = zip(*self._readings, strict=True) if self._readings else ((),) * 4
        count, samples = len(self._regions), len(frames)
        displacement, mismatch, placement = zip(*self._arrays, strict=True) if self._arrays else ((),) * 3
        return MotionRecord(
            video=video_name(self._video),
            fps=self._video.fps,
            length=len(self._video),
            regions=tuple(region.name for region in self._regions),
            frames=np.array(frames, np.int64),
            times_ms=np.array(times, np.float64),
            stretch=np.array(stretches, np.int32),
            displacement=np.array(displacement, np.float32).reshape(samples, count, 2),
            mismatch=np.array(mismatch, np.float32).reshape(samples, count),
            placement=np.array(placement, np.float32).reshape(samples, 2, 3),
            missing=np.array(missing, np.uint8),
            reasons=tuple(why for why, _ in self._reasons),
            unread=tuple(index for (_, unread), index in self._reasons.items() if unread),
            warnings=warnings,
        )

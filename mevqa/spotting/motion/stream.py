"""Frames in, events out: a stream of any length in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mevqa.errors import InputError, Problem
from mevqa.spotting.base import SpotOptions
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.evidence.course import TracedEvent, coarse_course
from mevqa.spotting.evidence.timing import timed
from mevqa.spotting.evidence.units import by_region, unit_candidates
from mevqa.spotting.motion.calibration import Calibrator, shipped_calibrator
from mevqa.spotting.motion.detect import LEAST_MOTION, THRESHOLD, Candidate, candidates
from mevqa.spotting.motion.features import FEATURES, features
from mevqa.spotting.motion.talk import talk_warning, talking
from mevqa.spotting.tracking.curves import REST_MS, Curves, join, running_median, short_warning, too_short
from mevqa.spotting.tracking.gaps import Gaps
from mevqa.spotting.tracking.pace import find_pace, slow_warning
from mevqa.spotting.tracking.tracker import FaceTracker, Reading
from mevqa.video.face.sides import side_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The curves of so long are judged together, ms; what happens in the last of it is judged again with what follows.
#: An hour of video takes as much memory as two minutes do.
_WINDOW_MS = 120_000.0
_UNSETTLED_MS = 12_000.0

#: So much of what has been judged stays in sight of what follows, to know the noise and the face at rest, ms.
_CONTEXT_MS = 60_000.0

#: Events that overlap by more than this share of the shorter one are one event that was found in two windows.
_SAME = 0.3


def limits(options: SpotOptions) -> tuple[float, float]:
    """Return least strength, and least displacement of a region in eye distances, that a candidate has."""
    calibrator = calibrator_of(options)
    strength, motion = (
        (THRESHOLD, LEAST_MOTION) if calibrator is None else (calibrator.least_strength, calibrator.least_motion)
    )
    return (
        strength if options.threshold is None else options.threshold,
        motion if options.least_motion is None else options.least_motion,
    )


def calibrator_of(options: SpotOptions) -> Calibrator | None:
    """Return the user's calibrator, None without one.

    Raises:
        InputError: It is of another spotter.
    """
    calibrator = options.calibrator
    if calibrator is not None and not isinstance(calibrator, Calibrator):
        raise InputError([Problem("--calibrator", "is of another spotter than motion")])
    return calibrator


class EventStream:
    """Takes frames in the order of time and gives back events when they are settled.

    Attributes:
        gaps: Where nothing could be looked for, and why.
        face_warnings: What a reader should know about the face.
        trace: (time in ms, largest displacement of a region from rest in eye distances) where that is kept.
    """

    def __init__(self, options: SpotOptions | None = None, *, keep_trace: bool = False) -> None:
        self.options = options or SpotOptions()
        self._calibrator = calibrator_of(self.options)
        self.gaps = Gaps()
        self.trace: list[tuple[float, float]] = []
        self._keep_trace = keep_trace
        self._tracker = FaceTracker()
        self.face_warnings: Sequence[str] = self._tracker.warnings
        self._pace = find_pace()
        self._readings: list[Reading] = []
        self._settled_ms = -np.inf
        self._returned: list[SpottedEvent] = []
        self._step_ms = 0.0
        self._short: set[int] = set()
        self._talk_ms = 0.0
        self._heard_ms = -np.inf

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about the face, the footage, talk, and gaps in which nothing could be looked for."""
        cautions = [*slow_warning(self._step_ms), *short_warning(len(self._short)), *talk_warning(self._talk_ms)]
        return (*self.face_warnings, *cautions, *self.gaps.sentences())

    def wants(self, ms: float) -> bool:
        """Return whether the frame at a time is to be measured; the others need not be decoded to pictures.

        To be asked once of every frame, in the order of time.
        """
        return self._pace.wants(ms)

    def feed(self, frame: int, ms: float, picture: NDArray[np.uint8]) -> list[TracedEvent]:
        """Take one frame.

        Args:
            frame: Its index.
            ms: Its time, later than that of the frame before.
            picture: RGB [H, W, 3].

        Returns:
            Events that are settled, in the order of time.
        """
        self._pace.take(ms)
        return self.take(self._tracker.read(frame, ms, picture))

    def take(self, reading: Reading) -> list[TracedEvent]:
        """Take what was measured in one frame; as ``feed``."""
        ms = reading.ms
        self.gaps.add(ms, reading.missing, reading.stretch)
        self._readings.append(reading)
        if ms - self._readings[0].ms < _WINDOW_MS:
            return []
        traced_events = self._judge(ms - _UNSETTLED_MS)
        self._forget(ms - _UNSETTLED_MS - _CONTEXT_MS)
        return traced_events

    def skip(self, ms: float, why: str) -> None:
        """Record that the frame at a time is missing, and why."""
        self.gaps.add(ms, why)

    def finish(self) -> list[TracedEvent]:
        """Return the events that were not settled yet."""
        return self._judge(np.inf)

    def _forget(self, before_ms: float) -> None:
        keep = next((index for index, reading in enumerate(self._readings) if reading.ms >= before_ms), 0)
        del self._readings[:keep]

    def _judge(self, until_ms: float) -> list[TracedEvent]:
        """Return new events with their apex before a time."""
        frames = np.array([reading.frame for reading in self._readings], dtype=np.int64)
        times = np.array([reading.ms for reading in self._readings])
        traced_events = []
        if len(times) > 1:
            self._step_ms = float(np.median(np.diff(times)))
        self._short |= too_short(self._readings)
        for curves in join(self._readings):
            self._add_talk(curves, until_ms)
            if self._keep_trace:
                self._add_trace(curves, until_ms)
            for candidate in candidates(curves, *limits(self.options)):
                course = candidate.course
                if course.apex_ms >= until_ms or course.offset_ms <= self._settled_ms:
                    continue
                if candidate.is_blink or candidate.is_covered:
                    continue
                event = make_event(candidate, curves.step_ms, self.options, frames, times)
                if self._calibrator is not None and event.score < self._calibrator.threshold:
                    continue
                if event.kind in self.options.kinds and not any(_same(event, earlier) for earlier in self._returned):
                    at = int(np.searchsorted(times, course.onset_ms).clip(max=len(times) - 1))
                    traced_events.append(_traced(event, candidate, curves, self._readings[at].placement))
        traced_events.sort(key=lambda traced: traced.event.onset_ms)
        self._returned = [traced.event for traced in traced_events] or self._returned[-8:]
        self._settled_ms = until_ms - _UNSETTLED_MS
        return traced_events

    def _add_talk(self, curves: Curves, until_ms: float) -> None:
        """Count how long the lips talk, up to a time."""
        new = (curves.times_ms > self._heard_ms) & (curves.times_ms < until_ms)
        if new.any():
            self._talk_ms += float((talking(curves) & new).sum()) * curves.step_ms
            self._heard_ms = float(curves.times_ms[new][-1])

    def _add_trace(self, curves: Curves, until_ms: float) -> None:
        """Keep how far the face is from rest, up to a time."""
        last = self.trace[-1][0] if self.trace else -np.inf
        motion = curves.motion - np.stack(
            [running_median(channel, curves.times_ms, REST_MS) for channel in curves.motion.T], axis=1
        )
        extent = np.hypot(motion[:, 0::2], motion[:, 1::2]).max(axis=1)
        new = (curves.times_ms > last) & (curves.times_ms < until_ms)
        self.trace += [(float(ms), float(value)) for ms, value in zip(curves.times_ms[new], extent[new], strict=True)]


def _traced(event: SpottedEvent, candidate: Candidate, curves: Curves, placement: NDArray[np.float64]) -> TracedEvent:
    """Return an event with the course and the placement from which it can be timed again."""
    course, duration = candidate.course, candidate.duration_ms
    coarse = coarse_course(course, duration, candidate.direction, candidate.motion, curves)
    return TracedEvent(event, course, duration, coarse, placement)


def make_event(
    candidate: Candidate, step_ms: float, options: SpotOptions, frames: NDArray[np.int64], times_ms: NDArray[np.float64]
) -> SpottedEvent:
    """Return a candidate as an event.

    Args:
        candidate: What was detected.
        step_ms: Time between two samples of the curves: no duration is known to less than half of it.
        options: The rule that tells micro- and macro-expressions apart, and the calibrator.
        frames: [n] indices of frames.
        times_ms: [n] their times, ascending.
    """
    values = features(candidate)
    return SpottedEvent(
        **timed(candidate.course, step_ms, options.rule, frames, times_ms)._asdict(),
        score=(calibrator_of(options) or shipped_calibrator()).probability(values),
        side=side_of(candidate.motion),
        regions=by_region(candidate.motion),
        units=unit_candidates(candidate.motion),
        features=dict(zip(FEATURES, map(float, values), strict=True)),
        clear=candidate.clear,
    )


def spot(
    frames: Iterable[NDArray[np.uint8]],
    fps: float | None = None,
    *,
    times_ms: Iterable[float] | None = None,
    options: SpotOptions | None = None,
) -> Iterator[SpottedEvent]:
    """Find expressions in a stream of frames; events come as soon as they are settled, about two minutes later.

    Args:
        frames: RGB uint8 [H, W, 3], in the order of time; any number of them, read one by one.
        fps: Frames per second.
        times_ms: Times of the frames instead, ascending, for a rate that varies.
        options: What is looked for.

    Yields:
        Events in the order of time.

    Raises:
        ValueError: Neither or both of ``fps`` and ``times_ms`` are given, ``fps`` is not positive, or times do not
            ascend.
    """
    if (fps is None) == (times_ms is None):
        raise ValueError("give either fps or times_ms")
    if fps is not None and not 0 < fps < float("inf"):
        raise ValueError(f"fps must be a positive number, not {fps}")
    stream = EventStream(options)
    times = times_ms if times_ms is not None else _clock(fps or 1.0)
    last_ms = -np.inf
    for number, (picture, ms) in enumerate(zip(frames, times, strict=False)):
        if not ms > last_ms:
            raise ValueError(f"times must ascend: frame {number} is at {ms} ms, the one before at {last_ms} ms")
        last_ms = ms
        if stream.wants(ms):
            yield from (traced.event for traced in stream.feed(number, ms, picture))
    yield from (traced.event for traced in stream.finish())


def _clock(fps: float) -> Iterator[float]:
    """Yield the times of frames at an even rate, ms."""
    number = 0
    while True:
        yield number * 1000.0 / fps
        number += 1


def _same(event: SpottedEvent, other: SpottedEvent) -> bool:
    """Return whether two events are the same one."""
    shared = min(event.offset_ms, other.offset_ms) - max(event.onset_ms, other.onset_ms)
    return shared > _SAME * max(min(event.duration_ms, other.duration_ms), 1.0)

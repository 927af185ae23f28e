"""Onset, apex and offset at the full rate of fast footage.

Expressions are looked for at some 30 frames a second; of 200 a second this leaves six of seven unread. Once it is known
where an expression is, every frame around its onset, apex and offset is measured too, and its course is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.events import Rule
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.evidence.boundaries import Course, follow
from mevqa.spotting.evidence.course import Coarse, TracedEvent
from mevqa.spotting.evidence.pictures import ForwardFrames
from mevqa.spotting.evidence.timing import timed
from mevqa.spotting.tracking.curves import channels
from mevqa.spotting.tracking.pace import FIND_FPS
from mevqa.video.face.align import cut_out
from mevqa.video.face.head_motion import without_head
from mevqa.video.face.regions import face_regions
from mevqa.video.face.stabilise import Stabiliser
from mevqa.video.motion.regional_motion import MotionMeter

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

Array = NDArray[np.float64]

#: Footage of up to this many times the rate of finding is read whole anyway.
_FASTER = 1.5

#: Every frame is read so near to onset, apex and offset, ms.
_NEAR_MS = 90.0

#: Fewer frames than these show no course.
_LEAST_FRAMES = 3

#: The coarse samples leave open so many of their steps on both sides; what lies further off is another hill.
_OPEN = 1.5


def is_fast(fps: float) -> bool:
    """Return whether footage of a rate is searched at a lower one."""
    return fps >= _FASTER * FIND_FPS


def refine(video: Video, traced_events: Sequence[TracedEvent], rule: Rule) -> list[SpottedEvent]:
    """Return the events of fast footage with their times at full rate, reading it forward once.

    Args:
        video: The footage.
        traced_events: Events that were found in it, in the order of time.
        rule: How micro- and macro-expressions are told apart.
    """
    wanted = [_frames_near(video, traced) for traced in traced_events]
    pictures = ForwardFrames(video)
    events = []
    for index, (traced, frames) in enumerate(zip(traced_events, wanted, strict=True)):
        following = wanted[index + 1] if index + 1 < len(wanted) else []
        pictures.keep = frozenset(following)
        events.append(traced.event if len(frames) < _LEAST_FRAMES else _refine(video, pictures, frames, traced, rule))
    return events


def _frames_near(video: Video, traced: TracedEvent) -> list[int]:
    """Return the frames near onset, apex and offset; none where they are not measured again."""
    if traced.coarse is None:
        return []
    near = np.zeros(len(video), dtype=bool)
    for ms in (traced.event.onset_ms, traced.event.apex_ms, traced.event.offset_ms):
        near |= np.abs(video.times_ms - ms) <= _NEAR_MS
    near[sorted(video.missing)] = False
    return [int(frame) for frame in np.flatnonzero(near)]


def _refine(video: Video, pictures: ForwardFrames, frames: list[int], traced: TracedEvent, rule: Rule) -> SpottedEvent:
    """Return an event with its course read again from the frames near onset, apex and offset that are not damaged."""
    event, coarse, times = traced.event, traced.coarse, video.times_ms
    assert coarse is not None
    measured, motion = _measure(pictures, frames, traced.placement)
    if len(measured) < _LEAST_FRAMES:
        return event
    merged_times, merged = _merge(times[measured], motion @ coarse.weights, coarse)
    middle = int(np.abs(merged_times - (event.onset_ms + event.offset_ms) / 2).argmin())
    course = _believable(follow(merged, merged_times, middle, traced.duration_ms), traced.course, coarse.step_ms)
    step = float(np.median(np.diff(times)))
    return replace(event, **timed(course, step, rule, np.arange(len(times)), times)._asdict())


def _measure(pictures: ForwardFrames, frames: list[int], placement: Array) -> tuple[list[int], Array]:
    """Return those of some frames that can be read, and their motion against the first, without head.

    Returns:
        [measured] frames, and [measured, channels] motion.
    """
    regions = face_regions()
    stabiliser: Stabiliser | None = None
    meter: MotionMeter | None = None
    measured, moved = [], []
    for frame, picture in zip(frames, pictures(frames), strict=True):
        if picture is None:
            continue
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        if stabiliser is None or meter is None:
            face = cut_out(grey, placement)
            stabiliser, meter = Stabiliser(face), MotionMeter([face], regions)
        placement = stabiliser.follow(grey, placement).placement
        moved.append(meter(cut_out(grey, placement)).displacement)
        measured.append(frame)
    if not measured:
        return [], np.zeros((0, len(channels())))
    steady = without_head(np.array(moved), regions).reshape(len(moved), -1)
    return measured, np.asarray(steady[:, channels()])


def _merge(times_ms: Array, fine: Array, coarse: Coarse) -> tuple[Array, Array]:
    """Return the fine curve where it is known and the coarse one elsewhere, each run of frames on the coarse level."""
    levelled = fine.copy()
    difference = np.interp(times_ms, coarse.times_ms, coarse.extent) - fine
    borders = np.flatnonzero(np.diff(times_ms) > coarse.step_ms) + 1
    for run in np.split(np.arange(len(times_ms)), borders):
        levelled[run] += np.median(difference[run])
    apart = np.abs(coarse.times_ms[:, None] - times_ms[None, :]).min(axis=1) > coarse.step_ms
    merged = np.concatenate([times_ms, coarse.times_ms[apart]])
    values = np.concatenate([levelled, coarse.extent[apart]])
    order = np.argsort(merged)
    return merged[order], values[order]


def _believable(fine: Course, coarse: Course, step_ms: float) -> Course:
    """Return the fine times where they are within what the coarse samples leave open."""
    pairs = zip(
        (fine.onset_ms, fine.apex_ms, fine.offset_ms), (coarse.onset_ms, coarse.apex_ms, coarse.offset_ms), strict=True
    )
    return Course(
        *(fine_ms if abs(fine_ms - coarse_ms) <= _OPEN * step_ms else coarse_ms for fine_ms, coarse_ms in pairs)
    )

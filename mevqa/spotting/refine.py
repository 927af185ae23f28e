"""Onset, apex and offset at the full rate of fast footage.

Expressions are looked for at some 30 frames a second; of 200 a second this leaves six of seven unread. Once it is known
where an expression is, every frame around its onset, apex and offset is measured too, and its course is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mevqa.spotting.boundaries import Course, follow
from mevqa.spotting.curves import Curves, channels
from mevqa.spotting.events import Event, Rule
from mevqa.spotting.spotter import FIND_FPS, Found, make_event
from mevqa.video.align import cut_out
from mevqa.video.head_motion import without_head
from mevqa.video.regional_motion import MotionMeter
from mevqa.video.regions import face_regions
from mevqa.video.stabilise import Stabiliser

if TYPE_CHECKING:
    from mevqa.video.reader import Video

Array = NDArray[np.float64]

#: Footage of up to this many times the rate of finding is read whole anyway.
_FASTER = 1.5

#: Every frame is read so near to onset, apex and offset, ms.
_NEAR_MS = 90.0

#: The coarse samples leave open so many of their steps on both sides; what lies further off is another hill.
_OPEN = 1.5

#: Frames decoded at once.
_CHUNK = 8

#: Lids that do more than this share of the moving are not measured again: blinks and the other eye are not known here.
_LIDS = 0.5


def refine(video: Video, found: list[Found], rule: Rule) -> list[Event]:
    """Return events with their times at full rate; of slow footage as they are.

    Args:
        video: The footage.
        found: What was found in it, in the order of time.
        rule: How micro- and macro-expressions are told apart.
    """
    if video.fps < _FASTER * FIND_FPS:
        return [one.event for one in found]
    return [_refine(video, one, rule) for one in found]


def _refine(video: Video, found: Found, rule: Rule) -> Event:
    """Measure the frames near onset, apex and offset and read the course again."""
    times, event = video.times_ms, found.event
    near = np.zeros(len(times), dtype=bool)
    for ms in (event.onset_ms, event.apex_ms, event.offset_ms):
        near |= np.abs(times - ms) <= _NEAR_MS
    frames = np.flatnonzero(near)
    weights = _without_lids(found)
    if weights is None or len(frames) < 3:
        return event
    fine = _measure(video, frames, found.placement) @ weights
    coarse = found.curves.motion[:, channels()] @ weights
    merged_times, merged = _merge(times[frames], fine, found.curves, coarse)
    middle = int(np.abs(merged_times - (event.onset_ms + event.offset_ms) / 2).argmin())
    course = _believable(
        follow(merged, merged_times, middle, found.candidate.duration_ms), found.candidate.course, found.curves.step_ms
    )
    step = float(np.median(np.diff(times)))
    refined = make_event(replace(found.candidate, course=course), step, rule, np.arange(len(times)), times)
    return replace(refined, regions=event.regions, units=event.units, side=event.side)


def _without_lids(found: Found) -> Array | None:
    """Return the direction of the expression without the lids, None when they do most of it."""
    lids = np.repeat([region.kind == "lid" for region in face_regions()], 2)
    energy = found.candidate.motion**2
    if energy[lids].sum() > _LIDS * energy.sum():
        return None
    weights = np.where(lids[channels()], 0.0, found.candidate.direction)
    size = float(weights @ found.candidate.motion[channels()])
    return weights / size if size > 0 else None


def _measure(video: Video, frames: NDArray[np.intp], placement: Array) -> Array:
    """Return the motion of some frames against the first of them, without head, [frames, channels]."""
    regions = face_regions()
    stabiliser: Stabiliser | None = None
    meter: MotionMeter | None = None
    moved = []
    for picture in _pictures(video, frames):
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        if stabiliser is None or meter is None:
            face = cut_out(grey, placement)
            stabiliser, meter = Stabiliser(face), MotionMeter([face], regions)
        placement = stabiliser.follow(grey, placement).placement
        moved.append(meter(cut_out(grey, placement)).displacement)
    steady = without_head(np.array(moved), regions).reshape(len(moved), -1)
    return np.asarray(steady[:, channels()])


def _pictures(video: Video, frames: NDArray[np.intp]) -> Iterator[np.ndarray]:
    """Yield frames, a few in memory at a time."""
    for start in range(0, len(frames), _CHUNK):
        yield from video.frames([int(frame) for frame in frames[start : start + _CHUNK]])


def _merge(times_ms: Array, fine: Array, curves: Curves, coarse: Array) -> tuple[Array, Array]:
    """Return the fine curve where it is known and the coarse one elsewhere, each run of frames on the coarse level."""
    levelled = fine.copy()
    difference = np.interp(times_ms, curves.times_ms, coarse) - fine
    borders = np.flatnonzero(np.diff(times_ms) > curves.step_ms) + 1
    for own in np.split(np.arange(len(times_ms)), borders):
        levelled[own] += np.median(difference[own])
    apart = np.abs(curves.times_ms[:, None] - times_ms[None, :]).min(axis=1) > curves.step_ms
    merged = np.concatenate([times_ms, curves.times_ms[apart]])
    values = np.concatenate([levelled, coarse[apart]])
    order = np.argsort(merged)
    return merged[order], values[order]


def _believable(fine: Course, coarse: Course, step_ms: float) -> Course:
    """Return the fine times where they are within what the coarse samples leave open."""
    pairs = zip(
        (fine.onset_ms, fine.apex_ms, fine.offset_ms), (coarse.onset_ms, coarse.apex_ms, coarse.offset_ms), strict=True
    )
    return Course(*(one if abs(one - other) <= _OPEN * step_ms else other for one, other in pairs))

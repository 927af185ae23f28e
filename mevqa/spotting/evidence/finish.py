"""From the events that a spotter proposes to its result: evidence, times at full frame rate, gaps, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mevqa.events import Rule
from mevqa.spotting.base import Spotting
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.evidence.boundaries import Course
from mevqa.spotting.evidence.course import TracedEvent, coarse_course, extent
from mevqa.spotting.evidence.refine import is_fast, refine
from mevqa.spotting.evidence.units import by_region, unit_candidates
from mevqa.spotting.features.types import MotionRecord
from mevqa.spotting.tracking.curves import Curves, channels, is_long, short_warning, stretch_curves
from mevqa.spotting.tracking.gaps import Gaps
from mevqa.spotting.tracking.pace import slow_warning
from mevqa.video.face.regions import face_regions
from mevqa.video.face.sides import side_of

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video


def finish(
    video: Video,
    record: MotionRecord,
    events: Sequence[SpottedEvent],
    *,
    scores: Sequence[tuple[float, float]] = (),
    rule: Rule = "half-second",
) -> Spotting:
    """Return the result of spotting in an open video, as every spotter returns it.

    Each event gets the displacement of the regions from rest to its apex, its side, and the action units that explain
    the motion; in fast footage, onset, apex and offset are read again from every frame near them. Kinds, scores and
    classes stay as they are.

    Args:
        video: The video; of fast footage frames near the events are read.
        record: What was measured of it.
        events: What the spotter proposes, in the order of time.
        scores: (time in ms, score) of frames, for tables and plots.
        rule: How micro- and macro-expressions are told apart.

    Raises:
        MediaError: Frames cannot be read.
    """
    stretches, short = _stretches(record)
    traced_events = [_with_evidence(event, stretches, record) for event in events]
    if is_fast(video.fps):
        video.missing.update(unread_frames(record))
        refined = refine(video, traced_events, rule)
        timed = [replace(event, kind=traced.event.kind) for event, traced in zip(refined, traced_events, strict=True)]
    else:
        timed = [traced.event for traced in traced_events]
    gaps = record_gaps(record)
    step_ms = float(np.median(np.diff(record.times_ms))) if len(record.times_ms) > 1 else 0.0
    return Spotting.of(
        video,
        timed,
        scores=scores,
        warnings=(*record.warnings, *slow_warning(step_ms), *short_warning(short), *gaps.sentences()),
        face=not gaps.nothing_seen,
        gaps=gaps.spans,
        cuts_ms=gaps.cuts_ms,
        rule=rule,
    )


def record_gaps(record: MotionRecord) -> Gaps:
    """Return where a video could not be looked at, and why."""
    gaps = Gaps()
    for ms, why, stretch in zip(record.times_ms, record.missing, record.stretch, strict=True):
        gaps.add(float(ms), record.reasons[int(why)], int(stretch))
    return gaps


def unread_frames(record: MotionRecord) -> Iterator[int]:
    """Yield the frames of a video that could not be read when it was measured."""
    yield from (int(frame) for frame in record.frames[np.isin(record.missing, record.unread)])


def _stretches(record: MotionRecord) -> tuple[list[Curves], int]:
    """Return the curves of every stretch that is long enough, and how many are not."""
    places = [record.regions.index(region.name) for region in face_regions()]
    stretches, short = [], 0
    measured = np.flatnonzero(record.missing == 0)
    for rows in np.split(measured, np.flatnonzero(np.diff(record.stretch[measured])) + 1):
        if is_long(record.times_ms[rows]):
            moved = record.displacement[rows][:, places].astype(np.float64)
            mismatch = record.mismatch[rows][:, places].astype(np.float64)
            stretches.append(stretch_curves(moved, mismatch, record.times_ms[rows], int(record.stretch[rows[0]])))
        elif len(rows):
            short += 1
    return stretches, short


def _with_evidence(event: SpottedEvent, stretches: Sequence[Curves], record: MotionRecord) -> TracedEvent:
    """Return an event with the motion of the regions; without, where the face is in sight too briefly at its apex."""
    course = Course(event.onset_ms, event.apex_ms, event.offset_ms)
    duration = event.duration_ms
    at = int(np.searchsorted(record.times_ms, event.onset_ms).clip(max=len(record.times_ms) - 1))
    placement = record.placement[at].astype(np.float64)
    curves = next(
        (stretch for stretch in stretches if stretch.times_ms[0] <= event.apex_ms <= stretch.times_ms[-1]), None
    )
    if curves is None or duration <= 0:
        return TracedEvent(event, course, duration, None, placement)
    motion = extent(curves, course)
    described = replace(event, side=side_of(motion), regions=by_region(motion), units=unit_candidates(motion))
    moved = motion[channels()]
    direction = moved / max(float(moved @ moved), 1e-12)
    return TracedEvent(
        described, course, duration, coarse_course(course, duration, direction, motion, curves), placement
    )

"""Localisation of onset, apex and offset in a clip that holds one expression, without training.

Regions of the aligned face are measured against the first frame, what the head moves is taken out, blinks are found at
the eyelids and ignored elsewhere, and ``mevqa.video.motion.curve`` reads rise, peak and fall from the curves. The clip
is read at a low rate first and at its full rate only around the peak, so that high-speed footage costs little more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.video.decoding.timing import without_gaps
from mevqa.video.face.regions import face_regions
from mevqa.video.motion.curve import Peak, decode, prior_peak, retimed
from mevqa.video.motion.face_motion import Align, FaceMotion, Motion

if TYPE_CHECKING:
    from mevqa.video.reading.video import Video

Array = NDArray[np.float64]

#: Onset, apex and offset as far as they are known.
_Known = tuple[int | None, int | None, int | None]

#: Rates for finding the expression, frames per second: short clips, and clips of more than ``_LONG_MS``.
_FIND_FPS = 60.0
_FIND_FPS_LONG = 30.0
_LONG_MS = 4000.0

#: A long clip is searched in windows of this length that overlap by half, ms: longer than any micro-expression.
_WINDOW_MS = 3000.0

#: Around the peak every frame is read, ms on both sides.
_FINE_MS = 160.0

#: Samples of a long clip in which a frame is known.
_MOST_SAMPLES = 240

#: Below this confidence the reader is warned: a posterior of 0.35 before it was calibrated.
_UNSURE = 0.68


@dataclass(frozen=True, slots=True)
class Curve:
    """Motion of the face along the direction of the expression.

    Attributes:
        frames: [samples] frame indices, ascending.
        times_ms: [samples] their times.
        motion: [samples] displacement of the region that moves most, eye distances, 0 at rest.
        blinking: [samples] whether an eye is closing, closed or opening.
    """

    frames: NDArray[np.int64]
    times_ms: Array
    motion: Array
    blinking: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Localised:
    """One expression found in a clip.

    Attributes:
        onset: First frame.
        apex: Frame of the largest extent.
        offset: Last frame.
        confidence: Probability that the apex is within 20 ms of the truth, 0 to 1; 0 when only the prior speaks.
        warnings: What a reader should know.
        curve: What was measured; None when nothing could be.
        regions: Displacement of each region at the apex (right, down), eye distances.
    """

    onset: int
    apex: int
    offset: int
    confidence: float
    warnings: tuple[str, ...] = ()
    curve: Curve | None = None
    regions: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def localise(
    video: Video,
    align: Align,
    *,
    onset: int | None = None,
    apex: int | None = None,
    offset: int | None = None,
) -> Localised:
    """Find what is not known of onset, apex and offset of the one expression in a clip.

    Args:
        video: The clip; its own times are used (give ``fps`` to ``open_video`` to override them).
        align: Gives the aligned face [256, 256, 3] of a frame, a ``FaceAligner`` usually.
        onset: First frame, when it is known; nothing before it is read.
        apex: Frame of the largest extent, when it is known.
        offset: Last frame, when it is known; nothing after it is read.

    Returns:
        The expression, the known frames unchanged. Clips that show no measurable motion get the usual place of an
        expression (apex at 0.44 of the interval, 380 ms), confidence 0 and a warning.

    Raises:
        ValueError: The known frames are not in order inside the clip.
        MediaError: A frame cannot be read.
    """
    in_order = [0, *(frame for frame in (onset, apex, offset) if frame is not None), len(video) - 1]
    if in_order != sorted(in_order):
        raise ValueError(f"onset {onset}, apex {apex}, offset {offset}: not in order inside {len(video)} frames")
    known = (onset, apex, offset)
    times = without_gaps(video.times_ms)
    first, last = _stretch(times, known)
    motion = FaceMotion(video, align, times, first)
    motion.read(first, last, _rate(float(times[last] - times[first]), known))
    at = [None if frame is None else float(times[frame]) for frame in known]
    window = _likeliest_window(motion, times, first, last, at)
    if window != (first, last):
        # Of a long clip no faces have been kept.
        first, last = window
        motion.read(first, last, _FIND_FPS_LONG)
    rough = _decode(motion.between(first, last), times[first : last + 1], at)
    motion.read_around(rough.apex_ms, _FINE_MS, first, last)
    measured = motion.between(first, last)
    peak = _decode(measured, times[first : last + 1], at)
    if apex is None and peak.evidence > 0 and (extents := motion.extents(measured, peak.apex_ms)) is not None:
        peak = retimed(peak, extents, measured.times_ms, nuisance=_ignored(measured))
    return _report(measured, peak, times, known, video.times_ms)


def expected(
    video: Video, *, onset: int | None = None, apex: int | None = None, offset: int | None = None
) -> Localised:
    """Return where an expression is to be expected in a clip whose face cannot be measured.

    Args:
        video: The clip.
        onset: First frame, when it is known.
        apex: Frame of the largest extent, when it is known.
        offset: Last frame, when it is known.
    """
    known = (onset, apex, offset)
    times = without_gaps(video.times_ms)
    peak = prior_peak(times, *(None if frame is None else float(times[frame]) for frame in known))
    return Localised(*_frames(peak, times, known), 0.0, _warnings(peak, known))


def _stretch(times: Array, known: _Known) -> tuple[int, int]:
    """Return first and last frame to search: of a long clip only what is near a known frame."""
    onset, apex, offset = known
    first = 0 if onset is None else onset
    last = len(times) - 1 if offset is None else offset
    if onset is None and (anchor := apex if apex is not None else offset) is not None:
        first = int(np.searchsorted(times, times[anchor] - _WINDOW_MS))
    if offset is None and (anchor := apex if apex is not None else onset) is not None:
        last = int(np.searchsorted(times, times[anchor] + _WINDOW_MS, side="right")) - 1
    return first, last


def _rate(span_ms: float, known: _Known) -> float:
    """Return the frames per second for finding the expression."""
    if span_ms <= _LONG_MS:
        return _FIND_FPS
    # What is known to last for long is slow; it is decoded whole, so the number of its samples is bounded.
    has_known_frame = any(frame is not None for frame in known)
    return min(_FIND_FPS_LONG, _MOST_SAMPLES * 1000 / span_ms) if has_known_frame else _FIND_FPS_LONG


def _decode(motion: Motion, times_ms: Array, at: Sequence[float | None]) -> Peak:
    """Return the expression in what has been measured, the prior when most of it was lost."""
    if len(motion.frames) < 2 or motion.lost > len(motion.frames):
        return prior_peak(times_ms, *at)
    # The nose bridge has served.
    face = [index for index, region in enumerate(face_regions()) if region.kind != "rigid"]
    return decode(
        motion.displacement[:, face].reshape(len(motion.frames), -1),
        motion.times_ms,
        nuisance=_ignored(motion),
        onset_ms=at[0],
        apex_ms=at[1],
        offset_ms=at[2],
    )


def _ignored(motion: Motion) -> Array:
    """Return the time courses that are not the expression, [samples, k]."""
    # Frames that are compared with themselves lack the noise and the coding errors that all others have in common: they
    # say nothing. A blink's pull on brows and cheeks has the blink's own time course.
    alone = np.eye(len(motion.frames))[:, motion.reference]
    return np.hstack([alone, motion.blink[:, None]]) if motion.blink.any() else alone


def _likeliest_window(
    motion: FaceMotion, times: Array, first: int, last: int, at: Sequence[float | None]
) -> tuple[int, int]:
    """Return the part of a long clip in which the evidence is strongest; all of it when a frame is known."""
    if times[last] - times[first] <= _LONG_MS or any(ms is not None for ms in at):
        return first, last
    windows = []
    for begin_ms in np.arange(times[first], times[last] - _WINDOW_MS / 2, _WINDOW_MS / 2):
        begin = int(np.searchsorted(times, begin_ms))
        end = min(last, int(np.searchsorted(times, begin_ms + _WINDOW_MS)))
        peak = _decode(motion.between(begin, end), times[begin : end + 1], at)
        windows.append((peak.evidence, begin, end))
    evidence, begin, end = max(windows)
    if evidence <= 0:
        # Nowhere: the middle, where the prior expects it.
        middle = (times[first] + times[last]) / 2
        begin, end = np.searchsorted(times, [middle - _WINDOW_MS / 2, middle + _WINDOW_MS / 2])
    return int(begin), min(int(end), last)


def _frames(peak: Peak, times: Array, known: _Known) -> tuple[int, int, int]:
    """Return onset, apex and offset in frames, the known ones unchanged."""
    nearest = [int(np.abs(times - ms).argmin()) for ms in (peak.onset_ms, peak.apex_ms, peak.offset_ms)]
    onset, apex, offset = (at if at is not None else frame for at, frame in zip(known, nearest, strict=True))
    return min(onset, apex), apex, max(offset, apex)


def _report(motion: Motion, peak: Peak, times: Array, known: _Known, own_times: Array) -> Localised:
    """Return the localised expression: the peak in frames, curve (in the video's own times), regions and warnings."""
    frames, warnings = _frames(peak, times, known), _warnings(peak, known)
    if motion.lost:
        what = f"{motion.lost} of {motion.lost + len(motion.frames)} frames could not be measured"
        warnings = (*warnings, f"{what}: the face differs too much from the first frame")
    if len(motion.frames) < 2:
        return Localised(*frames, peak.confidence, warnings)
    # Least squares of each channel on course, rest and blink gives the displacement from rest to apex.
    course = peak.extent(motion.times_ms)
    course /= max(float(course.max()), 1e-9)
    flat = motion.displacement.reshape(len(motion.frames), -1)
    parts = np.stack([course, np.ones_like(course), motion.blink], axis=1)
    weights = np.linalg.lstsq(parts, flat, rcond=None)[0]
    at_apex = weights[0].reshape(-1, 2)
    along = (flat - np.outer(motion.blink, weights[2])) @ (weights[0] / max(float(weights[0] @ weights[0]), 1e-12))
    at_rest = course <= 0.05
    along = along - (np.median(along[at_rest]) if at_rest.any() else along.min())
    strongest = float(np.linalg.norm(at_apex, axis=1).max())
    curve = Curve(motion.frames, own_times[motion.frames], along * strongest, motion.blink > 0)
    regions = {
        region.name: (float(across), float(down))
        for region, (across, down) in zip(face_regions(), at_apex, strict=True)
    }
    return Localised(*frames, peak.confidence, warnings, curve, regions)


def _warnings(peak: Peak, known: _Known) -> tuple[str, ...]:
    """Return what a reader should know of how sure the frames are."""
    missing = [name for name, frame in zip(("onset", "apex", "offset"), known, strict=True) if frame is None]
    if not missing:
        return ()
    names = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
    if peak.evidence == 0:
        return (f"no facial motion could be told from noise: {names} placed where expressions usually have them",)
    if peak.confidence < _UNSURE:
        return (f"{names} localised from faint motion (confidence {peak.confidence:.2f})",)
    return ()

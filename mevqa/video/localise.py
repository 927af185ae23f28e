"""Where onset, apex and offset are in a clip that holds one expression, without training.

Regions of the aligned face are measured against the first frame, what the head moves is taken out, blinks are found at
the eyelids and ignored elsewhere, and ``mevqa.video.curve`` reads rise, peak and fall from the curves. The clip
is read at a low rate first and at its full rate only around the peak, so that high-speed footage costs little more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mevqa.video.curve import Peak, decode
from mevqa.video.head_motion import find_blinks, without_blinks, without_head
from mevqa.video.regional_motion import MotionMeter
from mevqa.video.regions import Region, face_regions
from mevqa.video.thaw import REACH_MS, read_thawed

if TYPE_CHECKING:
    from mevqa.video.reader import Video

Array = NDArray[np.float64]
Align = Callable[[np.ndarray], np.ndarray]

#: Rates for finding the expression, frames per second: short clips, and clips of more than ``_LONG_MS``.
_FIND_FPS = 60.0
_FIND_FPS_LONG = 30.0
_LONG_MS = 4000.0

#: A long clip is searched in windows of this length that overlap by half, ms: longer than any micro-expression.
_WINDOW_MS = 3000.0

#: Around the peak every frame is read, ms on both sides.
_FINE_MS = 120.0

#: Frames of the first moments are averaged to a less noisy reference, ms.
_REFERENCE_MS = 20.0

#: Below this confidence the reader is warned.
_UNSURE = 0.35


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


class _Measured:
    """Regional motion of the frames that have been read."""

    def __init__(self, video: Video, align: Align, reference: Sequence[int], regions: Sequence[Region]) -> None:
        self._video, self._align = video, align
        self._meter = MotionMeter([align(frame) for frame in video.frames(reference)], regions)
        self._motions: dict[int, tuple[Array, Array]] = {}

    def read(self, frames: Sequence[int], *, only: Collection[int] | None = None) -> None:
        """Measure frames that are read in one go, all of them or only some: the others help to thaw those."""
        for index, grey in read_thawed(self._video, frames):
            if only is None or index in only:
                motion = self._meter(self._align(np.repeat(grey[..., None], 3, axis=2)))
                self._motions[index] = (motion.displacement, motion.mismatch)

    def read_fully(self, times: Array, peak_ms: float, first: int, last: int) -> None:
        """Measure every frame around the peak, if some have been left out."""
        distance = np.abs(times[first : last + 1] - peak_ms)
        near = [first + int(frame) for frame in np.flatnonzero(distance <= _FINE_MS)]
        if not self._motions.keys() >= set(near):
            around = first + np.flatnonzero(distance <= _FINE_MS + REACH_MS)
            self.read(around.tolist(), only=set(near))

    def between(self, first: int, last: int) -> tuple[NDArray[np.int64], Array, Array]:
        """Return frames, displacements [n, regions, 2] and mismatches [n, regions] from first to last."""
        frames = np.array(sorted(frame for frame in self._motions if first <= frame <= last), dtype=np.int64)
        displacement = np.array([self._motions[frame][0] for frame in frames])
        return frames, displacement, np.array([self._motions[frame][1] for frame in frames])


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
    first, last = onset or 0, len(video) - 1 if offset is None else offset
    known = [0, *(frame for frame in (onset, apex, offset) if frame is not None), len(video) - 1]
    if known != sorted(known):
        raise ValueError(f"onset {onset}, apex {apex}, offset {offset}: not in order inside {len(video)} frames")
    times = video.times_ms
    reference = [frame for frame in range(first, last + 1) if times[frame] < times[first] + _REFERENCE_MS]
    measured = _Measured(video, align, reference, face_regions())
    span = float(times[last] - times[first])
    measured.read(_at_rate(times, first, last, _FIND_FPS if span <= _LONG_MS else _FIND_FPS_LONG))
    at = [None if frame is None else float(times[frame]) for frame in (onset, apex, offset)]
    first, last = _likeliest_window(measured, times, first, last, at)
    rough = _Decoded(measured, times, first, last, at).peak
    measured.read_fully(times, rough.apex_ms, first, last)
    return _report(_Decoded(measured, times, first, last, at), times, (onset, apex, offset))


class _Decoded:
    """The expression in what has been measured from frame ``first`` to frame ``last``."""

    def __init__(self, measured: _Measured, times: Array, first: int, last: int, at: Sequence[float | None]) -> None:
        regions = face_regions()
        self.frames, displacement, mismatch = measured.between(first, last)
        self.times_ms = times[self.frames]
        self.blink = find_blinks(mismatch, self.times_ms, regions)
        motion = without_head(displacement, regions)
        self.motion = without_blinks(motion, self.blink, self.times_ms, regions)
        # The nose bridge has served; a blink's pull on brows and cheeks has the blink's own time course.
        face = [index for index, region in enumerate(regions) if region.kind != "rigid"]
        nuisance = self.blink[:, None] if self.blink.any() else None
        self.peak: Peak = decode(
            self.motion[:, face].reshape(len(self.frames), -1),
            self.times_ms,
            nuisance=nuisance,
            onset_ms=at[0],
            apex_ms=at[1],
            offset_ms=at[2],
        )


def _at_rate(times: Array, first: int, last: int, fps: float) -> list[int]:
    """Return frames from first to last, both included, at no more than ``fps``."""
    frames = [first]
    for frame in range(first + 1, last + 1):
        if times[frame] - times[frames[-1]] >= 999.0 / fps or frame == last:
            frames.append(frame)
    return frames


def _likeliest_window(
    measured: _Measured, times: Array, first: int, last: int, at: Sequence[float | None]
) -> tuple[int, int]:
    """Return the part of a long clip in which the evidence is strongest; a short clip whole."""
    if times[last] - times[first] <= _LONG_MS or None not in (at[0], at[2]):
        return first, last
    windows = []
    for begin_ms in np.arange(times[first], times[last] - _WINDOW_MS / 2, _WINDOW_MS / 2):
        begin = int(np.searchsorted(times, begin_ms))
        end = min(last, int(np.searchsorted(times, begin_ms + _WINDOW_MS)))
        if all(known is None or times[begin] <= known <= times[end] for known in at):
            windows.append((_Decoded(measured, times, begin, end, at).peak.evidence, begin, end))
    _, begin, end = max(windows)
    return begin, end


def _report(decoded: _Decoded, times: Array, known: tuple[int | None, int | None, int | None]) -> Localised:
    """Return the peak in frames, with curve, regions and warnings."""
    peak = decoded.peak
    found = [int(np.abs(times - ms).argmin()) for ms in (peak.onset_ms, peak.apex_ms, peak.offset_ms)]
    onset, apex, offset = (at if at is not None else frame for at, frame in zip(known, found, strict=True))
    onset, offset = min(onset, apex), max(offset, apex)
    # Least squares of each channel on the profile gives the displacement from rest to apex.
    shape = peak.profile - peak.profile.mean()
    weight = shape / max(float(shape @ shape), 1e-9)
    at_apex = np.einsum("t,trc->rc", weight, decoded.motion)
    strongest = float(np.linalg.norm(at_apex, axis=1).max())
    direction = (at_apex / max(float((at_apex**2).sum()), 1e-12)).ravel()
    course = decoded.motion.reshape(len(decoded.frames), -1) @ direction
    rest = peak.profile <= 0.05
    course = course - (np.median(course[rest]) if rest.any() else course.min())
    curve = Curve(decoded.frames, decoded.times_ms, course * strongest, decoded.blink > 0)
    regions = {
        region.name: (float(across), float(down))
        for region, (across, down) in zip(face_regions(), at_apex, strict=True)
    }
    return Localised(onset, apex, offset, peak.confidence, _warnings(peak, known), curve, regions)


def _warnings(peak: Peak, known: tuple[int | None, int | None, int | None]) -> tuple[str, ...]:
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

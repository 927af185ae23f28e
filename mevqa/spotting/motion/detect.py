"""Expressions in the curves of one stretch: the strongest first, each taken out before the next is looked for.

What counts as strong is decided by the video itself: the responses of the matched filters are measured in the
covariance that they have where little happens and nobody talks, so that a video without expressions has no detection,
however noisy it is, and the common movements of all regions (what is left of the head) count for little. The curves
are then projected on the direction of the expression, and onset, apex and offset are read from this one curve. While a
person talks nothing is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.stats import chi2

from mevqa.spotting.evidence.boundaries import Course, follow
from mevqa.spotting.evidence.course import extent
from mevqa.spotting.motion.filters import bank
from mevqa.spotting.motion.talk import talking
from mevqa.spotting.tracking.curves import REST_MS, Curves, channels, running_median

Array = NDArray[np.float64]

#: Strength from which an expression is believed: the likelihood ratio against noise grows with its square. With the
#: least motion chosen on the synthetic videos of the profile ``hard``, seed 1 (``mevqa synth --long``).
THRESHOLD = 3.6

#: A region must move by so much, eye distances: less than the smallest micro-expression that is asked for, since noise
#: and compression take some of it.
LEAST_MOTION = 0.003

#: Limits of the candidates that a calibrator judges: noise alone reaches this strength now and then.
FAINT_THRESHOLD = 1.3
FAINT_MOTION = 0.001

#: Share of the samples, the quietest, from which the covariance of the noise is estimated, for filters of micro- and
#: for those of macro-expressions. Where people move often less than half of the samples are quiet; but a long filter
#: has few independent ones.
_QUIET = 0.4
_QUIET_LONG = 0.6
_LONG_MS = 700.0

#: Share of the samples by whose distance strength is measured: half of 0.6, for which limits and scores were chosen.
_USUAL = 0.3

#: From onset to apex a region must have moved by this share of the least motion: a filter also answers to what is no
#: hill.
_MOVED = 0.5

#: No more than this share of an expression may be talk.
_TALK = 0.2

#: The noise of a filter's response is at least so much, eye distances: that of 8-bit pictures is never smaller.
_FLOOR = 1e-4

#: Rounds of the estimate of the covariance.
_ROUNDS = 3

#: An expression is not looked for closer to another than this, ms.
_APART_MS = 100.0

#: What blinks for more than this share of its time is a blink, unless it lasts longer than blinks do, ms (100 to 400,
#: Caffier et al., Eur. J. Appl. Physiol. 89, 2003): lids that rise, tighten or are pushed up by cheeks look closed too.
_BLINK = 0.5
_BLINK_MS = 500.0

#: An expression lasts about as long as those that the filter is made for: bounds of their ratio.
_ALIKE = (0.4, 2.0)

#: Around a dismissed answer a filter is not asked again, as a share of its duration.
_DISMISSED = 0.25

#: Regions that move with an expression still look like the reference to within this part of their contrast; nine in ten
#: expressions of the trial videos to within 0.4. A hand before the face makes 0.7 and more.
_UNLIKE = 0.6

#: A laugh shows teeth, and an open mouth what is behind them: what lasts longer than this, ms, may look this different.
_GESTURE_MS = 500.0
_UNLIKE_LONG = 0.85

#: The most expressions of a minute; more are noise.
_MOST_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible expression: its course, strength, motion and direction.

    Attributes:
        course: Its times.
        strength: In deviations of the noise, over all channels.
        clear: Whether it is as strong and as large as is believed without a calibrator.
        motion: [2 * regions] displacement from rest to apex, eye distances.
        direction: [channels] weights that give the extent of the expression, 1 at its apex, from ``channels()``.
        duration_ms: Of the filter that answered most.
        unlike: How much the regions that move differ from the reference beyond motion and brightness, relative to
            their contrast.
        blinking: Share of it in which the eyes blink.
        stretch: Number of the stretch.
    """

    course: Course
    strength: float
    clear: bool
    motion: Array
    direction: Array
    duration_ms: float
    unlike: float
    blinking: float
    stretch: int

    @property
    def is_blink(self) -> bool:
        """Whether it is a blink, which moves the skin around the eyes too."""
        return self.blinking > _BLINK and self.course.offset_ms - self.course.onset_ms <= _BLINK_MS

    @property
    def is_covered(self) -> bool:
        """Whether what moves is hardly the face: a hand or hair before it, glasses, a head that turns away."""
        short = self.course.offset_ms - self.course.onset_ms <= _GESTURE_MS
        return self.unlike > (_UNLIKE if short else _UNLIKE_LONG)


@dataclass(frozen=True, slots=True)
class _Noise:
    """The noise of one filter's response.

    Attributes:
        precision: [channels, channels] inverse covariance.
        usual: Squared distance within which ``_USUAL`` of the samples are; the yardstick of strength.
    """

    precision: Array
    usual: float


def candidates(curves: Curves, threshold: float = THRESHOLD, least_motion: float = LEAST_MOTION) -> Iterator[Candidate]:
    """Yield the expressions of a stretch: those that are clear, then the fainter ones; of each the strongest first.

    Lower limits add candidates behind those of higher ones and change none of them.

    Args:
        curves: The stretch.
        threshold: Least strength.
        least_motion: A region must move by so much, eye distances.
    """
    search = _Search(curves)
    clear = _Limits(max(threshold, THRESHOLD), max(least_motion, LEAST_MOTION))
    yield from search.within(clear, clear=True)
    fainter = _Limits(threshold, least_motion)
    if fainter != clear:
        yield from search.within(fainter, clear=False)


class _Limits(NamedTuple):
    """Least strength, and least displacement of a region in eye distances."""

    strength: float
    motion: float


class _Search:
    """Responses of the filters in one stretch, kept up to date while expressions are taken out."""

    def __init__(self, curves: Curves) -> None:
        self._curves = curves
        self._motion = curves.motion[:, channels()]
        self._filters = bank(curves.step_ms)
        self._talk = talking(curves)
        self._responses = [matched_filter(self._motion) for matched_filter in self._filters]
        self._noises = [
            _noise(
                response,
                _calm(curves, self._talk, matched_filter.half, response.shape[1]),
                curves.step_ms,
                _quiet(matched_filter.duration_ms),
            )
            for matched_filter, response in zip(self._filters, self._responses, strict=True)
        ]
        self._free = np.repeat(~self._talk[None], len(self._filters), axis=0)
        measures = [_strength(response, noise) for response, noise in zip(self._responses, self._noises, strict=True)]
        self._strength = np.array([strength for strength, _ in measures])
        self._size = np.array([size for _, size in measures])

    def within(self, limits: _Limits, *, clear: bool) -> Iterator[Candidate]:
        """Yield what is left of candidates within limits, the strongest first, marked ``clear`` or not."""
        most = int(np.ceil(_MOST_A_MINUTE * len(self._motion) * self._curves.step_ms / 60_000)) + 1
        for _ in range(3 * most):
            allowed = np.where(self._free & (self._size >= limits.motion), self._strength, 0.0)
            which, at = (int(index) for index in np.unravel_index(int(allowed.argmax()), allowed.shape))
            if allowed[which, at] < limits.strength:
                return
            candidate = self._candidate(which, at, limits.motion, clear)
            if candidate is not None:
                yield candidate

    def _candidate(self, which: int, at: int, least_motion: float, clear: bool) -> Candidate | None:
        """Return what a filter answers to at a sample and take it out; None for what is not an expression."""
        curves, motion, duration = self._curves, self._motion, self._filters[which].duration_ms
        size = self._responses[which][at]
        weights = self._noises[which].precision @ size
        direction = weights / (weights @ size)
        projected = motion @ direction
        course = follow(projected, curves.times_ms, at, duration)
        shortest, longest = (share * duration for share in _ALIKE)
        first, last = np.searchsorted(curves.times_ms, [course.onset_ms, course.offset_ms])
        first, last = max(0, int(first) - 1), min(len(motion) - 1, int(last))
        moved = extent(curves, course)
        if (
            not shortest <= course.offset_ms - course.onset_ms <= longest
            or not _leaves_rest(projected, curves.times_ms, course)
            or self._talk[first : last + 1].mean() > _TALK
            or np.hypot(moved[0::2], moved[1::2]).max() < _MOVED * least_motion
        ):
            reach = max(1, int(_DISMISSED * duration / curves.step_ms))
            self._free[which, max(0, at - reach) : at + reach + 1] = False
            return None
        strength = float(self._strength[which, at])
        unlike = _unlike(curves, moved, first, last)
        blinking = float(curves.blinking[first : last + 1].mean())
        self._take_out(first, last)
        return Candidate(course, strength, clear, moved, direction, duration, unlike, blinking, curves.number)

    def _take_out(self, first: int, last: int) -> None:
        """Lay a straight line in the place of an expression and ask the filters again near it."""
        motion = self._motion
        before, after = motion[max(first - 1, 0)], motion[min(last + 1, len(motion) - 1)]
        share = np.linspace(0.0, 1.0, last - first + 3)[1:-1, None]
        motion[first : last + 1] = (1 - share) * before + share * after
        edge = int(_APART_MS / self._curves.step_ms)
        self._free[:, max(0, first - edge) : last + edge + 1] = False
        for index, (matched_filter, noise) in enumerate(zip(self._filters, self._noises, strict=True)):
            # Only near what was taken out anything has changed.
            low, high = max(0, first - 2 * matched_filter.half), min(len(motion), last + 2 * matched_filter.half + 1)
            inner = slice(max(0, first - matched_filter.half), last + matched_filter.half + 1)
            new = matched_filter(motion[low:high])[inner.start - low : inner.stop - low]
            self._responses[index][inner] = new
            self._strength[index, inner], self._size[index, inner] = _strength(new, noise)


def _unlike(curves: Curves, motion: Array, first: int, last: int) -> float:
    """Return how much the regions that move look different from the reference at worst during an expression."""
    energy = motion[0::2] ** 2 + motion[1::2] ** 2
    return float(np.average(curves.mismatch[first : last + 1].max(axis=0), weights=energy + 1e-12))


def _leaves_rest(curve: Array, times_ms: Array, course: Course) -> bool:
    """Return whether a course is an expression and not the pause between two, a hill in the opposite direction.

    At its apex an expression is further from where the face usually is than at its onset and offset.
    """
    rest = running_median(curve, times_ms, REST_MS)
    onset, apex, offset = np.interp([course.onset_ms, course.apex_ms, course.offset_ms], times_ms, curve - rest)
    return bool(apex > 0 and apex - max(onset, offset) > 0 and apex >= max(abs(onset), abs(offset)))


def _strength(response: Array, noise: _Noise) -> tuple[Array, Array]:
    """Return how strong a response is at every sample, and the largest displacement of a region there."""
    square = ((response @ noise.precision) * response).sum(axis=1)
    size = np.hypot(response[:, 0::2], response[:, 1::2]).max(axis=1)
    return np.sqrt(np.maximum(square, 0.0) / noise.usual), size


def _calm(curves: Curves, talk: NDArray[np.bool_], half: int, channels: int) -> NDArray[np.bool_]:
    """Return the samples that tell the noise of a filter: eyes open and nobody talks, as far as there are enough."""
    near = maximum_filter1d(talk.astype(np.uint8), 2 * (half // 2) + 1).astype(bool)
    everything = np.ones(len(talk), dtype=bool)
    for calm, least in ((~near & ~curves.blinking, 3), (~talk & ~curves.blinking, 3), (~curves.blinking, 2)):
        if calm.sum() > least * channels:
            return calm
    return everything


def _quiet(duration_ms: float) -> float:
    """Return the share of quiet samples for a filter."""
    return _QUIET if duration_ms < _LONG_MS else _QUIET_LONG


def _noise(response: Array, calm: NDArray[np.bool_], step_ms: float, share: float) -> _Noise:
    """Estimate the covariance of a response from the quiet ones of some samples of a stretch."""
    channels = response.shape[1]
    usable = response[calm]
    deviation = 1.4826 * np.median(np.abs(usable), axis=0) + _FLOOR
    precision = np.diag(1 / deviation**2)
    # Neighbouring responses say the same: so many are independent, and so much of their covariance is believed.
    independent = len(usable) * step_ms / 300.0
    trust = independent / (independent + channels)
    for _ in range(_ROUNDS):
        square = ((usable @ precision) * usable).sum(axis=1)
        quiet = usable[square <= np.quantile(square, share)]
        covariance = quiet.T @ quiet / len(quiet)
        diagonal = np.diag(np.diag(covariance))
        covariance = trust * covariance + (1 - trust) * diagonal + _FLOOR**2 * np.eye(channels)
        precision = np.linalg.inv(covariance)
    square = ((usable @ precision) * usable).sum(axis=1)
    usual = float(np.quantile(square, _USUAL))
    return _Noise(precision, max(usual, float(chi2.ppf(_USUAL, channels))))

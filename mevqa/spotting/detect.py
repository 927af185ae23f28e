"""Expressions in the curves of one stretch: the strongest first, each taken out before the next is looked for.

What counts as strong is decided by the video itself: the responses of the matched filters are measured in the
covariance that they have where little happens, so that a video without expressions has no detection, however noisy it
is, and the common movements of all regions (what is left of the head) count for little. The curves are then
projected on the direction of the expression, and onset, apex and offset are read from this one curve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from mevqa.spotting.boundaries import Course, follow
from mevqa.spotting.curves import REST_MS, Curves, channels, running_median
from mevqa.spotting.filters import Filter, bank

Array = NDArray[np.float64]

#: Strength from which an expression is believed: the likelihood ratio against noise grows with its square. Chosen on
#: the trial videos of seeds 500 to 502, see ``mevqa bench spot --trial``.
THRESHOLD = 4.0

#: A region must move by so much, eye distances: half of the smallest micro-expression that is asked for.
LEAST_MOTION = 0.004

#: Share of the samples, the quietest, from which the covariance of the noise is estimated.
_QUIET = 0.6

#: The noise of a filter's response is at least so much, eye distances: what is told of 8-bit pictures in no case.
_FLOOR = 1e-4

#: Rounds of the estimate of the covariance.
_ROUNDS = 3

#: An expression is not looked for closer to another than this, ms.
_APART_MS = 100.0

#: What blinks for more than this share of its time is a blink.
_BLINK = 0.5

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
    """What may be an expression.

    Attributes:
        course: Its times.
        strength: In deviations of the noise, over all channels.
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
    motion: Array
    direction: Array
    duration_ms: float
    unlike: float
    blinking: float
    stretch: int

    @property
    def is_blink(self) -> bool:
        """Whether it is a blink, which moves the skin around the eyes too."""
        return self.blinking > _BLINK

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
        usual: Median of the squared distance; the yardstick of strength.
    """

    precision: Array
    usual: float


def candidates(curves: Curves, threshold: float = THRESHOLD) -> Iterator[Candidate]:
    """Yield the expressions of a stretch, the strongest first.

    Args:
        curves: The stretch.
        threshold: Least strength.
    """
    motion = curves.motion[:, channels()]
    filters = bank(curves.step_ms)
    noises = [_noise(one(motion), curves) for one in filters]
    free = np.ones((len(filters), len(motion)), dtype=bool)
    most = int(np.ceil(_MOST_A_MINUTE * len(motion) * curves.step_ms / 60_000)) + 1
    scores, responses = _answers(filters, noises, motion)
    for _ in range(3 * most):
        allowed = np.where(free, scores, 0.0)
        which, at = np.unravel_index(int(allowed.argmax()), allowed.shape)
        if allowed[which, at] < threshold:
            return
        size = responses[which][at]
        weights = noises[which].precision @ size
        direction = weights / (weights @ size)
        projected = motion @ direction
        course = follow(projected, curves.times_ms, int(at), filters[which].duration_ms)
        shortest, longest = (share * filters[which].duration_ms for share in _ALIKE)
        if not shortest <= course.offset_ms - course.onset_ms <= longest or not _leaves_rest(
            projected, curves.times_ms, course
        ):
            reach = max(1, int(_DISMISSED * filters[which].duration_ms / curves.step_ms))
            free[which, max(0, at - reach) : at + reach + 1] = False
            continue
        first, last = np.searchsorted(curves.times_ms, [course.onset_ms, course.offset_ms])
        first, last = max(0, int(first) - 1), min(len(motion) - 1, int(last))
        moved = _extent(curves, course)
        found = Candidate(
            course,
            float(allowed[which, at]),
            moved,
            direction,
            filters[which].duration_ms,
            _unlike(curves, moved, first, last),
            float(curves.blinking[first : last + 1].mean()),
            curves.number,
        )
        _take_out(motion, first, last)
        edge = int(_APART_MS / curves.step_ms)
        free[:, max(0, first - edge) : last + edge + 1] = False
        for place, (one, noise) in enumerate(zip(filters, noises, strict=True)):
            # Only near what was taken out anything has changed.
            low, high = max(0, first - 2 * one.half), min(len(motion), last + 2 * one.half + 1)
            inner = slice(max(0, first - one.half), last + one.half + 1)
            new = one(motion[low:high])[inner.start - low : inner.stop - low]
            responses[place][inner] = new
            scores[place, inner] = _strength(new, noise)
        yield found


def _extent(curves: Curves, course: Course) -> Array:
    """Return how far each region is at the apex from the line between onset and offset, [2 * regions]."""
    at = np.array([course.onset_ms, course.apex_ms, course.offset_ms])
    onset, apex, offset = np.array([np.interp(at, curves.times_ms, channel) for channel in curves.motion.T]).T
    share = (course.apex_ms - course.onset_ms) / max(course.offset_ms - course.onset_ms, 1e-9)
    return np.asarray(apex - (1 - share) * onset - share * offset)


def _unlike(curves: Curves, motion: Array, first: int, last: int) -> float:
    """Return how much the regions that move look different from the reference at worst during an expression."""
    energy = motion[0::2] ** 2 + motion[1::2] ** 2
    return float(np.average(curves.mismatch[first : last + 1].max(axis=0), weights=energy + 1e-12))


def _leaves_rest(curve: Array, times_ms: Array, course: Course) -> bool:
    """Tell an expression from the pause between two others, which is a hill in the opposite direction.

    At its apex an expression is further from where the face usually is than at its onset and offset.
    """
    rest = running_median(curve, times_ms, REST_MS)
    onset, apex, offset = np.interp([course.onset_ms, course.apex_ms, course.offset_ms], times_ms, curve - rest)
    return bool(apex > 0 and apex - max(onset, offset) > 0 and apex >= max(abs(onset), abs(offset)))


def _answers(filters: tuple[Filter, ...], noises: list[_Noise], motion: Array) -> tuple[Array, list[Array]]:
    """Return the strength of every filter at every sample [filters, samples], and the responses."""
    responses = [one(motion) for one in filters]
    scores = [_strength(response, noise) for response, noise in zip(responses, noises, strict=True)]
    return np.array(scores), responses


def _strength(response: Array, noise: _Noise) -> Array:
    """Return how strong a response is at every sample, 0 where no region moves by enough."""
    square = ((response @ noise.precision) * response).sum(axis=1)
    large = np.hypot(response[:, 0::2], response[:, 1::2]).max(axis=1) >= LEAST_MOTION
    return np.where(large, np.sqrt(np.maximum(square, 0.0) / noise.usual), 0.0)


def _noise(response: Array, curves: Curves) -> _Noise:
    """Estimate the covariance of a response from the quiet samples of a stretch."""
    channels = response.shape[1]
    usable = response[~curves.blinking] if (~curves.blinking).sum() > 2 * channels else response
    deviation = 1.4826 * np.median(np.abs(usable), axis=0) + _FLOOR
    precision = np.diag(1 / deviation**2)
    # Neighbouring responses say the same: so many are independent, and so much of their covariance is believed.
    independent = len(usable) * curves.step_ms / 300.0
    trust = independent / (independent + channels)
    for _ in range(_ROUNDS):
        square = ((usable @ precision) * usable).sum(axis=1)
        quiet = usable[square <= np.quantile(square, _QUIET)]
        covariance = quiet.T @ quiet / len(quiet)
        diagonal = np.diag(np.diag(covariance))
        covariance = trust * covariance + (1 - trust) * diagonal + _FLOOR**2 * np.eye(channels)
        precision = np.linalg.inv(covariance)
    square = ((usable @ precision) * usable).sum(axis=1)
    usual = float(np.quantile(square, _QUIET / 2))
    return _Noise(precision, max(usual, float(chi2.ppf(_QUIET / 2, channels))))


def _take_out(motion: Array, first: int, last: int) -> None:
    """Replace an expression by the straight line from before to after it."""
    before, after = motion[max(first - 1, 0)], motion[min(last + 1, len(motion) - 1)]
    share = np.linspace(0.0, 1.0, last - first + 3)[1:-1, None]
    motion[first : last + 1] = (1 - share) * before + share * after

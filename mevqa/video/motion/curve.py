"""Onset, apex and offset of one expression from curves of facial motion: matched filters with a prior.

Every channel is modelled as ``weight * extent(t) + baseline + drift + noise``, with one course of the extent for the
whole face and any weight (and sign) per channel (``mevqa.video.motion.course``: fast rise, creep, hold, partial
return). For each of a bank of courses the likelihood ratio against "no expression" has a closed form (generalised least
squares with the weights maximised out); its product with a prior on durations is a posterior over courses. The apex is
then the largest extent of the curve itself (``mevqa.video.motion.extent``), not of the best course. Nothing is learned
from data; everything is in ms, so the frame rate does not matter, and samples need not be equally spaced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from mevqa.video.motion.course import (
    PRIOR_APEX,
    PRIOR_DURATION_MS,
    Courses,
    Known,
    coarse_courses,
    fine_courses,
    plain,
)
from mevqa.video.motion.extent import draw_apexes

Array = NDArray[np.float64]

#: Drifts besides the noise, as Gaussian processes: head movement that alignment leaves behind, smooth, and the errors
#: of a lossy codec, which stay until a block is sent anew. Their time scales, ms, and pairs of deviations
#: in units of the noise, of which the data choose one.
_HEAD_MS = 500.0
_CODEC_MS = 80.0
_DRIFTS = tuple((head, codec) for head in (0.0, 2.0, 8.0) for codec in (0.0, 1.5, 4.0, 10.0))

#: Channels are not independent and no course is exactly right, so the likelihood is divided by this.
_TEMPER = 8.0

#: For the same reason the noise of the curve along the expression has this many times the variance that it would have
#: if channels were independent; courses need not be right here.
_DEPENDENCE = 2.4

#: Errors of a lossy codec that are left in an extent measured with all pixels of the face, as a share of it.
_CODEC_SHARE = 0.005

#: Start and steepness of the logistic curve (Platt 1999) from the log-odds of the posterior probability, which is too
#: sure of itself, to those of a retimed apex within 20 ms: fitted to 126 clips of both synthetic families at 60 to
#: 200 fps (seeds 5001 and 5002), 78 % of which are within.
_CALIBRATION = (0.94, 0.26)

#: Below this log-likelihood ratio a channel (after tempering, on average) the prior is as good as the curves.
_EVIDENCE_FLOOR = 1.5

#: A channel counts for half where its displacement has this square in units of its uncertainty.
_DOUBT = 20.0

#: Courses whose log-posterior is so much below that of the best one do not count.
_NEGLIGIBLE = 12.0

#: Apexes this near to one another count as the same, ms: one frame at 50 fps.
TOLERANCE_MS = 20.0

#: Fewer samples than this cannot tell a peak from a slope.
_FEWEST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Peak:
    """An expression in time.

    Attributes:
        onset_ms: When it begins.
        apex_ms: When it is largest.
        offset_ms: When it ends.
        confidence: Probability that the apex is within 20 ms of ``apex_ms``, 0 to 1; 0 for the prior alone. That of
            ``decode`` is a posterior, that of ``retimed`` is calibrated.
        evidence: Tempered log-likelihood ratio against "no expression"; 0 for the prior alone.
        courses: What it may be: the likeliest courses.
        weights: [courses] their probabilities.
    """

    onset_ms: float
    apex_ms: float
    offset_ms: float
    confidence: float
    evidence: float
    courses: Courses
    weights: Array

    def extent(self, times_ms: Array) -> Array:
        """Return how far the expression is risen at some times, [samples]: 0 before the onset, about 1 at the apex."""
        return np.asarray(self.weights @ self.courses.extents(times_ms))


def decode(
    curves: Array,
    times_ms: Array,
    *,
    nuisance: Array | None = None,
    onset_ms: float | None = None,
    apex_ms: float | None = None,
    offset_ms: float | None = None,
) -> Peak:
    """Find the one expression in curves of facial motion.

    Args:
        curves: [samples, channels] displacements, in any unit, with any constant offset and any sign.
        times_ms: [samples] ascending times of the samples.
        nuisance: [samples, k] time courses that are not the expression (a blink), fitted and ignored.
        onset_ms: When it begins, if that is known.
        apex_ms: When it is largest, if that is known.
        offset_ms: When it ends, if that is known.

    Returns:
        The expression; when the curves show none, the prior: ``prior_peak``.

    Raises:
        ValueError: Shapes do not agree, times do not ascend or a value is not finite.
    """
    curves = np.asarray(curves, dtype=np.float64)
    times_ms = np.asarray(times_ms, dtype=np.float64)
    if curves.ndim != 2 or times_ms.shape != curves.shape[:1]:
        raise ValueError(f"curves {curves.shape} and times {times_ms.shape} do not agree")
    if not np.isfinite(curves).all() or (np.diff(times_ms) <= 0).any():
        raise ValueError("curves must be finite and times must ascend")
    known = (onset_ms, apex_ms, offset_ms)
    fallback = prior_peak(times_ms, *known)
    noise = _noise(curves, times_ms)
    moving = noise > 0
    if len(times_ms) < _FEWEST_SAMPLES or not moving.any():
        return fallback
    white = curves[:, moving] / noise[moving]
    courses = coarse_courses(times_ms, known)
    if not len(courses.apex):
        return fallback
    ignored = _ignored(times_ms, nuisance)
    extents, usual = courses.extents(times_ms), courses.log_prior()
    noises = [_noise_model(times_ms, ratio, ignored) for ratio in _DRIFTS]
    model = max(noises, key=lambda candidate: _evidence(white, extents, usual, candidate, total=True).max())
    best = int(_evidence(white, extents, usual, model).argmax())
    courses = fine_courses(courses.at(np.array([best])), times_ms, known)
    if not len(courses.apex):
        return fallback
    extents = courses.extents(times_ms)
    evidence = _evidence(white, extents, courses.log_prior(), model)
    if evidence.max() < _EVIDENCE_FLOOR:
        return fallback
    likely = np.flatnonzero(evidence > evidence.max() - _NEGLIGIBLE)
    weights = np.exp(evidence[likely] - evidence.max())
    weights /= weights.sum()
    # Generalised least squares of the channels on the mean course; those that hardly move only add their noise.
    mean = weights @ extents[likely]
    gain = max(float(mean @ model.precision @ mean), 1e-9)
    moved = mean @ model.precision @ white / gain
    along = moved * (moved**2 * gain / (moved**2 * gain + _DOUBT))
    size = max(float(along @ moved), 1e-9)
    noise_share = _DEPENDENCE * float(along @ along) / size**2
    likely_courses = courses.at(likely)
    apexes = draw_apexes(
        white @ along / size, times_ms, noise_share * model.covariance, ignored, likely_courses, weights
    )
    return _summarise(times_ms, likely_courses, weights, apexes, float(evidence.max()), known)


def retimed(peak: Peak, extents: Array, times_ms: Array, *, nuisance: Array | None = None) -> Peak:
    """Return a peak with its apex where a cleaner curve is largest.

    Args:
        peak: From ``decode``.
        extents: [samples] how far the expression has risen, in any unit, with any constant offset.
        times_ms: [samples] ascending times of the samples.
        nuisance: As for ``decode``.
    """
    ignored = _ignored(times_ms, nuisance)
    scale = float(np.linalg.lstsq(np.hstack([peak.extent(times_ms)[:, None], ignored]), extents, rcond=None)[0][0])
    if scale <= 0:
        return peak
    curve = extents / scale
    distance = np.abs(times_ms[:, None] - times_ms[None, :])
    covariance = _noise(curve[:, None], times_ms)[0] ** 2 * np.eye(len(times_ms))
    covariance += _CODEC_SHARE**2 * np.exp(-distance / _CODEC_MS)
    apex = float(np.median(draw_apexes(curve, times_ms, covariance, ignored, peak.courses, peak.weights)))
    start, steepness = _CALIBRATION
    posterior = np.clip(peak.confidence, 0.01, 0.99)
    confidence = float(expit(start + steepness * logit(posterior)))
    onset, offset = min(peak.onset_ms, apex), max(peak.offset_ms, apex)
    return replace(peak, onset_ms=onset, apex_ms=apex, offset_ms=offset, confidence=confidence)


def prior_peak(
    times_ms: Array, onset_ms: float | None = None, apex_ms: float | None = None, offset_ms: float | None = None
) -> Peak:
    """Return the expression to expect when nothing is seen: the usual duration, the apex at its usual place.

    A clip of up to twice the usual duration was cut to hold just the expression; in a longer one it is expected in
    the middle. What is known stays as it is.

    Args:
        times_ms: [samples] ascending times of the clip.
        onset_ms: When it begins, if that is known.
        apex_ms: When it is largest, if that is known.
        offset_ms: When it ends, if that is known.
    """
    first, last = float(times_ms[0]), float(times_ms[-1])
    length = last - first if last - first <= 2 * PRIOR_DURATION_MS else PRIOR_DURATION_MS
    if onset_ms is not None:
        begin = onset_ms
    elif apex_ms is not None:
        begin = apex_ms - PRIOR_APEX * length
    elif offset_ms is not None:
        begin = offset_ms - length
    else:
        begin = (first + last - length) / 2
    end = offset_ms if offset_ms is not None else begin + length
    begin, end = max(begin, first), min(end, last)
    apex = apex_ms if apex_ms is not None else begin + PRIOR_APEX * (end - begin)
    begin, end = min(begin, apex), max(end, apex)
    return Peak(begin, apex, end, 0.0, 0.0, plain(begin, apex, end), np.ones(1))


def _noise(curves: Array, times_ms: Array) -> Array:
    """Return each channel's noise deviation, from how far samples lie off the line through their neighbours."""
    if len(times_ms) < 3:
        return np.zeros(curves.shape[1])
    before, here, after = times_ms[:-2], times_ms[1:-1], times_ms[2:]
    share = ((here - before) / (after - before))[:, None]
    error = curves[1:-1] - (1 - share) * curves[:-2] - share * curves[2:]
    error /= np.sqrt(1 + share**2 + (1 - share) ** 2)
    deviation = 1.4826 * np.median(np.abs(error), axis=0)
    extent = np.ptp(curves, axis=0)
    # A noiseless channel would outweigh all others; one that never moves says nothing and is left out.
    floor = max(0.3 * float(np.median(deviation)), 1e-3 * float(extent.max()))
    return np.where(extent > 0, np.maximum(deviation, floor), 0.0)


class _Noise(NamedTuple):
    """Noise plus drift in units of each channel's noise.

    Attributes:
        covariance: [samples, samples].
        precision: Its inverse with what is ignored projected out.
        log_determinant: Of the covariance.
    """

    covariance: Array
    precision: Array
    log_determinant: float


def _ignored(times_ms: Array, nuisance: Array | None) -> Array:
    """Return the time courses that are not the expression: a constant, a slope and the nuisance, [samples, k]."""
    seconds = (times_ms - times_ms.mean()) / 1000
    parts = [np.ones_like(seconds)[:, None], seconds[:, None]]
    return np.hstack(parts if nuisance is None else [*parts, nuisance])


def _noise_model(times_ms: Array, drift: tuple[float, float], ignored: Array) -> _Noise:
    """Return the noise with drifts of some deviations (head, codec)."""
    distance = np.abs(times_ms[:, None] - times_ms[None, :])
    head, codec = drift
    covariance = np.eye(len(times_ms)) + head**2 * np.exp(-0.5 * (distance / _HEAD_MS) ** 2)
    covariance += codec**2 * np.exp(-distance / _CODEC_MS)
    inverse = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    carried = inverse @ ignored
    inverse -= carried @ np.linalg.pinv(ignored.T @ carried) @ carried.T
    return _Noise(covariance, inverse, float(np.linalg.slogdet(covariance)[1]))


def _evidence(white: Array, extents: Array, log_prior: Array, noise: _Noise, *, total: bool = False) -> Array:
    """Return each course's tempered log-posterior, the mean over channels plus the prior, up to a constant.

    With y the whitened curves of a channel, P the precision with the baseline projected out and phi the course, the
    weight's likelihood has curvature g = phi'P phi; averaged over channels z2 = mean((phi'P y)^2 / g). The weights are
    drawn from one normal whose variance is fitted (empirical Bayes), so the log-ratio is (z2 - 1 - log z2) / 2.

    Args:
        white: [samples, channels] curves in units of their noise.
        extents: [courses, samples].
        log_prior: [courses].
        noise: Of every channel.
        total: Add the likelihood of the curves without expression, which compares drifts.
    """
    weighted = extents @ noise.precision
    gain = np.maximum((weighted * extents).sum(axis=1), 1e-9)
    square = ((weighted @ white) ** 2).mean(axis=1) / gain
    evidence = np.where(square > 1, 0.5 * (square - 1 - np.log(np.maximum(square, 1.0))), 0.0)
    if total:
        still = (white * (noise.precision @ white)).sum(axis=0).mean()
        evidence = evidence - 0.5 * still - 0.5 * noise.log_determinant
    return np.asarray(evidence * white.shape[1] / _TEMPER + log_prior)


def _summarise(times_ms: Array, courses: Courses, weights: Array, apexes: Array, evidence: float, known: Known) -> Peak:
    """Return the middle of what the apex may be, and the mean onset and offset of the courses."""
    onset_ms, apex_ms, offset_ms = known
    apex = float(np.median(apexes)) if apex_ms is None else apex_ms
    confidence = float(np.mean(np.abs(apexes - apex) <= TOLERANCE_MS)) if apex_ms is None else 1.0
    onset = max(float(weights @ (courses.apex - courses.rise)), float(times_ms[0]))
    offset = min(float(weights @ (courses.apex + courses.fall)), float(times_ms[-1]))
    onset, offset = onset if onset_ms is None else onset_ms, offset if offset_ms is None else offset_ms
    return Peak(min(onset, apex), apex, max(offset, apex), confidence, evidence, courses, weights)

"""When one expression rises, peaks and falls, read from curves of facial motion: a matched filter with a prior.

Every channel is modelled as ``weight * profile(t) + baseline + drift + noise``, with one profile for the whole face and
any weight (and sign) per channel. Profiles are raised cosines that rise for some time before the apex and fall for some
time after it. For each of a bank of profiles the likelihood ratio against "no expression" has a closed form
(generalised least squares with the weights maximised out); its product with a prior on durations is a posterior
over onset, apex and offset. Nothing is learned from data; everything is in ms, so the frame rate does not matter, and
samples need not be equally spaced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Onset, apex and offset in ms as far as they are known.
_Known = tuple[float | None, float | None, float | None]

#: Prior of an expression: total duration and the apex's place in it. Median durations of 372 to 467 ms and places of
#: 0.43 to 0.44 in SAMM and CAS(ME)^2 (datasets.md: computed from their label files); 380 ms and 0.44 stand for them.
PRIOR_DURATION_MS = 380.0
PRIOR_APEX = 0.44

#: Spread of the prior: log-normal duration (a factor of 1.8) and a normal apex place.
_DURATION_SPREAD = np.log(1.8)
_APEX_SPREAD = 0.15

#: Rise and fall times of the bank, ms: from the fastest expressions known (rise of two frames at 30 fps) to slow ones.
_FASTEST_MS = 40.0
_HALVES_MS = np.array([50.0, 70, 95, 125, 160, 200, 250, 310, 390, 500, 650])

#: What wanders besides noise, as Gaussian processes: head movement that alignment leaves behind, smooth, and the errors
#: of a lossy codec, which stay until a block is sent anew. Their time scales, ms, and pairs of deviations
#: in units of the noise, of which the data choose one.
_HEAD_MS = 500.0
_CODEC_MS = 80.0
_DRIFTS = tuple((head, codec) for head in (0.0, 2.0, 8.0) for codec in (0.0, 1.5, 4.0, 10.0))

#: Channels are not independent and profiles are not exactly cosines, so the likelihood is divided by this.
_TEMPER = 4.0

#: Below this log-likelihood ratio a channel (after tempering, on average) the prior is as good as the curves.
_EVIDENCE_FLOOR = 1.5

#: What counts as the same apex, ms: one frame at 50 fps.
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
        confidence: Posterior probability that the apex is within 20 ms of ``apex_ms``, 0 to 1; 0 for the prior alone.
        evidence: Tempered log-likelihood ratio against "no expression"; 0 for the prior alone.
    """

    onset_ms: float
    apex_ms: float
    offset_ms: float
    confidence: float
    evidence: float


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
    bank = _coarse_bank(times_ms, known)
    if not len(bank):
        return fallback
    drift = max(_DRIFTS, key=lambda ratio: _evidence(white, times_ms, bank, ratio, nuisance, total=True).max())
    best = bank[_evidence(white, times_ms, bank, drift, nuisance).argmax()]
    bank = _fine_bank(best, times_ms, known)
    evidence = _evidence(white, times_ms, bank, drift, nuisance)
    if evidence.max() < _EVIDENCE_FLOOR:
        return fallback
    return _summarise(times_ms, bank, evidence, known)


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
    return Peak(begin, apex, end, 0.0, 0.0)


def profile(times_ms: Array, onset_ms: float, apex_ms: float, offset_ms: float) -> Array:
    """Return a raised cosine that is 0 at onset and offset and 1 at the apex, at ``times_ms``."""
    bank = np.array([[apex_ms, apex_ms - onset_ms, offset_ms - apex_ms]])
    return _profiles(times_ms, bank)[0]


def _profiles(times_ms: Array, bank: Array) -> Array:
    """Return the raised cosines of a bank [n, (apex, rise, fall)] at the times: [n, samples]."""
    distance = times_ms[None, :] - bank[:, :1]
    half = np.where(distance < 0, bank[:, 1:2], bank[:, 2:3])
    phase = np.clip(np.abs(distance) / np.maximum(half, 1e-9), 0.0, 1.0)
    return 0.5 + 0.5 * np.cos(np.pi * phase)


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


def _coarse_bank(times_ms: Array, known: _Known) -> Array:
    """Return profiles all over the clip, [n, (apex, rise, fall)] in ms."""
    first, last = times_ms[0], times_ms[-1]
    apexes = np.linspace(first, last, max(3, int((last - first) / 20) + 1))
    return _bank(apexes, _HALVES_MS[::2], _HALVES_MS[::2], times_ms, known)


def _fine_bank(best: Array, times_ms: Array, known: _Known) -> Array:
    """Return profiles around the best one of the coarse bank."""
    apex, rise, fall = best
    apexes = np.clip(apex + np.arange(-100.0, 101.0, 5.0), times_ms[0], times_ms[-1])
    around = 2.0 ** np.arange(-1.0, 1.01, 0.2)
    rises, falls = (np.maximum(half * around, _FASTEST_MS) for half in (rise, fall))
    return _bank(np.unique(apexes), rises, falls, times_ms, known)


def _bank(apexes: Array, rises: Array, falls: Array, times_ms: Array, known: _Known) -> Array:
    """Return the combinations that fit into the clip and agree with what is known."""
    onset_ms, apex_ms, offset_ms = known
    if apex_ms is not None:
        apexes = np.array([apex_ms])
    apex, rise, fall = (axis.ravel() for axis in np.meshgrid(apexes, rises, falls, indexing="ij"))
    if onset_ms is not None:
        rise = apex - onset_ms
    if offset_ms is not None:
        fall = offset_ms - apex
    bank = np.unique(np.stack([apex, rise, fall], axis=1), axis=0)
    step = float(np.median(np.diff(times_ms)))
    inside = (bank[:, 1] > 0) & (bank[:, 2] > 0)
    # A clip that was cut at onset and offset may have lost a part of the slow ends, never the apex.
    inside &= bank[:, 0] - 0.6 * bank[:, 1] >= times_ms[0] - step
    inside &= bank[:, 0] + 0.6 * bank[:, 2] <= times_ms[-1] + step
    return bank[inside]


def _evidence(
    white: Array,
    times_ms: Array,
    bank: Array,
    drift: tuple[float, float],
    nuisance: Array | None,
    *,
    total: bool = False,
) -> Array:
    """Return each profile's tempered log-posterior, the mean over channels plus the prior, up to a constant.

    With y the whitened curves of a channel, P the precision with the baseline projected out and phi the profile, the
    weight's likelihood has curvature g = phi'P phi; averaged over channels z2 = mean((phi'P y)^2 / g). The weights are
    drawn from one normal whose variance is fitted (empirical Bayes), so the log-ratio is (z2 - 1 - log z2) / 2.

    Args:
        white: [samples, channels] curves in units of their noise.
        times_ms: [samples] times.
        bank: [n, 3] profiles.
        drift: Deviations of head and codec in units of the noise.
        nuisance: [samples, k] time courses to ignore.
        total: Add the likelihood of the curves without expression, which compares drifts.
    """
    precision, log_determinant = _precision(times_ms, drift, nuisance)
    shapes = _profiles(times_ms, bank)
    weighted = shapes @ precision
    gain = np.maximum((weighted * shapes).sum(axis=1), 1e-9)
    square = ((weighted @ white) ** 2).mean(axis=1) / gain
    evidence = np.where(square > 1, 0.5 * (square - 1 - np.log(np.maximum(square, 1.0))), 0.0)
    if total:
        evidence = evidence - 0.5 * (white * (precision @ white)).sum(axis=0).mean() - 0.5 * log_determinant
    duration = bank[:, 1] + bank[:, 2]
    place = bank[:, 1] / duration
    prior = -0.5 * (np.log(duration / PRIOR_DURATION_MS) / _DURATION_SPREAD) ** 2
    prior -= 0.5 * ((place - PRIOR_APEX) / _APEX_SPREAD) ** 2
    return evidence * white.shape[1] / _TEMPER + prior


def _precision(times_ms: Array, drift: tuple[float, float], nuisance: Array | None) -> tuple[Array, float]:
    """Return the precision of noise plus drift with the baseline projected out, and log det of the covariance."""
    seconds = (times_ms - times_ms.mean()) / 1000
    baseline = np.stack([np.ones_like(seconds), seconds], axis=1)
    if nuisance is not None:
        baseline = np.concatenate([baseline, nuisance], axis=1)
    distance = np.abs(times_ms[:, None] - times_ms[None, :])
    head, codec = drift
    covariance = np.eye(len(times_ms)) + head**2 * np.exp(-0.5 * (distance / _HEAD_MS) ** 2)
    covariance += codec**2 * np.exp(-distance / _CODEC_MS)
    inverse = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    carried = inverse @ baseline
    inverse -= carried @ np.linalg.pinv(baseline.T @ carried) @ carried.T
    return inverse, float(np.linalg.slogdet(covariance)[1])


def _summarise(times_ms: Array, bank: Array, evidence: Array, known: _Known) -> Peak:
    """Return the posterior's mode in the apex, and its mean around it."""
    posterior = np.exp(evidence - evidence.max())
    posterior /= posterior.sum()
    mode = bank[evidence.argmax(), 0]
    near = np.abs(bank[:, 0] - mode) <= 50
    apex, rise, fall = (posterior[near, None] * bank[near]).sum(axis=0) / posterior[near].sum()
    confidence = float(posterior[np.abs(bank[:, 0] - apex) <= TOLERANCE_MS].sum())
    onset_ms, apex_ms, offset_ms = known
    apex = float(apex) if apex_ms is None else apex_ms
    onset = max(apex - rise, float(times_ms[0])) if onset_ms is None else onset_ms
    offset = min(apex + fall, float(times_ms[-1])) if offset_ms is None else offset_ms
    return Peak(onset, apex, offset, confidence, float(evidence.max()))

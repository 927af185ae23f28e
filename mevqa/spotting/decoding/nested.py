"""Length and threshold of a decoder chosen without the subject that is tested (nested leave-one-subject-out).

A threshold or a length that is chosen on all subjects has seen the tested one; published scripts take the mean length
of all subjects (ME-TST) or the best threshold of the test folds (LGSNet). Here every subject is decoded with what the
other subjects say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from mevqa.intervals import iou_matrix, match
from mevqa.spotting.decoding.types import Array, Decoder, Detection, ScoreCurve

#: Least overlap of a hit (MEGC since 2019).
_IOU = 0.5

#: Thresholds that are tried: of scores that are probabilities, and as many quantiles of other scores.
_THRESHOLDS = np.arange(1, 100) / 100

Interval = tuple[float, float]


class NothingToChooseFrom(ValueError):
    """Labels from which neither length nor threshold can be chosen without the tested subject."""


@dataclass(frozen=True, slots=True)
class LabelledCurve:
    """A score curve and the expressions that coders marked in its video.

    Attributes:
        curve: The curve, with its subject.
        intervals: Onset and offset of the expressions, in frames of the curve.
        others: The same of expressions that the curve is not about: what is found there is no false alarm.
        talking: [samples] while the person talks; None where that is not known.
    """

    curve: ScoreCurve
    intervals: tuple[Interval, ...]
    others: tuple[Interval, ...] = ()
    talking: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """Length and threshold that the other subjects chose for one subject.

    Attributes:
        subject: Who is decoded with it.
        half_length: Half the median length of their expressions, samples.
        threshold: Of the largest F1 on them.
        training_f1: That F1.
    """

    subject: str
    half_length: int
    threshold: float
    training_f1: float


def half_length(lengths: Sequence[float]) -> int:
    """Return k = (N + 1) / 2 rounded down, N the median of lengths in samples (BoostingVRME; ME-TST takes the mean).

    Args:
        lengths: Offset minus onset of expressions, at least one.
    """
    return max(1, int((float(np.median(lengths)) + 1) / 2))


def decode_nested(
    videos: Sequence[LabelledCurve],
    decoder: Decoder,
    threshold: float | None = None,
    length: float | None = None,
) -> tuple[list[list[Detection]], list[Fold]]:
    """Decode every subject's videos with the length and the threshold that the other subjects choose.

    Args:
        videos: All videos; every curve names its subject.
        decoder: The decoder.
        threshold: A fixed threshold; None: the one of the best F1 at IoU 0.5 on the other subjects, one to one.
        length: A fixed length in frames; None: the median of the other subjects.

    Returns:
        The detections of every video in samples of its curve, and what was chosen for each subject.

    Raises:
        NothingToChooseFrom: Fewer than two subjects, or a subject without whom nothing is marked.
    """
    by_subject: dict[str, list[int]] = {}
    for index, video in enumerate(videos):
        by_subject.setdefault(str(video.curve.subject), []).append(index)
    if len(by_subject) < 2:
        raise NothingToChooseFrom("leave-one-subject-out needs two subjects at least")
    candidates = _thresholds(videos, decoder) if threshold is None else np.array([threshold])
    counts = _Counts(videos, decoder, candidates)
    result: list[list[Detection]] = [[] for _ in videos]
    folds = []
    for subject, tested in by_subject.items():
        training = [index for other, indices in by_subject.items() if other != subject for index in indices]
        assert not {str(videos[index].curve.subject) for index in training} & {subject}, f"{subject} is on both sides"
        lengths = [length for index in training for length in _lengths(videos[index])]
        if not lengths:
            raise NothingToChooseFrom(f"without subject {subject} no expression is marked")
        half = half_length(lengths if length is None else [length / videos[tested[0]].curve.step])
        chosen, f1 = _best(counts.total(half, training), len(lengths))
        folds.append(Fold(subject, half, float(candidates[chosen]), f1))
        for index in tested:
            result[index] = decoder.decode(videos[index].curve.scores, half, folds[-1].threshold)
    return result, folds


def choose_threshold(
    videos: Sequence[LabelledCurve],
    decoder: Decoder,
    half: int,
    most_alarms: float | None = None,
    confidence: float | None = None,
) -> tuple[float, float]:
    """Return the threshold of the best F1 at IoU 0.5 on some videos, one to one, and that F1.

    Args:
        videos: Videos of people on whom nothing is tested afterwards, one at least.
        decoder: The decoder.
        half: Half the length of an expression, samples.
        most_alarms: Only thresholds with at most so many false alarms for each sample in which people talk are chosen
            from; where none that finds anything has so few, those with the fewest.
        confidence: With which the rate on other people is at most ``most_alarms``: compared is the upper limit of the
            rate at this one-sided confidence; None: the rate that was counted, which others exceed half of the time.
    """
    candidates = _thresholds(videos, decoder)
    counted = _Counts(videos, decoder, candidates).total(half, range(len(videos)))
    talk = sum(int(video.talking.sum()) for video in videos if video.talking is not None)
    allowed = None
    useful = counted.hits > 0
    if most_alarms is not None and talk and useful.any():
        alarms = counted.alarms.astype(np.float64)
        limits = alarms if confidence is None else _upper_limits(alarms, confidence)
        allowed = useful & (limits <= max(most_alarms * talk, float(limits[useful].min())))
    chosen, f1 = _best(counted, sum(len(video.intervals) for video in videos), allowed)
    return float(candidates[chosen]), f1


class _Counted(NamedTuple):
    """Counts at each threshold, [thresholds] each.

    Attributes:
        hits: Detections that are hits.
        detections: All detections.
        alarms: Detections with their apex in talk that overlap no expression.
    """

    hits: Array
    detections: Array
    alarms: Array


def _upper_limits(counts: Array, confidence: float) -> Array:
    """Return the exact upper limit of the mean of Poisson counts at a one-sided confidence.

    The quantile of the gamma distribution of shape n + 1 (Garwood, Biometrika 28, 1936).
    """
    return np.asarray(gammaincinv(counts + 1, confidence))


def _best(counted: _Counted, references: int, allowed: NDArray[np.bool_] | None = None) -> tuple[int, float]:
    """Return the place of the best of some thresholds, of those that are allowed, and its F1."""
    f1 = 2 * counted.hits / np.maximum(counted.detections + references, 1)
    if allowed is not None:
        f1 = np.where(allowed, f1, -1.0)
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    # Of equally good ones the one in the middle: the outer ones are nearer to being worse.
    chosen = int(best[len(best) // 2])
    return chosen, float(f1[chosen])


def _lengths(video: LabelledCurve) -> list[float]:
    """Return the lengths of the marked expressions in samples of the video."""
    return [(offset - onset) / video.curve.step for onset, offset in video.intervals]


def _thresholds(videos: Sequence[LabelledCurve], decoder: Decoder) -> Array:
    """Return the thresholds to try, ascending: they depend on the range of the scores alone, never on labels."""
    lowest = min(float(video.curve.scores.min()) for video in videos)
    highest = max(float(video.curve.scores.max()) for video in videos)
    if decoder.threshold_kind == "share" or (lowest >= 0 and highest <= 1):
        return _THRESHOLDS
    return np.unique(np.quantile(np.concatenate([video.curve.scores for video in videos]), _THRESHOLDS))


class _Counts:
    """Counts of every video at every threshold, made once for each length."""

    def __init__(self, videos: Sequence[LabelledCurve], decoder: Decoder, thresholds: Array) -> None:
        self._videos, self._decoder, self._thresholds = videos, decoder, thresholds
        self._cached: dict[tuple[int, int], _Counted] = {}

    def total(self, half: int, indices: Sequence[int]) -> _Counted:
        """Return the counts of some videos together."""
        return _Counted(*np.sum([self._of(half, index) for index in indices], axis=0))

    def _of(self, half: int, index: int) -> _Counted:
        if (half, index) not in self._cached:
            video = self._videos[index]
            count = self._count_dropped if self._decoder.only_drops else self._count_decoded
            self._cached[half, index] = _Counted(*count(video, half))
        return self._cached[half, index]

    def _count_dropped(self, video: LabelledCurve, half: int) -> list[np.ndarray]:
        """Return the counts at each threshold from one decoding, where a threshold only drops detections.

        A detection chooses its reference before the weaker ones do, so that it is a hit whichever of those there are.
        """
        detections = self._decoder.decode(video.curve.scores, half, -np.inf)
        scores = np.array([detection.score for detection in detections])
        above = scores[None, :] >= self._thresholds[:, None]
        return [(above & flags).sum(axis=1) for flags in (_hits(video, detections), True, _alarms(video, detections))]

    def _count_decoded(self, video: LabelledCurve, half: int) -> list[np.ndarray]:
        """Return the counts at each threshold, decoded once for those between which no detection is dropped."""
        decode, scores = self._decoder.decode, video.curve.scores
        dropped = np.arange(len(self._thresholds))
        if self._decoder.selects_by_score:
            heights = sorted(detection.score for detection in decode(scores, half, -np.inf))
            dropped = np.searchsorted(heights, self._thresholds)
        _, first, group = np.unique(dropped, return_index=True, return_inverse=True)
        rows = []
        for threshold in self._thresholds[first]:
            detections = decode(scores, half, float(threshold))
            rows.append((_hits(video, detections).sum(), len(detections), _alarms(video, detections).sum()))
        return list(np.array(rows)[group].T)


def _hits(video: LabelledCurve, detections: Sequence[Detection]) -> np.ndarray:
    """Return which detections are hits, [detections]."""
    hit = np.zeros(len(detections), dtype=bool)
    if detections and video.intervals:
        frames = video.curve.frames
        detected = np.array(
            [(frames[detection.onset], frames[detection.offset]) for detection in detections], dtype=np.float64
        )
        marked = np.array(video.intervals, dtype=np.float64)
        scores = np.array([detection.score for detection in detections])
        pairs: list[tuple[int, int]] = match(iou_matrix(detected, marked), _IOU, "score", detected, marked, scores)
        hit[[detection for detection, _ in pairs]] = True
    return hit


def _alarms(video: LabelledCurve, detections: Sequence[Detection]) -> np.ndarray:
    """Return which detections have their apex in talk and overlap no expression, [detections]."""
    if video.talking is None or not detections:
        return np.zeros(len(detections), dtype=bool)
    frames, marked = video.curve.frames, (*video.intervals, *video.others)
    return np.array(
        [
            bool(video.talking[detection.apex])
            and not any(
                onset <= frames[detection.offset] and frames[detection.onset] <= offset for onset, offset in marked
            )
            for detection in detections
        ]
    )

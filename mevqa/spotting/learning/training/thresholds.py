"""Thresholds of score curves, chosen on training subjects by networks that have not seen them.

A network is surer of what it was trained on than of anybody else: a threshold that is chosen there misses expressions.
Training subjects are divided into groups, each is scored by a network that learned from the others, and the threshold
of the best F1 on all these curves is taken for the network that learned from everybody.

Who talks moves much of the face, and F1 alone does not mind a false alarm every few seconds of talk where expressions
are many. So thresholds that fire more often than ``decoder.most_false_alarms`` a minute while training subjects talk
are left out; when they talk is measured by their lips. Few minutes of talk tell the rate of other people badly: a
threshold that just keeps the bound on training subjects breaks it on others half of the time. So the upper limit of the
rate at ``decoder.false_alarm_confidence`` is compared with the bound.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from mevqa.errors import InputError, Problem
from mevqa.spotting.decoding import LabelledCurve, ScoreCurve, choose_threshold
from mevqa.spotting.learning.config import SystemConfig
from mevqa.spotting.learning.priors import Priors
from mevqa.spotting.learning.system import ANY, Arrays, LearnedSystem
from mevqa.spotting.learning.types import TrainingVideo


def subject_groups(videos: Sequence[TrainingVideo], folds: int, seed: int) -> list[list[TrainingVideo]]:
    """Return the videos of each group of subjects; groups differ by at most one subject.

    Args:
        videos: The training videos.
        folds: Groups; fewer where there are fewer subjects.
        seed: Decides who is together.

    Raises:
        InputError: There is one subject only.
    """
    subjects = sorted({video.subject for video in videos})
    if len(subjects) < 2:
        message = f"one training subject ({subjects[0]}) leaves nobody to choose it on: give decoder.threshold, or "
        raise InputError([Problem("decoder.threshold", f"{message}decoder.folds=0")])
    dealt = np.random.default_rng([seed, 3]).permutation(len(subjects))
    group = {subjects[who]: index % min(folds, len(subjects)) for index, who in enumerate(dealt)}
    return [[video for video in videos if group[video.subject] == number] for number in sorted(set(group.values()))]


def choose_thresholds(
    system: type[LearnedSystem],
    config: SystemConfig,
    priors: Priors,
    scored: Sequence[tuple[TrainingVideo, Arrays]],
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the threshold of each curve, and its F1 on the training subjects.

    Args:
        system: The system.
        config: Its settings.
        priors: Lengths of expressions.
        scored: Training videos and what networks said of them that had not seen them.
    """
    decoder = system.decoder(config)
    by_kind: dict[str, list[LabelledCurve]] = {}
    for video, outputs in scored:
        for kind, scores in system.curves(outputs, config).items():
            kinds = config.kinds if kind == ANY else (kind,)
            by_kind.setdefault(kind, []).append(_labelled(video, scores, kinds))
    most = config.decoder.most_false_alarms
    if most is not None:
        most *= priors.step_ms / 60_000
    # Of a kind without any expression no length is known: none of it is reported.
    chosen = {
        kind: choose_threshold(curves, decoder, priors.half_lengths[kind], most, config.decoder.false_alarm_confidence)
        for kind, curves in by_kind.items()
        if kind in priors.half_lengths
    }
    return {kind: threshold for kind, (threshold, _) in chosen.items()}, {kind: f1 for kind, (_, f1) in chosen.items()}


def _labelled(video: TrainingVideo, scores: NDArray[np.float64], kinds: Collection[str]) -> LabelledCurve:
    """Return the curve of a video for some kinds of expressions, with what coders marked."""
    frames = np.arange(len(scores), dtype=np.int64)
    marked = [(mark.kind in kinds, (mark.onset, mark.offset)) for mark in video.marks]
    return LabelledCurve(
        ScoreCurve(video.id, video.subject, frames, scores),
        tuple(interval for is_learned, interval in marked if is_learned),
        tuple(interval for is_learned, interval in marked if not is_learned),
        video.talking if len(video.talking) else None,
    )

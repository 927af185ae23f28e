"""Curves of scores and the expressions that are decoded from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

#: What a threshold is compared with: the score itself, or where it lies between the mean and the maximum of its video.
ThresholdKind: TypeAlias = Literal["score", "share"]


class Detection(NamedTuple):
    """One expression in a curve, in samples.

    Attributes:
        onset: First sample.
        apex: Sample of the largest score.
        offset: Last sample.
        score: Larger is surer.
    """

    onset: int
    apex: int
    offset: int
    score: float


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """How much each frame of a video looks like an expression, by whatever made the scores.

    Attributes:
        video: Its name.
        subject: Who is seen, None where nothing tells.
        frames: [samples] frame numbers, evenly spaced, ascending.
        scores: [samples] larger is surer.
        missing: How many of the samples the file left out; they were filled.
        line: 1-based line of its first row.
    """

    video: str
    subject: str | None
    frames: NDArray[np.int64]
    scores: Array
    missing: int = 0
    line: int = 1

    @property
    def step(self) -> int:
        """Frames from one sample to the next."""
        return int(self.frames[1] - self.frames[0]) if len(self.frames) > 1 else 1


#: A decoder: scores [samples], half the length of an expression in samples (at least 1), and a threshold; returns
#: detections in the order of time.
Decode: TypeAlias = Callable[[Array, int, float], list[Detection]]


@dataclass(frozen=True, slots=True)
class Decoder:
    """A way to turn a curve of scores into expressions.

    Attributes:
        name: What a user writes after ``--decoder``.
        decode: The function.
        threshold_kind: What its threshold is compared with.
        threshold: Its published or usual threshold; None: there is none, it is chosen on training subjects or given.
        only_drops: Whether a higher threshold only drops detections, those with a lower score, and leaves the others as
            they are.
        summary: One line for help and tables.
        selects_by_score: Whether a higher threshold drops the detections with a lower score, and no other one, while
            the borders of those that stay may move.
    """

    name: str
    decode: Decode
    threshold_kind: ThresholdKind
    threshold: float | None
    only_drops: bool
    summary: str
    selects_by_score: bool = False

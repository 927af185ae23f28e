"""Videos as networks learn from them: evenly spaced channels, and the coded expressions in samples of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mevqa.events import Kind
from mevqa.spotting.features.types import FeatureSeries

Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Mark:
    """A coded expression of a video, in samples of its series.

    Attributes:
        onset: Sample of the onset, with a fraction where the footage has another rate than the series.
        apex: Sample of the apex; the middle where none was coded.
        offset: Sample of the offset.
        kind: ``micro`` or ``macro``.
        label: Emotion class; None where the coder named none.
    """

    onset: float
    apex: float
    offset: float
    kind: Kind
    label: str | None = None

    @property
    def samples(self) -> slice:
        """Samples between onset and offset, both included; at least one."""
        return slice(round(self.onset), round(self.offset) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingVideo:
    """One annotated video.

    Attributes:
        id: Its name in the annotations.
        subject: Who is seen.
        series: What is measured of it.
        marks: Coded expressions of all kinds, in the order of time.
        unjudged: [samples] Where coders saw something without saying from when to when: nothing is learned there.
        talking: [samples] Where the lips talk; empty: nowhere.
    """

    id: str
    subject: str
    series: FeatureSeries
    marks: tuple[Mark, ...]
    unjudged: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    talking: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def learned(self) -> NDArray[np.bool_]:
        """[samples] where targets count: the face is measured and the coders' word is complete."""
        measured = self.series.measured
        return measured & ~self.unjudged if len(self.unjudged) else measured.copy()

"""Spotted events with their evidence, and gaps in which nothing could be looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mevqa.events import Event, Kind

if TYPE_CHECKING:
    from mevqa.facs import ActionUnit


@dataclass(frozen=True, slots=True)
class UnitCandidate:
    """An action unit that would move the face as it was seen to move.

    Attributes:
        unit: The unit with its side.
        share: Of the seen motion that it accounts for, 0 to 1.
    """

    unit: ActionUnit
    share: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a video in which nothing could be looked for.

    Attributes:
        begin_ms: Its first frame.
        end_ms: The first frame that is measured again, or the last frame of the video.
        why: ``no face``, ``blank pictures``, ...
    """

    begin_ms: float
    end_ms: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpottedEvent(Event):
    """An expression that was spotted in a long video, with what the spotter measured and what a model says of it.

    Action units and classes are those of the recognition; they are missing until then.

    Attributes:
        onset: First frame, 0-based.
        apex: Frame of the largest extent.
        offset: Last frame.
        kind: ``micro`` or ``macro``.
        score: Probability that a coder would have marked it, 0 to 1, by a calibrator: the user's, or the shipped one,
            for which the synthetic long videos are the coder (``mevqa.spotting.motion.calibration``).
        onset_ms: Time of the onset, ms from the first frame.
        apex_ms: Time of the apex.
        offset_ms: Time of the offset.
        side: Side of the face on which nearly all of the motion is (the subject's own); None for both.
        regions: Displacement of each facial region from rest to apex (right, down), eye distances.
        units: Action units that explain the motion, the one that explains most first.
        features: What the score is computed from, by name (``mevqa.spotting.motion.features``).
        class_probabilities: Of emotion classes, by a spotter that learned to recognise them.
        clear: Whether it is as strong and as large as is believed without a calibrator.
        event_probability: Probability that it is an expression, the score and the model's word together; None where
            no model was asked.
        error: Why the model said nothing usable.
        warnings: What a reader should know.
    """

    onset: int
    apex: int
    offset: int
    kind: Kind
    score: float
    onset_ms: float
    apex_ms: float
    offset_ms: float
    side: Literal["left", "right"] | None = None
    regions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    units: tuple[UnitCandidate, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict)
    class_probabilities: Mapping[str, float] = field(default_factory=dict)
    clear: bool = True
    event_probability: float | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Time from onset to offset."""
        return self.offset_ms - self.onset_ms

    @property
    def probability(self) -> float:
        """Probability that it is an expression, by all that was asked."""
        return self.score if self.event_probability is None else self.event_probability

    @property
    def kept(self) -> bool:
        """Whether it counts as an event: a model that was asked does not make it unlikely."""
        return self.probability >= min(0.5, self.score)

"""What happens in a long video: its expressions in the order of time, as coded, spotted or recognised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One expression of a long video.

    Attributes:
        kind: ``micro`` or ``macro``.
        onset: First frame, 0-based; None when the event is assumed.
        apex: Frame of the largest extent, likewise; None also where no coder gave one.
        offset: Last frame, likewise.
        units: Official names of the action units, in the order of their numbers.
        fine: Fine-grained class; None when nobody told it.
        coarse: Coarse class, likewise.
    """

    kind: Literal["micro", "macro"]
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    units: tuple[str, ...] = ()
    fine: str | None = None
    coarse: str | None = None

    @property
    def assumed(self) -> bool:
        """Whether nobody saw it: a question presupposes it, and its kind is that of the prior."""
        return self.onset is None or self.offset is None


@dataclass(frozen=True, slots=True)
class EventTimeline:
    """The expressions of one long video.

    Attributes:
        events: In the order of time; assumed ones come last.
        fps: Frames per second of the video.
    """

    events: tuple[TimelineEvent, ...]
    fps: float

    @property
    def seen(self) -> tuple[TimelineEvent, ...]:
        """The events that are not assumed."""
        return tuple(event for event in self.events if not event.assumed)

"""What answers tell about events of a long video: an interval, a description."""

from __future__ import annotations

from dataclasses import dataclass

from mevqa.types import Kind


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where an event lies.

    Attributes:
        onset: First frame, 0-based.
        offset: Last frame.
        kind: ``micro`` or ``macro``; None where it is not told.
    """

    onset: int
    offset: int
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What is told about one event; None and empty where nothing is.

    Attributes:
        kind: ``micro`` or ``macro``.
        onset: First frame, 0-based.
        apex: Frame of the largest extent.
        offset: Last frame.
        units: Official names of the action units.
        fine: Fine-grained class.
        coarse: Coarse class.
    """

    kind: Kind | None = None
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    units: tuple[str, ...] = ()
    fine: str | None = None
    coarse: str | None = None

"""What a question asks for, as it was recognised from its text."""

from __future__ import annotations

from dataclasses import dataclass

from mevqa.events import Kind
from mevqa.types import QuestionType


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """What a question asks for.

    Attributes:
        type: One of the types of short clips and long videos, or ``OPEN``.
        action_unit: Canonical name of the unit asked about (presence and side), None when it names none that is known.
        ordinal: n of "the n-th expression event", 1-based.
        plural: Whether it asks for several units.
        kind: ``micro`` or ``macro`` when only events of that kind are asked about; None for both.
        between_s: From and to which second events are asked about.
    """

    type: QuestionType
    action_unit: str | None = None
    ordinal: int | None = None
    plural: bool = False
    kind: Kind | None = None
    between_s: tuple[float, float] | None = None

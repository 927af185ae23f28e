"""Expressions in time: one event, the events of a long video, and the rules that separate micro from macro."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from mevqa.facs import ActionUnit

#: The two kinds of expression.
Kind: TypeAlias = Literal["micro", "macro"]
#: How the coders of a data set separated them.
Rule: TypeAlias = Literal["half-second", "quarter-second-apex"]

KINDS: tuple[Kind, ...] = get_args(Kind)
RULES: tuple[Rule, ...] = get_args(Rule)

#: Longest micro-expression, ms (Yan et al., J. Nonverbal Behavior 37, 2013; CAS(ME)^2, SAMM, MEGC since 2019), and
#: longest way from onset to apex (CAS(ME)^3; published filters; 260 ms in the same study).
MICRO_MS = 500.0
MICRO_RISE_MS = 250.0


@dataclass(frozen=True, slots=True)
class Event:
    """One expression in time: as coders wrote it, as it was spotted and recognised, or as an answer describes it.

    Subclasses add fields of one source: the place in a file (``EventRow``), measurements of the spotter
    (``SpottedEvent``).

    Attributes:
        onset: First frame of the expression, 0-based; None when it is not known, or when the event is assumed.
        apex: Frame of its largest extent, likewise.
        offset: Last frame of the expression, likewise.
        action_units: The units that move, with their sides.
        fine: Fine-grained class, in the data set's canonical spelling (``mevqa.facs``).
        coarse: positive, negative or surprise; None for classes without a merge (others).
        kind: ``micro`` or ``macro``; None where an answer or a file does not tell.
        score: Of an event that was found, larger is surer; None where it is coded, or found without a score.
    """

    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    action_units: tuple[ActionUnit, ...] = ()
    fine: str | None = None
    coarse: str | None = None
    kind: Kind | None = "micro"
    score: float | None = None

    @property
    def interval(self) -> tuple[int, int] | None:
        """Onset and offset; None where one of them is not known."""
        return None if self.onset is None or self.offset is None else (self.onset, self.offset)

    @property
    def duration(self) -> int | None:
        """Frames from onset to offset; None where one of them is not known."""
        return None if self.onset is None or self.offset is None else self.offset - self.onset

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Official names of the action units without their sides, in the order of their numbers, each once."""
        return tuple(dict.fromkeys(unit.name for unit in sorted(self.action_units)))


@dataclass(frozen=True, slots=True)
class EventTimeline:
    """The expressions of one long video.

    Attributes:
        events: In the order of time. Last come those without onset or offset: coded in part only, or seen by nobody
            and assumed because a question presupposes them.
        fps: Frames per second of the video.
    """

    events: tuple[Event, ...]
    fps: float

    @property
    def seen(self) -> tuple[Event, ...]:
        """The events that have an interval."""
        return tuple(event for event in self.events if event.interval is not None)

    def of_kind(self, kind: Kind | None) -> tuple[Event, ...]:
        """Return the events of a kind; all of them for None."""
        return tuple(event for event in self.events if kind in (None, event.kind))


def timeline_of(events: Iterable[Event], fps: float) -> EventTimeline:
    """Return the timeline of coded expressions.

    Args:
        events: The coded expressions of one video, in any order. One without onset or offset is counted and cannot be
            shown, like an assumed one.
        fps: Frames per second of the video.
    """
    ordered = sorted(events, key=lambda event: (event.interval is None, event.onset or 0, event.offset or 0))
    return EventTimeline(tuple(ordered), fps)


def kind_of(onset_ms: float, apex_ms: float, offset_ms: float, rule: Rule) -> Kind:
    """Return whether an expression is micro or macro.

    Args:
        onset_ms: When it begins.
        apex_ms: When it is largest.
        offset_ms: When it ends.
        rule: ``half-second``: at most 500 ms from onset to offset; ``quarter-second-apex``: at most 250 ms from
            onset to apex.
    """
    if rule == "half-second":
        return "micro" if offset_ms - onset_ms <= MICRO_MS else "macro"
    return "micro" if apex_ms - onset_ms <= MICRO_RISE_MS else "macro"

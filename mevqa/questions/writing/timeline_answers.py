"""Answer every question about a long video from its story: what is told here contradicts itself nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mevqa.events import Event, EventTimeline
from mevqa.questions.writing.answer_format import unit_list
from mevqa.questions.writing.event_counts import COUNTED
from mevqa.questions.writing.event_text import described_text, spans_text, summary_text
from mevqa.types import LONG_VIDEO_TYPES, Question, QuestionType


def timeline_of(events: Iterable[Event], fps: float) -> EventTimeline:
    """Return the story that coders told.

    Args:
        events: The coded expressions of one video, in any order. One without onset or offset is counted and cannot be
            shown, like an assumed one.
        fps: Frames per second of the video.
    """
    ordered = sorted(events, key=lambda event: (event.interval is None, event.onset or 0, event.offset or 0))
    return EventTimeline(tuple(ordered), fps)


def timeline_answer(question: Question, timeline: EventTimeline) -> str | None:
    """Return the answer in the surface form.

    Assumed events count in the numbers of events and have a kind and a place in the order; they are no part of what
    needs frames, units or classes.

    Args:
        question: Of a type about long videos. Where it asks about one kind, only events of that kind are looked at.
        timeline: The events of the video.

    Returns:
        The answer; None when the story cannot tell: no such event, or no known unit.

    Raises:
        ValueError: The question is not about a long video.
    """
    if question.type not in LONG_VIDEO_TYPES:
        raise ValueError(f"a question of type {question.type.value} is not about a long video")
    events = [event for event in timeline.events if question.kind in (None, event.kind)]
    seen = [event for event in events if event.interval is not None]
    if question.type in COUNTED:
        kind = COUNTED[question.type]
        return str(sum(kind in (None, event.kind) for event in timeline.events))
    if question.type is QuestionType.AU_INVENTORY:
        return unit_list({name for event in timeline.seen for name in event.unit_names}) or None
    if question.type is QuestionType.ORDER:
        return _kind(events, 1)
    if question.type is QuestionType.EVENT_PRESENCE:
        return "yes" if events else "no"
    if question.type is QuestionType.SUMMARY:
        return summary_text(timeline)
    if question.type is QuestionType.NTH_TYPE:
        return _kind(events, question.ordinal)
    return _SEEN[question.type](question, seen, timeline.fps)


def _kind(events: Sequence[Event], ordinal: int | None) -> str | None:
    """Return the kind of the n-th event."""
    if ordinal is None or not 1 <= ordinal <= len(events):
        return None
    return f"{events[ordinal - 1].kind}-expression"


def _localise(question: Question, seen: Sequence[Event], fps: float) -> str:
    return spans_text(seen, kinds=question.kind is None)


def _describe(question: Question, seen: Sequence[Event], fps: float) -> str | None:
    ordinal = question.ordinal
    if ordinal is None or not 1 <= ordinal <= len(seen):
        return None
    return described_text(seen[ordinal - 1], ordinal, question.kind)


def _longest(question: Question, seen: Sequence[Event], fps: float) -> str | None:
    """Return the longest event, of several the first."""
    longest = max(seen, key=lambda event: event.duration or 0, default=None)
    return None if longest is None else spans_text([longest], kinds=False)


def _count_between(question: Question, seen: Sequence[Event], fps: float) -> str | None:
    """Count the events whose apex lies between the two times, the earlier one included."""
    if question.between_s is None:
        return None
    start, end = question.between_s
    return str(sum(start <= _middle(event) / fps < end for event in seen))


_SEEN: dict[QuestionType, Callable[[Question, Sequence[Event], float], str | None]] = {
    QuestionType.LOCALISE: _localise,
    QuestionType.DESCRIBE_NTH: _describe,
    QuestionType.LONGEST: _longest,
    QuestionType.COUNT_BETWEEN: _count_between,
}


def _middle(event: Event) -> float:
    """Return the apex, or the middle of onset and offset where there is none, in frames."""
    if event.apex is not None:
        return event.apex
    onset, offset = event.interval or (0, 0)
    return (onset + offset) / 2

"""Questions about a long video: spot, then look, then answer all of them from one list of events.

The spotter finds the events, a model recognises each, and every answer is read from the same list of events: micro and
macro add up to all, the n-th event has the kind that was counted, the inventory is the union of the events' units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from mevqa.datasets import Taxonomy, kind_rule, taxonomy
from mevqa.errors import MediaError
from mevqa.events import MICRO_MS, MICRO_RISE_MS, Event, EventTimeline, Kind, Rule
from mevqa.facs import ActionUnit, prototype_units, unit_name
from mevqa.inference.long_videos.recognition import in_order, recognise
from mevqa.inference.view_config import LongVideoWay
from mevqa.questions.answers import timeline_answer
from mevqa.questions.prior import prior_answer
from mevqa.questions.question_types import question_type
from mevqa.questions.writing.event_text import ordinal_text
from mevqa.spotting.base import SpotOptions, Spotting
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.video import spot_video
from mevqa.types import Answer, Clip, Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from mevqa.inference.view_config import ViewConfig
    from mevqa.models.base import Model
    from mevqa.questions.prompts import PromptLibrary

WAYS: tuple[LongVideoWay, ...] = get_args(LongVideoWay)

#: Uncertainty of a measured duration, ms: two samples at 30 a second.
_DURATION_MS = 66.0
#: The border between the kinds, ms, by rule.
_BORDER_MS: dict[Rule, float] = {"half-second": MICRO_MS, "quarter-second-apex": MICRO_RISE_MS}


@dataclass(frozen=True, slots=True)
class LongVideoResult:
    """The events of one long video, spotted and recognised.

    Attributes:
        spotting: The result of the spotter.
        events: Every spotted event with what was recognised in it, the rejected ones among them.
        rule: How the kinds were told apart.
    """

    spotting: Spotting
    events: tuple[SpottedEvent, ...]
    rule: Rule

    @property
    def kept(self) -> tuple[SpottedEvent, ...]:
        """The events that count, in the order of time."""
        return tuple(event for event in self.events if event.kept)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the reader of an answer."""
        warnings = list(
            dict.fromkeys([*self.spotting.warnings, *(text for event in self.events for text in event.warnings)])
        )
        rejected = len(self.events) - len(self.kept)
        if rejected:
            warnings.append(f"{rejected} of {len(self.events)} spotted events were rejected by the model")
        return tuple(warnings)


def analyse_long_video(
    clip: Clip,
    way: LongVideoWay,
    model: Model,
    prompts: PromptLibrary,
    view_config: ViewConfig,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> LongVideoResult:
    """Spot the events of a long video and recognise each.

    Args:
        clip: The video.
        way: ``hybrid``: the model looks at every event; ``spotter``: units by the regions that moved, classes by the
            prototype that these units fit best.
        model: Who is asked.
        prompts: The prompt library.
        view_config: Which views are made and how, and the options of the spotter.
        progress: Called with frames done and frames in all while spotting.

    Raises:
        MediaError: The video cannot be read, or shows no face.
        InputError: A view or sampler is unknown.
    """
    assert clip.media is not None
    options = replace(view_config.spotter or SpotOptions(), rule=view_config.rule or kind_rule(clip.dataset))
    spotting = spot_video(clip.media, fps=clip.fps, options=options, progress=progress)
    if not spotting.face:
        raise MediaError(clip.media, "no face is seen in it: there is nothing to answer from")
    if way == "hybrid":
        events = recognise(clip, spotting, model, prompts, view_config)
    else:
        events = tuple(_by_regions(event, taxonomy(clip.dataset)) for event in spotting.events)
    return LongVideoResult(spotting, events, options.rule)


def _by_regions(event: SpottedEvent, classes: Taxonomy) -> SpottedEvent:
    """Recognise an event without a model."""
    numbers = sorted({candidate.unit.number for candidate in event.units})
    fine = _nearest_class([unit_name(number) for number in numbers], classes)
    coarse = classes.coarse_of(fine) if fine else None
    return replace(event, action_units=tuple(map(ActionUnit, numbers)), fine=fine, coarse=coarse)


def _nearest_class(units: Sequence[str], classes: Taxonomy) -> str | None:
    """Return the fine class whose prototype has most in common with the units, by Jaccard; None without any unit."""
    if not units:
        return None

    def fit(fine: str) -> float:
        typical = {unit_name(number) for number in prototype_units(fine)}
        return len(typical & set(units)) / len(typical | set(units))

    return max(classes.fine, key=fit) if classes.fine else None


def build_timeline(long_video: LongVideoResult, questions: Sequence[Question]) -> EventTimeline:
    """Return the event timeline of a video, long enough for every question.

    A question about the 14-th event presupposes 14 of them: where fewer were found, the rest is assumed at the end,
    of the kind that is commoner in the data set, and counted.
    """
    events: list[Event] = list(long_video.kept)
    for question in sorted((q for q in questions if q.ordinal is not None), key=lambda q: (not q.kind, q.ordinal or 0)):
        while sum(question.kind in (None, event.kind) for event in events) < (question.ordinal or 0):
            events.append(Event(kind=question.kind or _prior_kind(question)))
    return EventTimeline(tuple(events), long_video.spotting.fps)


def _prior_kind(question: Question) -> Kind:
    prior = prior_answer(replace(question, type="nth_type", kind=None))
    return "micro" if prior is not None and prior.text.startswith("micro") else "macro"


def answer_from(long_video: LongVideoResult, questions: Sequence[Question]) -> list[Answer]:
    """Answer all questions about one long video, consistently, with the evidence.

    Args:
        long_video: What was found in it.
        questions: About this video, of types about long videos.

    Returns:
        One answer a question, in order; a question that the timeline cannot tell gets the data set's prior, marked by a
        warning, or an error where there is none.
    """
    timeline = build_timeline(long_video, questions)
    return [_answer(question, timeline, long_video) for question in questions]


def _answer(question: Question, timeline: EventTimeline, long_video: LongVideoResult) -> Answer:
    failed = [event.error for event in long_video.kept if event.error is not None]
    if failed and question_type(question.type).needs_units:
        error = f"{len(failed)} of {len(long_video.kept)} events were not recognised: {failed[0]}"
        return Answer(question.id, "", error=error, warnings=long_video.warnings)
    text = timeline_answer(question, timeline)
    warnings = list(long_video.warnings)
    if text is None:
        prior = prior_answer(question)
        if prior is None:
            nothing = "no event was found that this question could be answered from"
            return Answer(question.id, "", error=nothing, warnings=long_video.warnings)
        text = prior.text
        warnings.append(f"prior answer, not seen in the video: {prior.source}")
    elif note := _assumption_note(question, timeline):
        warnings.append(note)
    options = _kind_options(question, long_video)
    return Answer(
        question.id,
        text,
        options=options,
        confidence=options[text] if options is not None and text in options else None,
        warnings=tuple(warnings),
        evidence=_evidence(question, long_video),
    )


def _assumption_note(question: Question, timeline: EventTimeline) -> str | None:
    """Return a warning about the events that an answer assumes; None where it rests on seen ones alone."""
    seen_count, event_count = len(timeline.seen), len(timeline.events)
    if seen_count == event_count:
        return None
    if question.type == "nth_type" and question.ordinal is not None and question.ordinal > seen_count:
        prior = prior_answer(question)
        source = prior.source if prior is not None else "the data set"
        reason = f"the {ordinal_text(question.ordinal)} is asked about"
        return f"prior answer: {seen_count} events were found, and {reason}: {source}"
    if question.type in ("order", "event_presence"):
        # The first event decides: nobody saw it when no event of the kind was seen.
        if any(question.kind in (None, event.kind) for event in timeline.seen):
            return None
        return f"prior answer: no such event was found, and the {ordinal_text(event_count)} is asked about"
    definition = question_type(question.type)
    if definition.fact == "count" and any(definition.counted in (None, e.kind) for e in timeline.events[seen_count:]):
        reason = f"because the {ordinal_text(event_count)} is asked about"
        return f"{seen_count} events were found; {event_count - seen_count} more are assumed, {reason}"
    return None


def _kind_options(question: Question, long_video: LongVideoResult) -> dict[str, float] | None:
    """Return how sure the kind of the n-th event is, by how far its duration is from the border.

    A logistic curve with the uncertainty of a duration as its scale: a probability by construction, not a fitted one.
    """
    index = (question.ordinal or 0) - 1
    if question.type != "nth_type" or question.kind or not 0 <= index < len(long_video.kept):
        return None
    event = long_video.kept[index]
    length = event.duration_ms if long_video.rule == "half-second" else event.apex_ms - event.onset_ms
    distance = (_BORDER_MS[long_video.rule] - length) / _DURATION_MS
    # The kind was decided with half a sample to spare: the options must not say otherwise.
    distance = max(distance, 0.01) if event.kind == "micro" else min(distance, -0.01)
    micro = 1 / (1 + math.exp(-max(min(distance, 30.0), -30.0)))
    return {"micro-expression": micro, "macro-expression": 1 - micro}


def _evidence(question: Question, long_video: LongVideoResult) -> tuple[str, ...]:
    """Return the events that an answer rests on, one line each."""
    kind = question_type(question.type).counted or question.kind
    numbered = enumerate(long_video.kept, 1)
    lines = [event_line(number, event) for number, event in numbered if kind in (None, event.kind)]
    if question.ordinal is not None:
        return tuple(lines[question.ordinal - 1 : question.ordinal])
    if question.type in ("order", "event_presence"):
        return tuple(lines[:1])
    if question.type == "au_inventory":
        events_by_unit: dict[str, list[int]] = {}
        for number, event in enumerate(long_video.kept, 1):
            for unit in event.unit_names:
                events_by_unit.setdefault(unit, []).append(number)
        return tuple(
            f"{unit}: events {', '.join(map(str, events_by_unit[unit]))}" for unit in in_order(list(events_by_unit))
        )
    return tuple(lines)


def event_line(number: int, event: SpottedEvent) -> str:
    """Describe one event in a line."""
    units = ", ".join(event.unit_names) or "no unit"
    fine_class = f"; {event.fine}" if event.fine else ""
    return (
        f"event {number}: {event.kind}, {event.onset_ms / 1000:.2f} to {event.offset_ms / 1000:.2f} s, frames "
        f"{event.onset}-{event.offset}, probability {event.probability:.2f}: {units}{fine_class}"
    )

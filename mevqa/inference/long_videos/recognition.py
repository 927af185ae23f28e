"""Recognise spotted events: each becomes a short clip for a model, which names units and class and may reject it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mevqa.datasets import taxonomy
from mevqa.events import Event
from mevqa.facs import ActionUnit, unit_number
from mevqa.inference.consistency.clip import decide
from mevqa.inference.consistency.unit_evidence import UnitEvidence, presence_probability
from mevqa.models.base import model_for_clip
from mevqa.questions.answers import normalise, read_units
from mevqa.questions.wordings import official_wordings
from mevqa.spotting.events import SpottedEvent
from mevqa.types import NO_MOTION, Clip, Question, View
from mevqa.video.reading.reader import read_once
from mevqa.video.views.render import ClipViews, render_events

if TYPE_CHECKING:
    from mevqa.inference.view_config import ViewConfig
    from mevqa.models.base import Model
    from mevqa.questions.prompts import PromptLibrary
    from mevqa.spotting.base import Spotting
    from mevqa.types import Reply
    from mevqa.video.reading.video import Footage

#: The model is shown a moment of rest like a micro-expression of so long: apex and offset after the onset, ms.
_REST_APEX_MS = 200.0
_REST_MS = 400.0

#: Probabilities are kept so far from 0 and 1, so that neither the spotter nor the model decides alone.
_LEAST = 0.01


def recognise(
    clip: Clip, spotting: Spotting, model: Model, prompts: PromptLibrary, view_config: ViewConfig
) -> tuple[SpottedEvent, ...]:
    """Show every spotted event to a model; the video is read forward once, to the last event.

    The model is asked for both classes, for one unit, for several, and for each unit that the spotter thinks of; what
    it says of units is weighed together. A model that can see rest (``Preferences.sees_rest``) is also asked whether
    an expression is shown at all, about each event and about the longest rest of the video: the log-odds of the first
    less those of the second are added to the log-odds of the spotter's score (Bayes' rule; a bias of the model towards
    yes is in both and drops out).

    Args:
        clip: The long video.
        spotting: What was spotted in it.
        model: Who is asked.
        prompts: The prompt library.
        view_config: Which views are made and how.

    Returns:
        One for each event, in the order of time.

    Raises:
        InputError: A view or sampler is unknown, or the clip has no media.
        MediaError: The media cannot be read.
    """
    model = model_for_clip(model, clip)
    if clip.media is None:
        return _recognise_all(clip, spotting, model, prompts, view_config, None)
    return read_once(
        clip.media, lambda video: _recognise_all(clip, spotting, model, prompts, view_config, video), fps=clip.fps
    )


def _recognise_all(
    clip: Clip,
    spotting: Spotting,
    model: Model,
    prompts: PromptLibrary,
    view_config: ViewConfig,
    footage: Footage | None,
) -> tuple[SpottedEvent, ...]:
    rest_moment = _longest_rest(spotting) if model.preferences.sees_rest else None
    spans: list[tuple[Event, SpottedEvent | None]] = [
        (Event(event.onset, event.apex, event.offset), event) for event in spotting.events
    ]
    if rest_moment is not None:
        index = sum(event.onset <= (rest_moment.onset or 0) for event in spotting.events)
        spans.insert(index, (rest_moment, None))
    event_views = render_events(
        clip,
        [span for span, _ in spans],
        views=view_config.views,
        sampler=view_config.sampler,
        face=view_config.face,
        frames=view_config.frames,
        stride=view_config.stride,
        footage=footage,
    )
    recognised = []
    at_rest = None
    for (_, event), clip_views in zip(spans, event_views, strict=True):
        if event is None:
            question = _question(clip, "expression_shown")
            at_rest = _yes_probability(
                question, _ask(clip, clip_views.views, [question], model, prompts, clip_views.notes)[0]
            )
        else:
            recognised.append(_recognise(clip, event, clip_views, rest_moment is not None, model, prompts))
    return tuple(
        replace(event, event_probability=_combined_probability(event.score, at_event, at_rest))
        for event, at_event in recognised
    )


def _recognise(
    clip: Clip, event: SpottedEvent, clip_views: ClipViews, check: bool, model: Model, prompts: PromptLibrary
) -> tuple[SpottedEvent, float | None]:
    """Ask about one event; return it with units and classes, and the probability that an expression is shown at all."""
    classes = [_question(clip, "fine"), _question(clip, "coarse")]
    lists = [_question(clip, "au_list", plural=plural) for plural in (False, True)]
    names = list(dict.fromkeys(candidate.unit.name for candidate in event.units))
    presence = [_question(clip, "au_presence", action_unit=name) for name in names]
    checks = [_question(clip, "expression_shown")] if check else []
    questions = [*classes, *lists, *presence, *checks]
    replies = _ask(clip, _with_time(clip_views.views, event), questions, model, prompts, clip_views.notes)
    fine, coarse = decide(classes, replies[:2], taxonomy(clip.dataset))
    units = _units(questions[2:4], replies[2:4], presence, replies[4 : 4 + len(presence)])
    parts = {"fine class": fine, "coarse class": coarse, "action units": units}
    missing = [name for name, value in parts.items() if not value]
    errors = list(dict.fromkeys(reply.error for reply in replies[:4] if reply.error is not None))
    recognised = replace(
        event,
        action_units=tuple(ActionUnit(unit_number(name)) for name in units),
        fine=fine,
        coarse=coarse,
        error="; ".join(errors) or (f"no {' and no '.join(missing)} can be read in the replies" if missing else None),
        warnings=tuple(_of_event(text, event) for text in clip_views.warnings),
    )
    return recognised, _yes_probability(checks[0], replies[-1]) if check else None


def _of_event(warning: str, event: SpottedEvent) -> str:
    """Return a warning that a picture shows no motion with the event's frames, any other warning as it is."""
    return f"event at frames {event.onset}-{event.offset}: {warning}" if warning.startswith(NO_MOTION) else warning


def _question(clip: Clip, kind: str, *, plural: bool = False, action_unit: str | None = None) -> Question:
    """Return a question in its usual wording."""
    text = official_wordings(kind, plural=plural, action_unit=action_unit)[0]
    return Question("event", clip.id, text, kind, action_unit=action_unit, plural=plural, dataset=clip.dataset)


def _ask(
    clip: Clip,
    views: Sequence[View],
    questions: Sequence[Question],
    model: Model,
    prompts: PromptLibrary,
    notes: Sequence[str],
) -> list[Reply]:
    return model.ask(
        prompts.system(clip.dataset, (*clip.notes, *notes)),
        views,
        [prompts.request(question) for question in questions],
    )


def _with_time(views: Sequence[View], event: SpottedEvent) -> list[View]:
    """Return views whose first caption says at what time of the long video the event is."""
    times = f"An event of a longer video, from {event.onset_ms / 1000:.2f} s to {event.offset_ms / 1000:.2f} s."
    return [replace(view, caption=f"{times} {view.caption}") if not index else view for index, view in enumerate(views)]


def _units(
    list_questions: Sequence[Question], lists: Sequence[Reply], presence: Sequence[Question], replies: Sequence[Reply]
) -> tuple[str, ...]:
    """Return the units that lists and presence answers speak for, in the order of their numbers."""
    evidence = UnitEvidence()
    any_listed = False
    for question, reply in zip(list_questions, lists, strict=True):
        names = read_units(question, reply)
        if names:
            evidence.add_list(names, reply.confidence)
            any_listed = True
    if not any_listed:
        return ()
    for question, reply in zip(presence, replies, strict=True):
        answer = normalise(question, reply)
        if answer is not None:
            evidence.add_presence(question.action_unit or "", presence_probability(reply, answer))
    return in_order(evidence.likely_units(1, None))


def in_order(names: Sequence[str]) -> tuple[str, ...]:
    """Return official names of units in the order of their numbers, each once."""
    return tuple(sorted(set(names), key=unit_number))


def _yes_probability(question: Question, reply: Reply) -> float | None:
    """Return the probability of yes, None when there is no answer."""
    answer = normalise(question, reply)
    return None if answer is None else presence_probability(reply, answer)


def _combined_probability(score: float, at_event: float | None, at_rest: float | None) -> float:
    """Return the probability of an expression by the spotter and the model."""
    if at_event is None or at_rest is None:
        return score
    odds = _odds(score) + _odds(at_event) - _odds(at_rest)
    return 1 / (1 + math.exp(-odds))


def _odds(probability: float) -> float:
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))


def _longest_rest(spotting: Spotting) -> Event | None:
    """Return the middle of the longest time without an event as onset, apex and offset; None when it is too short."""
    edges = [(0.0, 0)]
    edges += [(event.offset_ms, event.offset) for event in spotting.events]
    starts = [(event.onset_ms, event.onset) for event in spotting.events]
    starts.append((spotting.seconds * 1000, spotting.frames - 1))
    gaps = [(start[0] - end[0], end, start) for end, start in zip(edges, starts, strict=True)]
    length, before, after = max(gaps, key=lambda gap: gap[0])
    if length < 2 * _REST_MS:
        return None
    per_ms = (after[1] - before[1]) / length
    onset = before[1] + round((length - _REST_MS) / 2 * per_ms)
    return Event(onset, onset + round(_REST_APEX_MS * per_ms), onset + round(_REST_MS * per_ms))

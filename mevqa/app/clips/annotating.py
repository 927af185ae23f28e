"""Corrections of a clip by the user, and the rows of an annotation table that are saved of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mevqa
from mevqa.app.clips.open_clip import OpenClip, coded_kind, kind_by_length, with_events
from mevqa.errors import MevqaError
from mevqa.facs import UNIT_NAMES, unit_number
from mevqa.questions.question_types import question_about

if TYPE_CHECKING:
    from mevqa import Event
    from mevqa.app.clips.asking import ModelAnswers

#: Seconds from the apex of an added event to its onset and its offset.
_REACH = 0.1
#: Name of the table of a session.
TABLE = "annotations.csv"
#: Choice of the kind by the length of the event, by the rule of the data set.
BY_LENGTH = "by its length"
#: Choices of the action units: label on the page, and the coder's notation.
UNIT_CHOICES: tuple[tuple[str, str], ...] = tuple(
    (f"AU{number} {name}{side}", f"{letter}{number}")
    for name in UNIT_NAMES
    for number in (unit_number(name),)
    for side, letter in (("", ""), (", left", "L"), (", right", "R"))
)


@dataclass(frozen=True, slots=True)
class Draft:
    """Content of the form for one event; the moments are those of the timeline.

    Attributes:
        units: Action units in the coder's notation (``4``, ``L12``).
        fine: Fine class; empty where it is not coded.
        coarse: Coarse class, likewise.
        kind: ``micro``, ``macro`` or ``BY_LENGTH``.
    """

    units: tuple[str, ...] = ()
    fine: str = ""
    coarse: str = ""
    kind: str = BY_LENGTH


def coded_draft(opened: OpenClip, event: Event | None) -> Draft:
    """Return the form with the codes of an event.

    Args:
        opened: The clip.
        event: The event; None: the form is empty.
    """
    if event is None:
        return Draft()
    kind = coded_kind(opened, event) or BY_LENGTH
    return Draft(tuple(map(str, event.action_units)), event.fine or "", event.coarse or "", kind)


def answered_draft(opened: OpenClip, model_answers: Sequence[ModelAnswers]) -> Draft:
    """Return the form with the units and classes that the first model answered.

    Raises:
        MevqaError: Nothing was asked about them.
    """
    values: dict[str, Any] = {}
    for first_model in model_answers[:1]:
        for text, answer in zip(first_model.questions, first_model.answers, strict=True):
            if answer is not None and answer.value is not None:
                values[question_about(opened.clip, 1, text).type] = answer.value
    units = values.get("au_list", ())
    draft = Draft(
        units=tuple(str(unit) for unit in units if isinstance(unit, int)),
        fine=str(values.get("fine", "")),
        coarse=str(values.get("coarse", "")),
    )
    if draft == Draft():
        raise MevqaError("ask for the action units, the coarse or the fine class first")
    return draft


def with_draft(opened: OpenClip, draft: Draft, at: int | None) -> OpenClip:
    """Return a clip with the content of the form as the codes of its event.

    Args:
        opened: The clip, with the moments of the timeline.
        draft: The form.
        at: Index of the event in a long video; None: no event is chosen.

    Raises:
        MevqaError: The form names a unit that does not exist, or the moments are not known.
    """
    try:
        units = mevqa.parse_units("+".join(draft.units))
    except ValueError as error:
        raise MevqaError(str(error)) from None
    if not opened.long:
        onset, apex, offset = opened.moments
        coded = _event(opened, mevqa.Event(onset, apex, offset), draft, units)
        return replace(opened, clip=replace(opened.clip, annotation=coded))
    if at is None or at >= len(opened.events):
        return opened
    events = list(opened.events)
    events[at] = _event(opened, events[at], draft, units)
    return replace(opened, events=tuple(events))


def with_event(opened: OpenClip, frame: int) -> tuple[OpenClip, int]:
    """Return a long video with one more event around a frame, and the place of that event.

    Args:
        opened: The long video.
        frame: Its apex; onset and offset are a tenth of a second away, to be moved from there.

    Raises:
        MevqaError: It is no long video.
    """
    if not opened.long or opened.frames < 3:
        raise MevqaError("events are added to long videos")
    reach = max(1, round(_REACH / opened.step)) if opened.step > 0 else 1
    apex = min(max(frame, 1), opened.frames - 2)
    event = mevqa.Event(max(apex - reach, 0), apex, min(apex + reach, opened.frames - 1))
    event = replace(event, kind=kind_by_length(opened, event))
    number = max(opened.event_numbers, default=-1) + 1
    added = with_events(opened, [*opened.events, event], [*opened.event_numbers, number])
    return added, added.event_numbers.index(number)


def without_event(opened: OpenClip, at: int | None) -> OpenClip:
    """Return a long video without one of its events.

    Raises:
        MevqaError: There is no such event.
    """
    if at is None or not 0 <= at < len(opened.events):
        raise MevqaError("choose an event first")
    events, numbers = list(opened.events), list(opened.event_numbers)
    del events[at], numbers[at]
    return with_events(opened, events, numbers)


def save_clip(opened: OpenClip, tables: Sequence[Path], subject: str, coder: str) -> bool:
    """Save the codes of a clip into annotation tables, and return whether one had rows of it before.

    Args:
        opened: The clip with its coded event, or the long video with its events.
        tables: The tables; each gets the same rows.
        subject: Subject in the video.
        coder: Name of the coder; may be empty.

    Raises:
        InputError: What is wrong with the annotation or with a table.
    """
    coded = opened.clip.annotation
    events = opened.events if opened.long else () if coded is None else (coded,)
    replaced = [
        mevqa.save_annotation(
            table,
            opened.clip.id,
            [_plain(event) for event in events],
            subject=subject or "",
            dataset=opened.clip.dataset,
            fps=opened.fps,
            frames=opened.frames,
            coder=coder,
        )
        for table in tables
    ]
    return any(replaced)


def saved_clip(opened: OpenClip, table: Path | None) -> OpenClip:
    """Return a clip with its moments, classes and subject of an annotation table.

    Args:
        opened: The clip.
        table: The table; None or missing: the clip stays as it is.

    Raises:
        InputError: The table cannot be read.
    """
    if table is None or not table.is_file():
        return opened
    labels = mevqa.read_annotations(table).find(opened.clip.id, long=opened.long)
    if labels is None:
        return opened
    clip = replace(opened.clip, subject=labels.subject or opened.clip.subject)
    if opened.long:
        return replace(opened, clip=clip, events=tuple(event for event in labels.events if event.interval is not None))
    return replace(opened, clip=replace(clip, annotation=labels.annotation))


def _event(opened: OpenClip, event: Event, draft: Draft, units: Any) -> Event:
    kind = draft.kind if draft.kind in ("micro", "macro") else kind_by_length(opened, event)
    fine, coarse = draft.fine or None, draft.coarse or None
    return mevqa.Event(event.onset, event.apex, event.offset, units, fine, coarse, kind)  # type: ignore[arg-type]


def _plain(event: Event) -> Event:
    """Return the codes of an event, without the measurements of a spotter."""
    units, fine, coarse = event.action_units, event.fine, event.coarse
    return mevqa.Event(event.onset, event.apex, event.offset, units, fine, coarse, event.kind)

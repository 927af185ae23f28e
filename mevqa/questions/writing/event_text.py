"""The surface form of answers about the events of a long video: intervals, descriptions and summaries, written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mevqa.events import Event, EventTimeline, Kind
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.writing.grammar import SEPARATOR
from mevqa.resources import TABLES
from mevqa.types import Question


class Description(StrictModel):
    """The pieces of the description of an event."""

    subject: str
    kind: str
    frames: str
    apex: str
    unit: str
    units: str
    classes: str
    fine: str
    coarse: str


class _Summary(StrictModel):
    counts: str
    event: str
    unit: str
    units: str
    classes: str
    fine: str
    coarse: str
    distinct_unit: str
    distinct_units: str
    no_unit: str
    prevailing: str
    tie: str
    no_class: str


class EventForms(StrictModel):
    """Content of ``tables/questions/event_forms.yaml``."""

    interval: str
    interval_of_kind: str
    none: str
    description: Description
    summary: _Summary


FORMS = read_yaml(TABLES / "questions" / "event_forms.yaml", EventForms)


def ordinal_text(number: int) -> str:
    """Return a number as it is written before an event: ``1st``, ``2nd``, ``3rd``, ``11th``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def event_name(kind: Kind | None) -> str:
    """Return what stands before "event": ``expression``, ``micro-expression`` or ``macro-expression``."""
    return "expression" if kind is None else f"{kind}-expression"


def spans_text(spans: Iterable[Event], *, kinds: bool) -> str:
    """Write a list of intervals, ``none`` without any.

    Args:
        spans: In the order of the answer.
        kinds: Whether each has its kind in brackets, where it is known.
    """
    texts = [
        FORMS.interval_of_kind.format(onset=span.onset, offset=span.offset, kind=span.kind)
        if kinds and span.kind is not None
        else FORMS.interval.format(onset=span.onset, offset=span.offset)
        for span in spans
    ]
    return SEPARATOR.join(texts) or FORMS.none


def description_wording(question: Question, *, plural: bool) -> str:
    """Return the sentences of a description that leaves nothing out, with their slots."""
    form = FORMS.description
    subject = form.subject.format(n=ordinal_text(question.ordinal or 1), event=event_name(question.kind))
    return f"{subject}{form.kind}{form.frames}{form.apex}. {form.units if plural else form.unit} {form.classes}"


def described_text(event: Event, ordinal: int, asked_kind: Kind | None) -> str | None:
    """Describe the n-th event in the fixed sentences; None when nothing is known about it.

    Args:
        event: What is known of it.
        ordinal: n.
        asked_kind: The kind among whose events it is the n-th; None among all. An event without a kind is of this one.
    """
    form = FORMS.description
    kind = event.kind or asked_kind
    statement = form.kind.format(kind=kind) if kind is not None else ""
    if event.onset is not None and event.offset is not None:
        statement += form.frames.format(onset=event.onset, offset=event.offset)
    if event.apex is not None:
        statement += form.apex.format(apex=event.apex)
    subject = form.subject.format(n=ordinal_text(ordinal), event=event_name(asked_kind))
    sentences = [f"{subject}{statement}."] if statement else []
    names = event.unit_names
    if names:
        sentences.append((form.unit if len(names) == 1 else form.units).format(units=SEPARATOR.join(names)))
    if classes := _classes(form, event.fine, event.coarse):
        sentences.append(classes if names else _without_reason(classes))
    return " ".join(sentences) or None


def _classes(form: Description | _Summary, fine: str | None, coarse: str | None) -> str:
    """Write the classes that are known, nothing without any."""
    if fine is not None and coarse is not None:
        return form.classes.format(fine=fine, coarse=coarse)
    if fine is not None:
        return form.fine.format(fine=fine)
    return form.coarse.format(coarse=coarse) if coarse is not None else ""


def _without_reason(sentence: str) -> str:
    """Return a sentence without "Therefore": there are no units that it would follow from."""
    rest = sentence.removeprefix("Therefore, ")
    return rest[:1].upper() + rest[1:]


def summary_text(timeline: EventTimeline) -> str:
    """Summarise the events of a video that were seen: their counts, each of them, and what follows from them."""
    events = timeline.seen
    kinds = [event.kind for event in events]
    counts = FORMS.summary.counts.format(
        all=_counted(len(events), "expression event"),
        micro=_counted(kinds.count("micro"), "micro-expression"),
        macro=_counted(kinds.count("macro"), "macro-expression"),
    )
    event_sentences = [_event_sentence(number, event, timeline.fps) for number, event in enumerate(events, 1)]
    return " ".join([counts, *event_sentences, _units_sentence(events), _class_sentence(events)])


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _event_sentence(number: int, event: Event, fps: float) -> str:
    form = FORMS.summary
    start, end = (f"{(frame or 0) / fps:.2f}" for frame in (event.onset, event.offset))
    text = form.event.format(n=number, start=start, end=end, kind=event.kind)
    if names := event.unit_names:
        text += (form.unit if len(names) == 1 else form.units).format(units=SEPARATOR.join(names))
    return f"{text}{_classes(form, event.fine, event.coarse)}."


def _units_sentence(events: Sequence[Event]) -> str:
    form = FORMS.summary
    names = Event(action_units=tuple(unit for event in events for unit in event.action_units)).unit_names
    if not names:
        return form.no_unit
    return (form.distinct_unit if len(names) == 1 else form.distinct_units).format(units=SEPARATOR.join(names))


def _class_sentence(events: Sequence[Event]) -> str:
    """Name the most frequent coarse class, of several the one that comes first in time, and the reason."""
    form = FORMS.summary
    classes = [event.coarse for event in events if event.coarse is not None]
    if not classes:
        return form.no_class
    counts = Counter(classes)
    (first, count), *others_counted = counts.most_common()
    others = " and ".join(name for name, number in others_counted if number == count)
    return form.prevailing.format(
        coarse=first,
        count=count,
        of="them" if len(classes) == len(events) else f"the {len(classes)} whose class is known",
        tie=form.tie.format(others=others) if others else "",
    )

"""The part of the page in which a clip is coded: units, classes, subject; saved as an annotation table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

import mevqa
from mevqa.app import rendering
from mevqa.app.clips.annotating import (
    BY_LENGTH,
    TABLE,
    UNIT_CHOICES,
    Draft,
    answered_draft,
    coded_draft,
    save_clip,
    with_draft,
    with_event,
    without_event,
)
from mevqa.app.clips.asking import ModelAnswers, stored_answers
from mevqa.app.clips.export import export_name, export_zip
from mevqa.app.clips.open_clip import OpenClip
from mevqa.app.components.download import download_value, make_download
from mevqa.app.sessions.session import Session
from mevqa.app.state import AppState
from mevqa.app.timeline.values import chosen_event, sought_frame, timeline_value
from mevqa.facs import COARSE_CLASSES

if TYPE_CHECKING:
    from mevqa.app.pages.parts import Parts

#: Updates of components, by component.
Updates = dict[Any, Any]


@dataclass(frozen=True)
class AnnotationParts:
    """The components of the form."""

    event: Any
    remove: Any
    units: Any
    fine: Any
    coarse: Any
    kind: Any
    subject: Any
    coder: Any
    take: Any
    save: Any
    table: Any
    export: Any
    download: Any
    message: Any

    @property
    def form(self) -> list[Any]:
        """Components of the fields of a ``Draft``, in its order."""
        return [self.units, self.fine, self.coarse, self.kind]


def make_annotation_parts() -> AnnotationParts:
    """Make the components inside an open ``gr.Blocks``."""
    with gr.Accordion("Correct and save as an annotation", open=False, elem_id="annotation"):
        with gr.Row():
            event = gr.Dropdown([], label="Event of the long video", visible=False, min_width=200, elem_id="event")
            remove = gr.Button("This is no event", visible=False, scale=0, min_width=180, elem_id="remove")
        units = gr.Dropdown(
            list(UNIT_CHOICES), label="Action units (type to search)", multiselect=True, elem_id="units"
        )
        with gr.Row():
            fine = gr.Dropdown(_fine_classes("unknown"), value="", label="Fine class", min_width=160, elem_id="fine")
            coarse = gr.Dropdown(["", *COARSE_CLASSES], value="", label="Coarse class", min_width=160, elem_id="coarse")
            kind = gr.Radio([BY_LENGTH, "micro", "macro"], value=BY_LENGTH, label="Kind", min_width=260, elem_id="kind")
        with gr.Row():
            subject = gr.Textbox(
                label="Subject (the person shown, e.g. s01)", max_lines=1, min_width=160, elem_id="subject"
            )
            coder = gr.Textbox(label="Coder (may stay empty)", max_lines=1, min_width=160, elem_id="coder")
        with gr.Row():
            take = gr.Button("Take over the answers", min_width=160, elem_id="take")
            save = gr.Button("Save", variant="primary", min_width=160, elem_id="save")
            table = gr.Button(f"Download {TABLE}", min_width=160, elem_id="table")
    message = gr.HTML(elem_id="saved")
    export = gr.Button("Export answers, pictures and annotation (zip)", elem_id="export")
    download = make_download("download")
    return AnnotationParts(
        event, remove, units, fine, coarse, kind, subject, coder, take, save, table, export, download, message
    )


class AnnotationPage:
    """Handlers of the form.

    Args:
        state: The running page.
        parts: The components of the page.
        form: Those of the form.
    """

    def __init__(self, state: AppState, parts: Parts, form: AnnotationParts) -> None:
        self._state, self._parts, self._form = state, parts, form

    def shown(self, request: gr.Request) -> Updates:
        """Fill the form with the codes of a clip that was opened."""

        def act(session: Session) -> Updates:
            opened = session.clip
            if not isinstance(opened, OpenClip):
                return {self._form.message: ""}  # Gradio takes an empty mapping for a value.
            # Nobody is named until it is known: the next clip may show another person.
            form, subject = self._form, opened.clip.subject or ""
            coded = opened.events[0] if opened.long and opened.events else opened.clip.annotation
            filled = self._filled(opened, coded_draft(opened, coded))
            return {form.subject: subject, form.message: "", **filled, **self._events(opened)}

        return self._do(request, act)

    def chosen(self, number: int | None, request: gr.Request) -> Updates:
        """Fill the form with the codes of another event of a long video."""

        def act(session: Session) -> Updates:
            opened = _needed(session)
            at = opened.place_of(number)
            return self._filled(opened, coded_draft(opened, None if at is None else opened.events[at]))

        return self._do(request, act)

    def moved(self, number: int | None, request: gr.Request) -> Updates:
        """List the events anew after one was moved, which may have another place and kind."""

        def act(session: Session) -> Updates:
            opened = session.clip
            if not isinstance(opened, OpenClip):
                return {self._form.message: ""}
            return self._events(opened, opened.place_of(number))

        return self._do(request, act)

    def removed(self, number: int | None, request: gr.Request) -> Updates:
        """Take an event out of a long video."""

        def act(session: Session) -> Updates:
            opened = _needed(session)
            opened = without_event(opened, opened.place_of(number))
            session.clip = opened
            first = coded_draft(opened, opened.events[0] if opened.events else None)
            message = rendering.status_html(text="The event was taken out; save to keep that.")
            updates = {self._form.message: message, self._parts.timeline: timeline_value(opened)}
            updates[self._parts.events] = rendering.events_html(opened)
            return {**updates, **self._filled(opened, first), **self._events(opened)}

        return self._do(request, act)

    def pressed(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Fill the form with the codes of the event that was chosen on the timeline."""

        def act(session: Session) -> Updates:
            opened = _needed(session)
            at = chosen_event(event._data, opened)
            number = opened.event_numbers[at]
            return {self._form.event: number, **self._filled(opened, coded_draft(opened, opened.events[at]))}

        return self._do(request, act)

    def added(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Add an event at the frame that the timeline shows."""

        def act(session: Session) -> Updates:
            opened = _needed(session)
            opened, at = with_event(opened, sought_frame(event._data, opened))
            session.clip = opened
            message = rendering.status_html(text="An event was added: move its moments, code it, and save.")
            updates = {self._form.message: message, self._parts.timeline: timeline_value(opened, added=at)}
            updates[self._parts.events] = rendering.events_html(opened)
            return {
                **updates,
                **self._filled(opened, coded_draft(opened, opened.events[at])),
                **self._events(opened, at),
            }

        return self._do(request, act)

    def taken_over(self, request: gr.Request) -> Updates:
        """Fill the form with the answers."""

        def act(session: Session) -> Updates:
            opened = _needed(session)
            return {
                self._form.message: "",
                **self._filled(opened, answered_draft(opened, self._answers(session, opened))),
            }

        return self._do(request, act)

    def saved(
        self,
        number: int | None,
        units: list[str] | None,
        fine: str | None,
        coarse: str | None,
        kind: str,
        subject: str,
        coder: str,
        dataset: str,
        request: gr.Request,
    ) -> Updates:
        """Save the codes."""

        def act(session: Session) -> Updates:
            draft = Draft(tuple(units or ()), fine or "", coarse or "", kind)
            opened = _in_dataset(_needed(session), dataset, subject)
            at = opened.place_of(number)
            coded = with_draft(opened, draft, at)
            session.folder.mkdir(parents=True, exist_ok=True)
            shared = self._state.settings.saved
            tables = [*([shared] if shared is not None else []), session.folder / TABLE]
            replaced = save_clip(coded, tables, subject, coder)
            session.clip = coded
            where = f" in {shared.name}" if shared is not None else f"; download {TABLE} to keep it"
            done = "Saved anew" if replaced else "Saved"
            message = rendering.status_html(text=f"{done}: {coded.clip.id}{where}.")
            return {self._form.message: message, **self._events(coded, at)}

        return self._do(request, act)

    def table(self, request: gr.Request) -> Updates:
        """Give the annotation table of the session to the browser."""

        def act(session: Session) -> Updates:
            content = _table_of(session)
            if content is None:
                raise mevqa.MevqaError("nothing was saved yet")
            return {self._form.download: download_value(TABLE, content)}

        return self._do(request, act)

    def exported(self, request: gr.Request) -> Updates:
        """Give everything about the clip to the browser as a zip."""

        def act(session: Session) -> Updates:
            opened = _needed(session)
            content = export_zip(opened, self._answers(session, opened), _table_of(session))
            return {self._form.download: download_value(export_name(opened), content)}

        return self._do(request, act)

    def _answers(self, session: Session, opened: OpenClip) -> list[ModelAnswers]:
        """Return the answers of the page, or else those of the run that the clip comes from."""
        return session.answers or stored_answers(opened.choice, self._state.library.answered_by)

    def _filled(self, opened: OpenClip, draft: Draft) -> Updates:
        form = self._form
        classes = list(dict.fromkeys([*_fine_classes(opened.clip.dataset), draft.fine]))
        fine = gr.update(choices=classes, value=draft.fine)
        return {form.units: list(draft.units), form.fine: fine, form.coarse: draft.coarse, form.kind: draft.kind}

    def _events(self, opened: OpenClip, at: int | None = None) -> Updates:
        """Return the updates of the choice of events for a clip."""
        numbers = opened.event_numbers
        choices = [(_event_label(opened, place), number) for place, number in enumerate(numbers)]
        chosen = numbers[at or 0] if numbers else None
        event = gr.update(choices=choices, value=chosen, visible=opened.long)
        return {self._form.event: event, self._form.remove: gr.update(visible=opened.long)}

    def _do(self, request: gr.Request, act: Callable[[Session], Updates]) -> Updates:
        """Return the updates of an action, or one line with its error."""
        session: Session | None = None
        try:
            session = self._state.session(request)
            return act(session)
        except Exception as error:
            return {self._form.message: rendering.status_html(error=self._state.explain(error, session))}


def _needed(session: Session) -> OpenClip:
    if not isinstance(session.clip, OpenClip):
        raise mevqa.MevqaError("open a video first")
    return session.clip


def _in_dataset(opened: OpenClip, dataset: str, subject: str) -> OpenClip:
    """Return a clip with its subject, and with the data set of the page unless it came with one of its own."""
    if opened.choice is not None and opened.clip.dataset != "unknown":
        dataset = opened.clip.dataset
    return replace(opened, clip=replace(opened.clip, dataset=dataset, subject=subject.strip() or None))


def _table_of(session: Session) -> bytes | None:
    table = session.folder / TABLE
    return table.read_bytes() if table.is_file() else None


def _fine_classes(dataset: str) -> list[str]:
    return ["", *mevqa.taxonomy(dataset).fine]


def _event_label(opened: OpenClip, at: int) -> str:
    event = opened.events[at]
    return f"{at + 1}: {event.kind} at {(event.apex or event.onset or 0) * opened.step:.2f} s"

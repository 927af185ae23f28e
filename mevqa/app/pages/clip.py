"""Handlers of the page for one clip: open it, find its expression or events, ask models about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

import mevqa
from mevqa.app import rendering
from mevqa.app.clips.annotating import saved_clip
from mevqa.app.clips.asking import ModelAnswers, read_typed, stored_answers
from mevqa.app.clips.library import Choice
from mevqa.app.clips.open_clip import (
    LENGTHS,
    OpenClip,
    find_expression,
    open_clip,
    set_event_moments,
    set_moments,
    spot_events,
)
from mevqa.app.components.comparison import comparison_value
from mevqa.app.pages.questions import suggested_questions
from mevqa.app.sessions.jobs import Report, StoppedError
from mevqa.app.sessions.session import Session
from mevqa.app.state import AppState
from mevqa.app.timeline.values import moved_moments, timeline_value

if TYPE_CHECKING:
    from mevqa.app.pages.parts import Parts

#: Updates of components, by component.
Updates = dict[Any, Any]


class ClipPage:
    """Handlers of the components of the page.

    Args:
        state: The running page.
        parts: Its components.
    """

    def __init__(self, state: AppState, parts: Parts) -> None:
        self._state, self._parts = state, parts

    def uploaded(self, upload: str | None, dataset: str, length: str, request: gr.Request) -> Iterator[Updates]:
        """Open an uploaded video and find its expression or its events."""

        def work(session: Session, report: Report) -> OpenClip:
            if upload is None:
                raise mevqa.MevqaError("choose a video first")
            report("Reading the video", 0, 0)
            session.clip = None
            taken = session.take(Path(upload))
            clip = mevqa.Clip(taken.stem, dataset, media=taken)
            try:
                session.clip = open_clip(clip, self._state.settings.limits, long=LENGTHS[length])
            except BaseException:
                session.forget_uploads()
                raise
            session.clip = saved_clip(session.clip, self._state.settings.saved)
            return self._look(session.clip, report)

        try:
            yield {self._parts.upload: None, **self._nothing(), self._parts.choice: None}
            yield from self._run(request, work, self._show_opened)
        finally:
            if upload is not None:
                self._state.sessions.uploads.discard(Path(upload))

    def chosen(self, number: int | None, length: str, request: gr.Request) -> Iterator[Updates]:
        """Open a clip of the list, with its questions and what a run answered to them."""
        if number is None:
            return
        choice = self._state.library.choices[number]
        texts = [question.text for question in choice.questions]
        questions = gr.CheckboxGroup(choices=texts, value=texts, visible=bool(texts))
        yield {**self._nothing(), self._parts.own: questions, self._parts.chosen: [] if texts else gr.skip()}

        def work(session: Session, report: Report) -> OpenClip:
            report(f"Reading {choice.clip.id}", 0, 0)
            session.clip = None
            session.choice = choice
            session.forget_uploads()
            session.clip = open_clip(
                choice.clip, self._state.settings.limits, long=LENGTHS[length], choice=choice, name=choice.clip.id
            )
            session.clip = saved_clip(session.clip, self._state.settings.saved)
            return self._look(session.clip, report)

        if choice.clip.media is None:
            yield from self._without_video(choice, request)
        else:
            yield from self._run(request, work, self._show_opened)

    def first(self, length: str, request: gr.Request) -> Iterator[Updates]:
        """Open the first clip that the page was started with."""
        if self._state.library.choices:
            yield from self.chosen(0, length, request)

    def moments_set(
        self, onset: float | None, apex: float | None, offset: float | None, request: gr.Request
    ) -> Iterator[Updates]:
        """Show the pictures of the moments that the user entered."""

        def work(session: Session, report: Report) -> OpenClip:
            return find_expression(set_moments(_needed(session), _frame(onset), _frame(apex), _frame(offset)), report)

        yield from self._run(request, work, self._show)

    def find_events(self, request: gr.Request) -> Iterator[Updates]:
        """Drop the moments that the user set and find the expression or the events again."""

        def work(session: Session, report: Report) -> OpenClip:
            return self._look(replace(_needed(session), user_moments=None, clip_views=None), report)

        yield from self._run(request, work, self._show)

    def moved(self, event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        """Show the moments that were dragged on the timeline: those of the clip, or of one event of a long video."""

        def work(session: Session, report: Report) -> OpenClip:
            opened = _needed(session)
            at, moments = moved_moments(event._data, opened)
            if at is not None:
                return set_event_moments(opened, at, *moments)
            return find_expression(set_moments(opened, *moments), report)

        yield from self._run(request, work, self._show)

    def asked(
        self,
        own: list[str],
        chosen: list[str],
        typed: str,
        dataset: str,
        models: list[str],
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Ask the chosen models."""

        def work(session: Session, report: Report) -> list[ModelAnswers]:
            opened = _needed(session)
            questions = read_typed(typed or "", [*(own or ()), *(chosen or ())], self._state.settings.limits)
            names = [name for name in self._state.models.names if name in (models or ())]
            if not names:
                raise mevqa.MevqaError("choose a model")
            if opened.choice is None or opened.clip.dataset == "unknown":
                opened = replace(opened, clip=replace(opened.clip, dataset=dataset))
            answers = self._state.models.ask(opened, questions, names, report)
            return [*answers, *stored_answers(opened.choice, self._state.library.answered_by, questions)]

        yield {self._parts.answers: ""}
        yield from self._run(request, work, self._show_answers)

    def stopped(self, request: gr.Request) -> None:
        """Stop the job of the page."""
        self._state.session(request).stop()

    def _look(self, opened: OpenClip, report: Report) -> OpenClip:
        return spot_events(opened, report) if opened.long else find_expression(opened, report)

    def _without_video(self, choice: Choice, request: gr.Request) -> Iterator[Updates]:
        """Show the answers of a run about a clip whose video is missing."""
        parts = self._parts
        try:
            session = self._state.session(request)
        except mevqa.MevqaError as error:
            yield {parts.status: rendering.status_html(error=self._state.explain(error))}
            return
        session.stop()
        session.clip, session.choice = None, choice
        message = f"{choice.clip.id} has no video here: give its folder with --media. What the run has is shown."
        yield {parts.status: rendering.status_html(text=message), parts.answers: self._stored(choice)}

    def _stored(self, choice: Choice | None) -> str:
        return rendering.answers_html(
            stored_answers(choice, self._state.library.answered_by), rendering.references_of(choice)
        )

    def _nothing(self) -> Updates:
        """Return the updates that clear the page."""
        parts = self._parts
        empty = dict.fromkeys([parts.clip, parts.pictures, parts.events, parts.answers], "")
        empty |= dict.fromkeys([parts.onset, parts.apex, parts.offset, parts.timeline, parts.comparison])
        return {**empty, parts.own: gr.CheckboxGroup(choices=[], value=[], visible=False)}

    def _show(self, session: Session, opened: OpenClip) -> Updates:
        session.clip, session.answers = opened, None
        parts = self._parts
        onset, apex, offset = opened.moments
        message = "The events are found; ask." if opened.spotted is not None else "Ready to ask."
        updates = {
            parts.status: rendering.status_html(text=message),
            parts.clip: rendering.clip_html(opened),
            parts.timeline: timeline_value(opened),
            parts.moments: gr.update(visible=not opened.long),
            parts.onset: onset,
            parts.apex: apex,
            parts.offset: offset,
            parts.comparison: comparison_value(opened),
            parts.pictures: rendering.pictures_html(opened),
            parts.events: rendering.events_html(opened),
            parts.answers: self._stored(opened.choice),
        }
        return updates

    def _show_opened(self, session: Session, opened: OpenClip) -> Updates:
        """Show a clip that was just opened, and suggest questions that fit a video of its kind."""
        updates = self._show(session, opened)
        if opened.choice is None or not opened.choice.questions:
            if opened.long != session.long:
                updates[self._parts.chosen] = suggested_questions(long=opened.long)
            session.long = opened.long
        return updates

    def _show_answers(self, session: Session, answers: list[ModelAnswers]) -> Updates:
        session.answers = answers
        references = rendering.references_of(session.clip.choice if session.clip is not None else None)
        return {
            self._parts.status: rendering.status_html(text="Answered."),
            self._parts.answers: rendering.answers_html(answers, references),
        }

    def _run(
        self,
        request: gr.Request,
        work: Callable[[Session, Report], Any],
        show: Callable[[Session, Any], Updates],
    ) -> Iterator[Updates]:
        """Run a job, show its progress, and then its result or one line with the error."""
        status = self._parts.status
        session: Session | None = None
        try:
            session = self._state.session(request)
            here, result = session, []  # type: ignore[var-annotated]
            for progress in self._state.work(here, lambda report: work(here, report), result):
                yield {status: rendering.status_html(progress)}
            yield show(here, result[0])
        except StoppedError as stopped:
            yield {status: rendering.status_html(text=self._state.explain(stopped))}
        except Exception as error:
            yield {status: rendering.status_html(error=self._state.explain(error, session))}


def _needed(session: Session) -> OpenClip:
    if session.clip is None:
        raise mevqa.MevqaError("open a video first")
    opened: OpenClip = session.clip
    return opened


def _frame(value: float | None) -> int | None:
    return None if value is None else round(value)

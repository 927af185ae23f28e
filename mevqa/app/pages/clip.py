"""The part of the page about one clip: open it, look at its expression, ask about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

import mevqa
from mevqa.app import rendering
from mevqa.app.asking import Asked, read_typed
from mevqa.app.jobs import Report, StoppedError
from mevqa.app.looking import LENGTHS, OpenClip, look, mark, open_clip, spot
from mevqa.app.sessions import Session
from mevqa.app.state import AppState

if TYPE_CHECKING:
    from mevqa.app.pages.parts import Parts

#: Updates of components, by component.
Updates = dict[Any, Any]


class ClipPage:
    """What happens when the components of the page are used.

    Args:
        state: The running page.
        parts: Its components.
    """

    def __init__(self, state: AppState, parts: Parts) -> None:
        self._state, self._parts = state, parts

    def opened(self, upload: str | None, dataset: str, length: str, request: gr.Request) -> Iterator[Updates]:
        """Open an uploaded video and look for its expression or its events."""

        def work(session: Session, report: Report) -> OpenClip:
            if upload is None:
                raise mevqa.MevqaError("choose a video first")
            report("Reading the video", 0, 0)
            taken = session.take(Path(upload))
            name = Path(upload).name
            clip = mevqa.Clip(Path(name).stem, dataset, media=taken)
            session.clip = None
            try:
                opened = open_clip(clip, self._state.settings.limits, name=name, long=LENGTHS[length])
            except BaseException:
                taken.unlink(missing_ok=True)
                raise
            session.clip = opened
            return spot(opened, report) if opened.long else look(opened, report)

        yield from self._run(request, work, self._show)

    def marked(
        self, onset: float | None, apex: float | None, offset: float | None, request: gr.Request
    ) -> Iterator[Updates]:
        """Look at the moments that the user set."""

        def work(session: Session, report: Report) -> OpenClip:
            return look(mark(_needed(session), _frame(onset), _frame(apex), _frame(offset)), report)

        yield from self._run(request, work, self._show)

    def found(self, request: gr.Request) -> Iterator[Updates]:
        """Forget what the user set and look for the expression again."""

        def work(session: Session, report: Report) -> OpenClip:
            return look(replace(_needed(session), marked=None, seen=None), report)

        yield from self._run(request, work, self._show)

    def asked(
        self, chosen: list[str], typed: str, dataset: str, models: list[str], request: gr.Request
    ) -> Iterator[Updates]:
        """Ask the chosen models."""

        def work(session: Session, report: Report) -> list[Asked]:
            opened = _needed(session)
            questions = read_typed(typed or "", chosen or [], self._state.settings.limits)
            names = [name for name in self._state.models.names if name in (models or ())]
            if not names:
                raise mevqa.MevqaError("choose a model")
            opened = replace(opened, clip=replace(opened.clip, dataset=dataset))
            return self._state.models.ask(opened, questions, names, report)

        yield from self._run(request, work, self._show_answers)

    def stopped(self, request: gr.Request) -> None:
        """Stop what is under way."""
        self._state.session(request).stop()

    def _show(self, session: Session, opened: OpenClip) -> Updates:
        session.clip, session.answers = opened, None
        parts = self._parts
        onset, apex, offset = opened.moments
        said = "Events were looked for." if opened.spotted is not None else "Ready to ask."
        return {
            parts.status: rendering.status_html(text=said),
            parts.clip: rendering.clip_html(opened),
            parts.onset: onset,
            parts.apex: apex,
            parts.offset: offset,
            parts.pictures: rendering.pictures_html(opened),
            parts.events: rendering.events_html(opened),
            parts.answers: "",
        }

    def _show_answers(self, session: Session, asked: list[Asked]) -> Updates:
        session.answers = asked
        return {
            self._parts.status: rendering.status_html(text="Answered."),
            self._parts.answers: rendering.answers_html(asked),
        }

    def _run(
        self,
        request: gr.Request,
        work: Callable[[Session, Report], Any],
        show: Callable[[Session, Any], Updates],
    ) -> Iterator[Updates]:
        """Do work, show how far it is, and then what came of it or one line about what is wrong."""
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

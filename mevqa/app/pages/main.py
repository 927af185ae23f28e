"""The whole page: its components and their handlers."""

from __future__ import annotations

from typing import Any

import gradio as gr

from mevqa.app.pages.annotation import AnnotationPage, make_annotation_parts
from mevqa.app.pages.clip import ClipPage
from mevqa.app.pages.parts import Parts, make_parts
from mevqa.app.state import AppState

#: One job at a time: it needs the whole machine.
_WORK: dict[str, Any] = {"concurrency_id": "work", "concurrency_limit": 1, "show_progress": "hidden"}
#: Quick handlers, which do not wait for jobs. Each is answered by itself: Gradio drops what its queue answers to the
#: second of two quick events where the stream of the first ends meanwhile (``Queue.clean_events``).
_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden"}


def build(state: AppState) -> gr.Blocks:
    """Return the page of a running app.

    Args:
        state: State that its handlers share.
    """
    with gr.Blocks(title="mevqa", analytics_enabled=False) as page:
        parts = make_parts(state.settings, state.library, state.models.names, state.frame)
        clip = ClipPage(state, parts)
        moments = [parts.onset, parts.apex, parts.offset]
        views = [parts.timeline, parts.comparison, parts.pictures, parts.events]
        outputs = [parts.status, parts.clip, parts.moments, *moments, *views, parts.answers, parts.own]
        uploaded = parts.upload.upload(
            clip.uploaded,
            [parts.upload, parts.dataset, parts.length],
            [*outputs, parts.upload, parts.choice, parts.chosen],
            **_WORK,
        )
        # "input" and not "change": the page itself empties the choice when a video is uploaded.
        chosen = parts.choice.input(clip.chosen, [parts.choice, parts.length], [*outputs, parts.chosen], **_WORK)
        opened = [uploaded, chosen]
        if state.library.choices:
            opened.append(page.load(clip.first, [parts.length], [*outputs, parts.chosen], **_WORK))
        moved = parts.timeline.moved(clip.moved, None, outputs, trigger_mode="always_last", **_WORK)
        parts.mark.click(clip.moments_set, moments, outputs, **_WORK)
        parts.find.click(clip.find_events, None, outputs, **_WORK)
        inputs = [parts.own, parts.chosen, parts.typed, parts.dataset, parts.models]
        parts.ask.click(clip.asked, inputs, [parts.status, parts.answers], **_WORK)
        parts.stop.click(clip.stopped, None, None, concurrency_limit=None, show_progress="hidden")
        _tie_annotation(state, parts, opened, moved)
        page.unload(_closing(state))
    page.queue(max_size=64, api_open=False)
    return page


def _tie_annotation(state: AppState, parts: Parts, opened: list[Any], moved: Any) -> None:
    """Make the form of annotations with its handlers.

    Args:
        state: State that the handlers share.
        parts: The components of the page.
        opened: The events after which another clip is open.
        moved: The event after which moments are others.
    """
    form = make_annotation_parts()
    annotation = AnnotationPage(state, parts, form)
    coded = [form.event, *form.form, form.subject, form.coder, parts.dataset]
    filled = [form.message, *form.form, form.event, form.remove]
    for event in opened:
        event.then(annotation.shown, None, [*filled, form.subject], **_QUICK)
    form.event.input(annotation.chosen, form.event, [form.message, *form.form], **_QUICK)
    edited = [*filled, parts.timeline, parts.events]
    form.remove.click(annotation.removed, form.event, edited, **_QUICK)
    moved.then(annotation.moved, form.event, [form.message, form.event, form.remove], **_QUICK)
    parts.timeline.chosen(annotation.pressed, None, [form.message, *form.form, form.event], **_QUICK)
    parts.timeline.added(annotation.added, None, edited, **_QUICK)
    form.take.click(annotation.taken_over, None, [form.message, *form.form], **_QUICK)
    form.save.click(annotation.saved, coded, [form.message, form.event, form.remove], **_QUICK)
    form.table.click(annotation.table, None, [form.message, form.download], **_QUICK)
    form.export.click(annotation.exported, None, [form.message, form.download], **_QUICK)


def _closing(state: AppState) -> Any:
    def close(request: gr.Request) -> None:
        state.close(request)

    return close

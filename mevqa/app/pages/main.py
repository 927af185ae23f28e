"""The whole page: its components tied to what they do."""

from __future__ import annotations

from typing import Any

import gradio as gr

from mevqa.app.pages.clip import ClipPage
from mevqa.app.pages.parts import make_parts
from mevqa.app.state import AppState

#: One piece of work at a time: it needs the whole machine.
_WORK: dict[str, Any] = {"concurrency_id": "work", "concurrency_limit": 1, "show_progress": "hidden"}


def build(state: AppState) -> gr.Blocks:
    """Return the page of a running app.

    Args:
        state: What its handlers share.
    """
    with gr.Blocks(title="mevqa", analytics_enabled=False) as page:
        parts = make_parts(state.settings, state.library, state.models.names)
        clip = ClipPage(state, parts)
        moments = [parts.onset, parts.apex, parts.offset]
        shown = [parts.status, parts.clip, *moments, parts.pictures, parts.events, parts.answers, parts.own]
        parts.upload.upload(
            clip.uploaded, [parts.upload, parts.dataset, parts.length], [*shown, parts.upload, parts.choice], **_WORK
        )
        # "input" and not "change": the page itself empties the choice when a video is uploaded.
        parts.choice.input(clip.chosen, [parts.choice, parts.length], [*shown, parts.chosen], **_WORK)
        if state.library.choices:
            page.load(clip.first, [parts.length], [*shown, parts.chosen], **_WORK)
        parts.mark.click(clip.marked, moments, shown, **_WORK)
        parts.find.click(clip.found, None, shown, **_WORK)
        asked = [parts.own, parts.chosen, parts.typed, parts.dataset, parts.models]
        parts.ask.click(clip.asked, asked, [parts.status, parts.answers], **_WORK)
        parts.stop.click(clip.stopped, None, None, queue=False, show_progress="hidden")
        page.unload(_closing(state))
    page.queue(max_size=64)
    return page


def _closing(state: AppState) -> Any:
    def close(request: gr.Request) -> None:
        state.close(request)

    return close

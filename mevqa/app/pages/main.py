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
        parts = make_parts(state.settings, state.models.names)
        clip = ClipPage(state, parts)
        moments = [parts.onset, parts.apex, parts.offset]
        shown = [parts.status, parts.clip, *moments, parts.pictures, parts.events, parts.answers]
        parts.upload.upload(clip.opened, [parts.upload, parts.dataset, parts.length], shown, **_WORK)
        parts.mark.click(clip.marked, moments, shown, **_WORK)
        parts.find.click(clip.found, None, shown, **_WORK)
        asked = [parts.chosen, parts.typed, parts.dataset, parts.models]
        parts.ask.click(clip.asked, asked, [parts.status, parts.answers], **_WORK)
        parts.stop.click(clip.stopped, None, None, queue=False, show_progress="hidden")
        page.unload(_closing(state))
    page.queue(max_size=64)
    return page


def _closing(state: AppState) -> Any:
    def close(request: gr.Request) -> None:
        state.close(request)

    return close

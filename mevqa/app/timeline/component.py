"""The timeline as a component of Gradio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent


def make_timeline(elem_id: str, read: Callable[[Any, Any], str | None]) -> Any:
    """Make the component inside an open ``gr.Blocks``.

    Its value is that of ``mevqa.app.timeline.values.timeline_value``, or None for nothing. Its events are
    ``moved`` (the user has set a moment, read by ``moved_moments``), ``chosen`` (an event of a long video, read by
    ``chosen_event``) and ``added`` (the shown frame is to become one, read by ``sought_frame``).

    Args:
        elem_id: Its id in the page.
        read: Returns a frame as a data URI, given the event data (``sought_frame``) and the cookies of the request;
            None where the video is not open any more.
    """

    def frame(event_data: Any, request: gr.Request) -> str | None:
        return read(event_data, request.cookies)

    return gr.HTML(
        None,
        html_template='<div class="mevqa-timeline" role="group" aria-label="timeline" hidden></div>',
        css_template=(_HERE / "timeline.css").read_text(encoding="utf-8"),
        js_on_load=(_HERE / "timeline.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        server_functions=[frame],
        elem_id=elem_id,
    )

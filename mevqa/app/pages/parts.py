"""The components of the page and their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

import mevqa
from mevqa.app.clips.library import Library
from mevqa.app.clips.open_clip import LENGTHS
from mevqa.app.components.comparison import make_comparison
from mevqa.app.pages.questions import offered_questions, suggested_questions
from mevqa.app.rendering import header_html
from mevqa.app.settings import AppSettings
from mevqa.app.timeline.component import make_timeline


@dataclass(frozen=True)
class Parts:
    """The components that handlers read and write."""

    upload: Any
    choice: Any
    dataset: Any
    length: Any
    status: Any
    stop: Any
    clip: Any
    timeline: Any
    moments: Any
    onset: Any
    apex: Any
    offset: Any
    mark: Any
    find: Any
    comparison: Any
    pictures: Any
    events: Any
    own: Any
    chosen: Any
    typed: Any
    models: Any
    ask: Any
    answers: Any


def make_parts(
    settings: AppSettings,
    library: Library,
    model_names: tuple[str, ...],
    read_frame: Callable[[Any, Any], str | None],
) -> Parts:
    """Make the components inside an open ``gr.Blocks``.

    Args:
        settings: Settings of the page.
        library: The clips that can be chosen.
        model_names: The models that can be asked.
        read_frame: Gives the timeline its pictures (``make_timeline``).
    """
    components: dict[str, Any] = {}
    gr.HTML(header_html(library))
    with gr.Row(elem_id="source"):
        _add_source(components, settings, library)
    with gr.Row(elem_id="status-row"):
        components["status"] = gr.HTML(elem_id="status")
        components["stop"] = gr.Button("Stop", size="sm", min_width=90, scale=0, elem_id="stop")
    components["clip"] = gr.HTML(elem_id="clip")
    components["timeline"] = make_timeline("timeline", read_frame)
    with gr.Row(elem_id="moments") as components["moments"]:
        for role in ("onset", "apex", "offset"):
            components[role] = gr.Number(
                label=f"{role.capitalize()} (frame)", precision=0, minimum=0, min_width=90, elem_id=role
            )
        with gr.Column(min_width=150):
            components["mark"] = gr.Button("Look at these", size="sm", elem_id="mark")
            components["find"] = gr.Button("Find them again", size="sm", elem_id="find")
    with gr.Row():
        with gr.Column(scale=1, min_width=260):
            components["comparison"] = make_comparison("comparison")
        with gr.Column(scale=2, min_width=280):
            components["pictures"] = gr.HTML(elem_id="pictures")
    components["events"] = gr.HTML(elem_id="events")
    _add_questions(components, model_names)
    components["answers"] = gr.HTML(elem_id="answers")
    return Parts(**components)


def _add_source(components: dict[str, Any], settings: AppSettings, library: Library) -> None:
    """Add the choice of the clip, and of its data set and length."""
    with gr.Column(scale=3, min_width=280):
        components["choice"] = gr.Dropdown(
            [(choice.label, number) for number, choice in enumerate(library.choices)],
            value=0 if library.choices else None,
            label=f"Clip ({len(library.choices)})",
            visible=bool(library.choices),
            elem_id="choice",
        )
        components["upload"] = gr.File(
            label="Video",
            file_types=["video"],
            type="filepath",
            elem_id="upload",
            height=150,
        )
    with gr.Column(scale=2, min_width=280):
        datasets = [(title, name) for name, title in mevqa.available("datasets").items()]
        components["dataset"] = gr.Dropdown(
            [("those of no data set", "unknown"), *datasets],
            value=settings.dataset,
            label="Classes that a model chooses from",
            elem_id="dataset",
        )
        components["length"] = gr.Radio(
            list(LENGTHS), value=next(iter(LENGTHS)), label="The video is taken for", elem_id="length"
        )


def _add_questions(components: dict[str, Any], model_names: tuple[str, ...]) -> None:
    """Add the questions and the models."""
    components["own"] = gr.CheckboxGroup([], label="Questions of the file", visible=False, elem_id="own")
    with gr.Row():
        with gr.Column(scale=3, min_width=280):
            components["chosen"] = gr.CheckboxGroup(
                offered_questions(),
                value=suggested_questions(long=False),
                label="Official questions",
                elem_id="questions",
            )
        with gr.Column(scale=2, min_width=280):
            components["typed"] = gr.Textbox(
                label="Your own questions, one a line",
                placeholder="Is the action unit brow lowerer shown on the face?",
                lines=3,
                elem_id="typed",
            )
            components["models"] = gr.CheckboxGroup(
                list(model_names),
                value=list(model_names),
                label="Who is asked",
                visible=len(model_names) > 1,
                elem_id="models",
            )
            components["ask"] = gr.Button("Ask", variant="primary", elem_id="ask")

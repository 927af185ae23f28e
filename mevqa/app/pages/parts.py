"""The components of the page and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

import mevqa
from mevqa.app.looking import LENGTHS
from mevqa.app.settings import AppSettings

#: Types of questions that are offered, in this order: those of the official files that need no name of a unit.
_OFFERED = ("coarse", "fine", "au_list", "combined", "analysis")
_OFFERED_LONG = ("count_all", "count_micro", "count_macro", "au_inventory")
_CHOSEN = ("coarse", "au_list")


@dataclass(frozen=True)
class Parts:
    """The components that handlers read and write."""

    upload: Any
    dataset: Any
    length: Any
    status: Any
    stop: Any
    clip: Any
    onset: Any
    apex: Any
    offset: Any
    mark: Any
    find: Any
    pictures: Any
    events: Any
    chosen: Any
    typed: Any
    models: Any
    ask: Any
    answers: Any


def make_parts(settings: AppSettings, model_names: tuple[str, ...]) -> Parts:
    """Make the components inside an open ``gr.Blocks``."""
    wordings = mevqa.available("questions")
    offered = [wordings[name] for name in (*_OFFERED, *_OFFERED_LONG)]
    datasets = [(title, name) for name, title in mevqa.available("datasets").items()]
    gr.HTML(
        "<h1>mevqa</h1><p>Ask a model about a facial micro-expression. An answer is a guess about a movement of "
        "the face, not about what a person feels: make no decision about a person with it.</p>"
    )
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            upload = gr.File(label="Video", file_types=["video"], type="filepath", elem_id="upload", height=140)
        with gr.Column(scale=1, min_width=240):
            dataset = gr.Dropdown(
                [("any data set", "unknown"), *datasets], value=settings.dataset, label="Whose classes are the options"
            )
            length = gr.Radio(list(LENGTHS), value=next(iter(LENGTHS)), label="The video holds")
    with gr.Row(elem_id="status-row"):
        status = gr.HTML(elem_id="status")
        stop = gr.Button("Stop", size="sm", min_width=80, scale=0, elem_id="stop")
    clip = gr.HTML(elem_id="clip")
    with gr.Group(elem_id="timeline"), gr.Row():
        onset = gr.Number(label="Onset (frame)", precision=0, minimum=0, min_width=90, elem_id="onset")
        apex = gr.Number(label="Apex (frame)", precision=0, minimum=0, min_width=90, elem_id="apex")
        offset = gr.Number(label="Offset (frame)", precision=0, minimum=0, min_width=90, elem_id="offset")
        mark = gr.Button("Look at these", size="sm", min_width=120, elem_id="mark")
        find = gr.Button("Find them again", size="sm", min_width=120, elem_id="find")
    pictures = gr.HTML(elem_id="pictures")
    events = gr.HTML(elem_id="events")
    chosen = gr.CheckboxGroup(
        offered, value=[wordings[name] for name in _CHOSEN], label="Official questions", elem_id="questions"
    )
    typed = gr.Textbox(label="Your own questions, one a line", lines=2, elem_id="typed")
    models = gr.CheckboxGroup(
        list(model_names),
        value=list(model_names),
        label="Asked models",
        visible=len(model_names) > 1,
        elem_id="models",
    )
    ask = gr.Button("Ask", variant="primary", elem_id="ask")
    answers = gr.HTML(elem_id="answers")
    return Parts(
        upload=upload,
        dataset=dataset,
        length=length,
        status=status,
        stop=stop,
        clip=clip,
        onset=onset,
        apex=apex,
        offset=offset,
        mark=mark,
        find=find,
        pictures=pictures,
        events=events,
        chosen=chosen,
        typed=typed,
        models=models,
        ask=ask,
        answers=answers,
    )

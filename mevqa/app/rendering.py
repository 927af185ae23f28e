"""HTML of the page's parts; every text in it is escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.app.clips.asking import ModelAnswers
from mevqa.app.clips.open_clip import OpenClip
from mevqa.app.sessions.jobs import Progress

if TYPE_CHECKING:
    from PIL.Image import Image

    from mevqa import Event
    from mevqa.app.clips.library import Choice, Library

_WEB = Path(__file__).parent / "web"
#: Views whose colours are measurements: they are compressed without loss.
_EXACT = frozenset({"motion", "motion-centred"})
#: Most units shown of those that the spotter proposes for an event.
_CANDIDATES = 3


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_WEB), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["unit_names"] = _unit_names
    environment.filters["percent"] = lambda share: f"{share:.0%}" if share is not None else ""
    return environment


def _unit_names(event: Event) -> list[str]:
    """Return the units of an event: those that are coded, or the likeliest that the spotter proposes."""
    candidates = [candidate.unit for candidate in getattr(event, "units", ())]
    units = event.action_units or candidates[:_CANDIDATES]
    return [f"AU{unit.number} {unit.name}{f' ({unit.side})' if unit.side else ''}" for unit in units]


def _render(name: str, **values: Any) -> str:
    return str(_environment().get_template(name).render(**values))


def data_uri(image: Image, *, exact: bool = False) -> str:
    """Return a picture as a data URI, so that no file is written that others could request."""
    buffer = io.BytesIO()
    if exact:
        image.save(buffer, "PNG")
    else:
        image.convert("RGB").save(buffer, "JPEG", quality=88)
    kind = "png" if exact else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def header_html(library: Library) -> str:
    """Return the head of the page."""
    return _render("header.html.j2", library=library)


def status_html(progress: Progress | None = None, *, text: str = "", error: str = "") -> str:
    """Return the status line: progress, a message or an error."""
    return _render("status.html.j2", progress=progress, text=text, error=error)


def clip_html(opened: OpenClip | None) -> str:
    """Return name, length and frame rate of a clip."""
    return _render("clip.html.j2", opened=opened)


def pictures_html(opened: OpenClip | None) -> str:
    """Return the pictures of a clip's expression."""
    return _render("pictures.html.j2", opened=opened, exact=_EXACT)


def events_html(opened: OpenClip | None) -> str:
    """Return the events of a long video."""
    return _render("events.html.j2", opened=opened)


def references_of(choice: Choice | None) -> dict[str, str]:
    """Return the right answers of a question file about a clip, by the text of the question."""
    questions = choice.questions if choice is not None else ()
    return {question.text: question.reference for question in questions if question.reference is not None}


def answers_html(model_answers: Sequence[ModelAnswers], references: Mapping[str, str] | None = None) -> str:
    """Return the answers of models, beside one another.

    Args:
        model_answers: Answers of each model to the same questions.
        references: Right answers of a question file, by the text of the question.
    """
    return _render("answers.html.j2", asked=model_answers, references=references or {}, exact=_EXACT)

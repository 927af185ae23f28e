"""What the answers of a served model will cost, from a few prompts that its server counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mevqa.errors import InputError, MediaError, ModelError, Problem
from mevqa.inference.answering.clips import remaining
from mevqa.inference.answering.run import Answerer
from mevqa.inference.evaluation import Plan
from mevqa.inference.runs import open_run
from mevqa.models.base import Model
from mevqa.models.registry import answers_here
from mevqa.questions.question_types import asks_long_video
from mevqa.types import Clip, Question, Request, View

if TYPE_CHECKING:
    from mevqa.video.views.render import ClipViews

#: Clips whose prompts the server counts.
_MEASURED = 3


@runtime_checkable
class CountsTokens(Protocol):
    """A model whose server counts the tokens of prompts."""

    def count_tokens(self, system: str, views: Sequence[View], text: str) -> int:
        """Return the tokens of one prompt."""
        ...

    def longest_answer(self, request: Request) -> int:
        """Return the bound on the tokens that are written for a request."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """Requests, pictures and tokens that a run still needs.

    Attributes:
        clips: Clips with questions that are not answered.
        questions: All questions about them, which are asked together.
        measured: Clips whose prompts the server counted; the others are taken to be alike.
        requests: Requests to the server.
        pictures: Pictures that are sent, once with each request.
        picture_tokens: Their tokens.
        prompt_tokens: Tokens of all prompts, pictures included.
        written_tokens: Most tokens that are written.
        not_counted: Questions about long videos, which are asked about each event that is found in them.
    """

    clips: int
    questions: int
    measured: int
    requests: int
    pictures: int
    picture_tokens: int
    prompt_tokens: int
    written_tokens: int
    not_counted: int


def check_is_served(model: str | Model) -> None:
    """Refuse a model that no server answers for, as far as its name tells, before anything is loaded.

    Raises:
        ModelError: There is no such model, or it answers here.
    """
    if isinstance(model, str) and answers_here(model):
        raise _not_served(model)


def _not_served(name: str) -> ModelError:
    return ModelError(f"--estimate is for served models (openai:NAME); {name} costs nothing")


def estimate(work: Plan, answerer: Answerer, run: Path | None = None) -> Estimate:
    """Estimate the tokens of a run that is not answered yet, or in part.

    The server counts two prompts of each of the first clips, with pictures and without; the tokens of other texts are
    taken to be in proportion to their characters.

    Args:
        work: The plan.
        answerer: The model with its prompts and views.
        run: The run folder, where there may be one.

    Raises:
        ModelError: The model is not served, or its server does not count tokens.
        InputError: None of the first clips can be looked at.
    """
    model = answerer.model
    if not isinstance(model, CountsTokens) or not hasattr(model, "meter"):
        raise _not_served(model.name)
    answered = open_run(run).answers if run is not None and (run / "manifest.json").is_file() else {}
    groups = remaining(work, answered)
    by_events = answerer.view_config.lvqa != "model"
    short = {
        clip_id: [question for question in group if not (by_events and asks_long_video(question))]
        for clip_id, group in groups.items()
    }
    counted = {clip_id: group for clip_id, group in short.items() if group}
    pictures = texts = characters = picture_count = measured = note_characters = 0
    failures: list[str] = []
    for clip_id, group in counted.items():
        if measured == _MEASURED:
            break
        try:
            clip_views = _clip_views(work, answerer, work.clips[clip_id], group)
        except (MediaError, InputError, OSError) as error:
            failures.append(str(error))
            continue
        views, clip = clip_views.views, work.clips[clip_id]
        system = answerer.prompts.system(clip.dataset, (*clip.notes, *clip_views.notes))
        note_characters = max(note_characters, sum(len(note) + 2 for note in clip_views.notes))
        text = answerer.prompts.request(group[0]).text
        alone = model.count_tokens(system, [], text)
        pictures += model.count_tokens(system, views, text) - alone
        texts += alone
        characters += len(system) + len(text)
        picture_count += len(views)
        measured += 1
    if counted and not measured:
        raise InputError([Problem("--estimate", f"no clip can be looked at: {failures[0]}")])
    requests = [
        (work.clips[clip], answerer.prompts.request(question)) for clip, group in counted.items() for question in group
    ]
    written_tokens = sum(model.longest_answer(request) for _, request in requests)
    length = sum(
        len(answerer.prompts.system(clip.dataset, clip.notes)) + note_characters + len(request.text)
        for clip, request in requests
    )
    of_pictures = round(pictures * len(requests) / measured) if measured else 0
    return Estimate(
        len(counted),
        len(requests),
        measured,
        len(requests),
        round(picture_count * len(counted) / measured) if measured else 0,
        of_pictures,
        of_pictures + (round(texts * length / characters) if measured else 0),
        written_tokens,
        sum(map(len, groups.values())) - len(requests),
    )


def _clip_views(work: Plan, answerer: Answerer, clip: Clip, questions: Sequence[Question]) -> ClipViews:
    """Return the views of a clip that are sent."""
    drawn_by = work.prepared or answerer.view_config
    return drawn_by.render(clip, long_video=asks_long_video(questions[0]))

"""What the answers of a served model will cost, from a few prompts that its server counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from mevqa.errors import InputError, MediaError, MevqaError, ModelError, Problem
from mevqa.inference.answering.clips import Groups, remaining
from mevqa.inference.evaluation import Plan
from mevqa.inference.loading import Answerer, AskOptions
from mevqa.inference.runs import open_run
from mevqa.models.registry import answers_here
from mevqa.questions.question_types import asks_long_video
from mevqa.types import Clip, Question, Request, View

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
        pictures: Pictures of the clips; each is sent with every request about what it shows.
        picture_tokens: Their tokens in all prompts.
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


@dataclass(frozen=True, slots=True)
class _Look:
    """A clip and the questions that are asked on one look at it: as a short clip, or as a long video."""

    clip: Clip
    questions: Sequence[Question]
    long_video: bool


@dataclass(frozen=True, slots=True)
class _Prompts:
    """Estimated prompts of looks of one kind; the fields are those of ``Estimate``."""

    measured: frozenset[str]
    pictures: int
    picture_tokens: int
    text_tokens: int
    written_tokens: int


def check_can_estimate(asking: AskOptions) -> None:
    """Refuse what ``estimate`` would refuse, as far as the options tell, before anything is loaded.

    Raises:
        ModelError: There is no such model, or it answers here.
        MevqaError: Shots or several samples are asked for.
    """
    _refuse_shots_and_samples(asking.shots is not None or asking.loading.samples > 1)
    if isinstance(asking.model, str) and answers_here(asking.model):
        raise _not_served(asking.model)


def _refuse_shots_and_samples(asked_for: bool) -> None:
    if asked_for:
        raise MevqaError("--estimate counts neither shots nor samples: leave --shots and --samples out of it")


def _not_served(name: str) -> ModelError:
    return ModelError(f"--estimate is for served models (openai:NAME); {name} costs nothing")


def estimate(work: Plan, answerer: Answerer, run: Path | None = None) -> Estimate:
    """Estimate the tokens of a run that is not answered yet, or in part.

    The server counts two prompts of each of the first clips, with pictures and without; the tokens of other texts are
    taken to be in proportion to their characters. Where the model answers questions about long videos alone, it looks
    at other pictures for them: the first of these videos are counted besides.

    Args:
        work: The plan.
        answerer: The model with its prompts and views.
        run: The run folder, where there may be one.

    Raises:
        ModelError: The model is not served, or its server does not count tokens.
        InputError: None of the first clips can be looked at.
        MevqaError: Shots are shown or several samples are drawn, which are not counted.
    """
    model = answerer.model
    _refuse_shots_and_samples(answerer.shots is not None or answerer.sampling is not None)
    if not isinstance(model, CountsTokens) or not hasattr(model, "meter"):
        raise _not_served(model.name)
    answered = open_run(run).answers if run is not None and (run / "manifest.json").is_file() else {}
    groups = remaining(work, answered)
    looks = list(_looks(work, groups, by_events=answerer.view_config.lvqa != "model"))
    by_kind = [[look for look in looks if look.long_video == long_video] for long_video in (False, True)]
    prompts = [_prompts(work, answerer, model, kind) for kind in by_kind if kind]
    requests = sum(len(look.questions) for look in looks)
    picture_tokens = sum(part.picture_tokens for part in prompts)
    return Estimate(
        clips=len({look.clip.id for look in looks}),
        questions=requests,
        measured=len(frozenset().union(*(part.measured for part in prompts))),
        requests=requests,
        pictures=sum(part.pictures for part in prompts),
        picture_tokens=picture_tokens,
        prompt_tokens=picture_tokens + sum(part.text_tokens for part in prompts),
        written_tokens=sum(part.written_tokens for part in prompts),
        not_counted=sum(map(len, groups.values())) - requests,
    )


def _looks(work: Plan, groups: Groups, *, by_events: bool) -> Iterator[_Look]:
    """Yield the looks at clips that requests are sent for, as ``answer_clip`` takes them."""
    for clip_id, group in groups.items():
        for long_video in (False,) if by_events else (False, True):
            questions = [question for question in group if asks_long_video(question) == long_video]
            if questions:
                yield _Look(work.clips[clip_id], questions, long_video)


def _prompts(work: Plan, answerer: Answerer, model: CountsTokens, looks: Sequence[_Look]) -> _Prompts:
    """Estimate the prompts of looks of one kind from the first of them.

    Raises:
        ModelError: The server does not count tokens.
        InputError: None of the clips can be looked at.
    """
    prompts = answerer.prompts
    measured: list[str] = []
    picture_tokens = text_tokens = characters = pictures = note_characters = 0
    failures: list[str] = []
    for look in looks:
        if len(measured) == _MEASURED:
            break
        try:
            clip_views = (work.prepared or answerer.view_config).render(look.clip, long_video=look.long_video)
        except (MediaError, InputError, OSError) as error:
            failures.append(str(error))
            continue
        system = prompts.system(look.clip.dataset, (*look.clip.notes, *clip_views.notes))
        note_characters = max(note_characters, sum(len(note) + 2 for note in clip_views.notes))
        text = prompts.request(look.questions[0]).text
        without_pictures = model.count_tokens(system, [], text)
        picture_tokens += model.count_tokens(system, clip_views.views, text) - without_pictures
        text_tokens += without_pictures
        characters += len(system) + len(text)
        pictures += len(clip_views.views)
        measured.append(look.clip.id)
    if not measured:
        raise InputError([Problem("--estimate", f"no clip can be looked at: {failures[0]}")])
    requests = [(look.clip, prompts.request(question)) for look in looks for question in look.questions]
    length = sum(
        len(prompts.system(clip.dataset, clip.notes)) + note_characters + len(request.text)
        for clip, request in requests
    )
    return _Prompts(
        frozenset(measured),
        round(pictures * len(looks) / len(measured)),
        round(picture_tokens * len(requests) / len(measured)),
        round(text_tokens * length / characters),
        sum(model.longest_answer(request) for _, request in requests),
    )

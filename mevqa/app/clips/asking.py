"""The models of the page, loaded once and asked one after the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import mevqa
from mevqa.app.clips.library import Choice
from mevqa.app.clips.open_clip import OpenClip
from mevqa.app.sessions.jobs import Report
from mevqa.app.settings import AppSettings, Limits
from mevqa.errors import MevqaError
from mevqa.inference.loading import load_answerer
from mevqa.questions.question_types import question_about
from mevqa.safe_text import shared_name

if TYPE_CHECKING:
    from mevqa import Answer, Clip, ViewConfig
    from mevqa.inference.loading import Answerer
    from mevqa.video.views.render import ClipViews


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """Answers of one model to the questions about a clip.

    Attributes:
        model: Name of the model.
        questions: Texts of the questions.
        answers: The answers, in order; None for a question that it was not asked.
        clip_views: Pictures of a short clip that the model was shown; None where they are not known.
        long_video: Result of the analysis of a long video, where a question needed it.
    """

    model: str
    questions: tuple[str, ...]
    answers: tuple[Answer | None, ...]
    clip_views: ClipViews | None = None
    long_video: Any = None


class PageModels:
    """The models that the page was started with; each is loaded at its first question.

    Args:
        settings: Names and adapters of the models.
    """

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._named = {model_label(settings.model, settings.adapter): (settings.model, settings.adapter)}
        second = settings.second_model
        if second is not None:
            label = model_label(*second)
            # Folders of several places may have one name.
            self._named[f"{label} (2)" if label in self._named else label] = second
        self._loaded: dict[str, Answerer] = {}
        # A model answers one question after the other, whoever asks.
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(self._named)

    def ask(
        self, opened: OpenClip, questions: Sequence[str], names: Sequence[str], report: Report
    ) -> list[ModelAnswers]:
        """Ask models about a clip.

        Args:
            opened: The clip.
            questions: Texts of the questions.
            names: Names of the models to ask.
            report: Called with the progress.

        Raises:
            MevqaError: A model cannot be loaded, or the video cannot be read.
        """
        answers = []
        for name in names:
            report(f"Waiting for {name}", 0, 0)
            with self._lock:
                ready = self._ready(name, report)
                many = f"{len(questions)} questions" if len(questions) > 1 else "1 question"
                report(f"{name} answers {many}", 0, 0)
                clip = replace(opened.clip, annotation=opened.user_moments or opened.clip.annotation)
                result = mevqa.answer_clip(
                    clip,
                    [question_about(clip, number, text) for number, text in enumerate(questions, 1)],
                    ready.model,
                    ready.prompts,
                    ready.view_config,
                    drawn_by=_KnownExpression(opened, ready.view_config),
                    progress=lambda done, total: report("Looking for events: frames", done, total),
                )
            answers.append(
                ModelAnswers(name, tuple(questions), tuple(result.answers), result.clip_views, result.long_video)
            )
        return answers

    def _ready(self, name: str, report: Report) -> Answerer:
        if name not in self._loaded:
            report(f"Loading {name}", 0, 0)
            model, adapter = self._named[name]
            chosen = self._settings
            options = mevqa.ModelOptions(adapter=adapter, device=chosen.device, dtype=chosen.dtype)
            self._loaded[name] = load_answerer(mevqa.AskOptions(model, options))
        return self._loaded[name]


@dataclass(frozen=True, slots=True)
class _KnownExpression:
    """Renders the views of a clip whose expression was found before, without finding it again.

    The moments are not passed as an annotation: views and warnings are those of ``mevqa.ask`` for the same video.

    Attributes:
        opened: The clip.
        view_config: Which views the model is shown.
    """

    opened: OpenClip
    view_config: ViewConfig

    def render(self, clip: Clip, *, long_video: bool) -> ClipViews:
        """Return the views of the clip."""
        found_views, config = self.opened.clip_views, self.view_config
        if long_video or found_views is None or found_views.localisation is None:
            return config.render(clip, long_video=long_video)
        return mevqa.render_clip(
            clip,
            views=config.views,
            sampler=config.sampler,
            face=config.face,
            frames=config.frames,
            stride=config.stride,
            localisation=found_views.localisation,
        )


def stored_answers(choice: Choice | None, model: str, questions: Sequence[str] | None = None) -> list[ModelAnswers]:
    """Return the answers of a run about a clip; nothing where it has none.

    Args:
        choice: The clip in the list of the run.
        model: Name of the run's model.
        questions: Texts of the questions; None for all that the run has of the clip.
    """
    if choice is None or not choice.answers:
        return []
    by_text = {question.text: choice.answers.get(question.id) for question in choice.questions}
    texts = tuple(by_text) if questions is None else tuple(questions)
    answers = tuple(by_text.get(text) for text in texts)
    return [ModelAnswers(f"{model} in the run", texts, answers)] if any(answers) else []


def model_label(model: str, adapter: str | None) -> str:
    """Return the name of a model with its adapter on the page."""
    return shared_name(model) + (f" + {shared_name(adapter)}" if adapter else "")


def read_typed(text: str, chosen: Sequence[str], limits: Limits) -> list[str]:
    """Return the questions that were chosen and typed, each once.

    Args:
        text: One question a line.
        chosen: Questions chosen of the lists.
        limits: Largest number and length.

    Raises:
        MevqaError: There are none, too many, or one is too long.
    """
    lines = [" ".join(line.split()) for line in text.splitlines()]
    questions = list(dict.fromkeys(question for question in (*chosen, *lines) if question))
    if not questions:
        raise MevqaError("choose a question or write one")
    if len(questions) > limits.questions:
        raise MevqaError(f"these are {len(questions)} questions, and {limits.questions} is the most at once")
    long = next((question for question in questions if len(question) > limits.characters), None)
    if long is not None:
        raise MevqaError(f"a question of {len(long)} characters is too long: {limits.characters} is the most")
    return questions

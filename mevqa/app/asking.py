"""The models of the page, loaded once and asked one after the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mevqa
from mevqa.app.jobs import Report
from mevqa.app.looking import OpenClip
from mevqa.app.settings import AppSettings, Limits
from mevqa.errors import MevqaError
from mevqa.safe_text import shared_name

if TYPE_CHECKING:
    from mevqa import ClipAnswers, Model


@dataclass(frozen=True, slots=True)
class Asked:
    """What one model answered.

    Attributes:
        model: What it is called.
        questions: What was asked.
        result: The answers, in order, and what the model saw.
    """

    model: str
    questions: tuple[str, ...]
    result: ClipAnswers


class AskedModels:
    """The models that the page was started with; a model is loaded when it is first asked.

    Args:
        settings: Names and adapters.
    """

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._named = {model_label(settings.model, settings.adapter): (settings.model, settings.adapter)}
        if settings.compare is not None or settings.compare_adapter is not None:
            second = settings.compare or settings.model, settings.compare_adapter
            self._named[model_label(*second)] = second
        self._loaded: dict[str, Model] = {}
        # A model answers one question after the other, whoever asks.
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(self._named)

    def ask(self, opened: OpenClip, questions: Sequence[str], names: Sequence[str], report: Report) -> list[Asked]:
        """Ask models about a clip.

        Args:
            opened: The clip.
            questions: What is asked.
            names: Which models.
            report: Told how far it is.

        Raises:
            MevqaError: A model cannot be loaded, or the video cannot be read.
        """
        answers = []
        for name in names:
            report(f"Waiting for {name}", 0, 0)
            with self._lock:
                model = self._model(name, report)
                many = f"{len(questions)} questions" if len(questions) > 1 else "1 question"
                report(f"{name} answers {many}", 0, 0)
                onset, apex, offset = _moments(opened)
                result = mevqa.ask(
                    opened.path,
                    list(questions),
                    model,
                    dataset=opened.clip.dataset,
                    fps=opened.clip.fps,
                    onset=onset,
                    apex=apex,
                    offset=offset,
                    subject=opened.clip.subject,
                    progress=lambda done, total: report("Looking for events: frames", done, total),
                )
            answers.append(Asked(name, tuple(questions), result))
        return answers

    def _model(self, name: str, report: Report) -> Model:
        if name not in self._loaded:
            report(f"Loading {name}", 0, 0)
            model, adapter = self._named[name]
            chosen = self._settings
            options = mevqa.ModelOptions(adapter=adapter, device=chosen.device, dtype=chosen.dtype)
            self._loaded[name] = mevqa.load_model(model, options)
        return self._loaded[name]


def model_label(model: str, adapter: str | None) -> str:
    """Return what a model with its adapter is called on the page."""
    return shared_name(model) + (f" + {shared_name(adapter)}" if adapter else "")


def read_typed(text: str, chosen: Sequence[str], limits: Limits) -> list[str]:
    """Return the questions that were chosen and typed, each once.

    Args:
        text: One question a line.
        chosen: Official ones.
        limits: How many and how long.

    Raises:
        MevqaError: There are none, too many, or one is too long.
    """
    lines = [" ".join(line.split()) for line in text.splitlines()]
    questions = list(dict.fromkeys(one for one in (*chosen, *lines) if one))
    if not questions:
        raise MevqaError("choose a question or write one")
    if len(questions) > limits.questions:
        raise MevqaError(f"these are {len(questions)} questions, and {limits.questions} is the most at once")
    long = next((one for one in questions if len(one) > limits.characters), None)
    if long is not None:
        raise MevqaError(f"a question of {len(long)} characters is too long: {limits.characters} is the most")
    return questions


def _moments(opened: OpenClip) -> tuple[int | None, int | None, int | None]:
    """Return the moments that a model is told; none where it shall look for them itself.

    A clip without motion is measured anew, because what is found there must not pass for coded.
    """
    if opened.seen is not None and opened.seen.stillness is not None and opened.marked is None:
        known = opened.clip.annotation
        return (known.onset, known.apex, known.offset) if known is not None else (None, None, None)
    return opened.moments

"""Comparison of two models' answers to the same questions about the same pictures: the largest difference, in nats.

A difference is one of natural log-probabilities, in nats. Between two replies it is the largest of

* the differences of each option's log-probability, for a closed question;
* the difference of the whole answer's log-probability, for a written answer in the same words;
* the margin of the second model's own answer over the first model's, where the words differ: the log-odds of the two
  at the token where they part. Two answers that are nearly as likely may change places by rounding alone, two that
  are not must not.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.errors import ModelError
from mevqa.inference.engine import answer_clip
from mevqa.inference.evaluation import Plan, plan
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Model
from mevqa.models.mock import MockModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.questions.writing.grammar import Choices
from mevqa.types import Question, Reply, Request, View

#: Seed of the built-in sample's clips, and their frame size in px: small, for the faces are aligned and scaled anyway.
_SEED, _SIZE = 11, (160, 160)


@dataclass(frozen=True, slots=True)
class Scene:
    """Input of a model for one clip: system text, pictures and questions.

    Attributes:
        clip_id: The clip.
        system: The common system text.
        views: The clip's pictures.
        questions: The questions.
        requests: Their wording, in order.
    """

    clip_id: str
    system: str
    views: tuple[View, ...]
    questions: tuple[Question, ...]
    requests: tuple[Request, ...]

    def ask(self, model: Model) -> list[Reply]:
        """Return a model's replies."""
        return model.ask(self.system, self.views, self.requests)


@contextmanager
def synthetic_sample(clips: int) -> Iterator[Plan]:
    """Render a few synthetic clips, with the official questions of MEGC 2025 and 2026 about each, for a while.

    Args:
        clips: Number of clips; each shows another person.

    Yields:
        The plan; the clips are gone afterwards.
    """
    from mevqa.synthetic.writer import synthesise

    with tempfile.TemporaryDirectory(prefix="mevqa-sample-") as folder:
        sample = synthesise(Path(folder) / "clips", clips, _SEED, subjects=clips, size=_SIZE)
        work = plan([sample.train, sample.more["v2_to_answer"]], sample.media, annotations=sample.annotations)
        distinct = {clip: tuple({q.text: q for q in group}.values()) for clip, group in work.questions.items()}
        yield replace(work, questions=distinct)


def make_scenes(work: Plan, prompts: PromptLibrary, view_config: ViewConfig) -> list[Scene]:
    """Return the input of a model for each clip; a clip with questions about moments and about the whole gives two.

    Raises:
        ModelError: A clip cannot be looked at.
    """
    alone = replace(view_config, lvqa="model")  # The model itself is asked, also about long videos.
    scenes = []
    for clip_id, questions in work.questions.items():
        for long_video in (False, True):
            group = tuple(question for question in questions if asks_long_video(question) == long_video)
            if not group:
                continue
            listener = MockModel(lambda request: Reply("", error="not asked yet"))
            result = answer_clip(work.clips[clip_id], group, listener, prompts, alone, consistency=False)
            if not listener.calls:
                raise ModelError(f"clip {clip_id} cannot be looked at: {result.answers[0].error}")
            call = listener.calls[0]
            scenes.append(Scene(clip_id, call.system, call.views, group, call.requests))
    return scenes


def agreement(
    scenes: Sequence[Scene], before: Sequence[Sequence[Reply]], after: Sequence[Sequence[Reply]], second: Model
) -> tuple[float, str, int]:
    """Compare two models' replies.

    Args:
        scenes: What both were asked.
        before: The first model's replies to each scene.
        after: The second model's.
        second: The second model; it is asked again where it writes other words than the first.

    Returns:
        The largest difference, in nats, infinite where only one of the two has an answer; the question and clip that it
        is at; and the number of questions that were compared.

    Raises:
        ModelError: The first model has no answer at all, so that nothing can be compared.
    """
    worst, where, count = 0.0, "", 0
    for scene, first_replies, second_replies in zip(scenes, before, after, strict=True):
        compared = zip(scene.questions, scene.requests, first_replies, second_replies, strict=True)
        for question, request, first_reply, second_reply in compared:
            if first_reply.error is not None and second_reply.error is not None:
                continue
            count += 1
            apart = _reply_difference(first_reply, second_reply)
            if not math.isinf(apart) and first_reply.text != second_reply.text:
                apart = max(apart, _margin(second, scene, request, first_reply, second_reply))
            if apart > worst or not where:
                worst, where = apart, f"{question.text!r} about the clip {scene.clip_id}"
    if not count:
        error = before[0][0].error if before else "there is none"
        raise ModelError(f"no question of the sample is answered ({error}), so nothing can be compared")
    return worst, where, count


def _reply_difference(first: Reply, second: Reply) -> float:
    """Return the difference of two replies in nats, without the margin between answers in different words."""
    if first.error is not None or second.error is not None:
        return math.inf
    pairs: list[tuple[float, float]] = []
    if first.options and second.options:
        pairs = [(value, second.options[option]) for option, value in first.options.items()]
    elif first.text == second.text and first.confidence is not None and second.confidence is not None:
        pairs = [(first.confidence, second.confidence)]
    if any(math.isnan(value) for pair in pairs for value in pair):
        return math.inf
    return max((abs(_log(a) - _log(b)) for a, b in pairs), default=0.0)


def _margin(model: Model, scene: Scene, request: Request, first_reply: Reply, own_reply: Reply) -> float:
    """Return by how many nats ``model`` prefers its own reply to the first model's."""
    if own_reply.options:
        return _log(own_reply.options[own_reply.text]) - _log(own_reply.options[first_reply.text])
    pair = replace(request, options=(), grammar=Choices((own_reply.text, first_reply.text)))
    (reply,) = replace(scene, requests=(pair,)).ask(model)
    if reply.error is not None or reply.confidence is None:
        return math.inf
    if reply.text != own_reply.text:
        return 0.0
    return _log(reply.confidence) - _log(1 - reply.confidence)


def _log(probability: float) -> float:
    """Return the logarithm of a probability; one too small for a float is taken for the smallest."""
    return math.log(max(probability, sys.float_info.min))

"""The engine: all questions about one clip, answered together on one look at it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from mevqa.datasets import taxonomy
from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.system_errors import problem_of
from mevqa.inference.consistency.class_table import ClassTable
from mevqa.inference.consistency.clip import decide
from mevqa.inference.sampling import Sampling, ask_sampled, share_of
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Model, TakesShots, model_for_clip
from mevqa.questions.answers import normalise, read_answer
from mevqa.questions.prior import prior_confidence, prior_options
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video, question_type
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.questions.values import answer_value
from mevqa.types import Answer, Clip, Question, Reply, Request, Shot, Value

if TYPE_CHECKING:
    from mevqa.inference.long_videos.analysis import LongVideoResult
    from mevqa.video.views.render import ClipViews

#: Returns the answers' texts in the official form, None for a reply that holds none.
_TextsOf: TypeAlias = Callable[[Sequence[Question], Sequence[Reply]], Sequence[str | None]]

#: Characters of an unusable reply that its error shows.
_SHOWN = 160


class DrawsViews(Protocol):
    """Anything that gives the views of a clip: a ``ViewConfig``, a prepared benchmark, a cache, other processes."""

    def render(self, clip: Clip, *, long_video: bool) -> ClipViews:
        """Return the views of a clip, as ``ViewConfig.render`` does."""
        ...


class ShowsShots(Protocol):
    """Anything that gives the answered clips that are shown before a clip (``ShotSource``)."""

    def of(self, clip: Clip, questions: Sequence[Question], clip_views: ClipViews) -> tuple[Shot, ...]:
        """Return the answered clips that are shown before a clip."""
        ...


@dataclass(frozen=True, slots=True)
class ClipAnswers:
    """Answers to all questions about one clip, and what the model saw.

    Attributes:
        answers: One a question, in order.
        clip_views: What the model saw; None when the clip could not be looked at, or was watched as a long video.
        long_video: What was found in a long video, where that was asked for.
        thinking: Whether and how the model thinks before an answer; empty for one that cannot.
    """

    answers: list[Answer]
    clip_views: ClipViews | None
    long_video: LongVideoResult | None = None
    thinking: str = ""


def answer_clip(
    clip: Clip,
    questions: Sequence[Question],
    model: Model,
    prompts: PromptLibrary,
    view_config: ViewConfig,
    *,
    consistency: bool = True,
    class_table: ClassTable | None = None,
    progress: Callable[[int, int], None] | None = None,
    drawn_by: DrawsViews | None = None,
    shots: ShowsShots | None = None,
    sampling: Sampling | None = None,
) -> ClipAnswers:
    """Answer all questions about one clip.

    Args:
        clip: The clip.
        questions: Questions about this clip.
        model: Who is asked.
        prompts: The prompt library.
        view_config: Which views are made and how.
        consistency: Decide the answers together, so that the fine class implies the coarse class and so on. Answers
            about the events of a long video come from one list of events and are consistent in any case.
        class_table: How units make the fine classes of data sets, which then decides with the model; not without
            ``consistency``, and not about the events of long videos.
        progress: Called with frames done and frames in all while events are spotted in a long video.
        drawn_by: What gives the clip's pictures; None: ``view_config`` itself.
        shots: What gives the answered clips that are shown before; questions about long videos are asked without.
        sampling: How several answers are drawn to each question; None: the likeliest is taken. Events that are found in
            a long video are recognised without chance.

    Returns:
        One answer a question, in order; a clip that cannot be read gives answers with ``error``, never a guess.

    Raises:
        ValueError: A question is about another clip.
    """
    unknown_ids = [question.id for question in questions if question.clip_id != clip.id]
    if unknown_ids:
        raise ValueError(f"questions about another clip than {clip.id}: {', '.join(unknown_ids)}")
    model = model_for_clip(model, clip)
    clip_class_table = None if class_table is None else class_table.for_clip(clip)
    texts_of = functools.partial(_texts, dataset=clip.dataset, consistency=consistency, class_table=clip_class_table)
    long_questions = [question for question in questions if asks_long_video(question)]
    short_questions = [question for question in questions if not asks_long_video(question)]
    by_id: dict[str, Answer] = {}
    first_views: ClipViews | None = None
    long_video: LongVideoResult | None = None
    for group, about_long in ((short_questions, False), (long_questions, True)):
        if not group:
            continue
        started = time.perf_counter()
        try:
            if about_long and view_config.lvqa != "model":
                long_video, answers = _answer_from_events(clip, group, model, prompts, view_config, progress)
            else:
                clip_views = (drawn_by or view_config).render(clip, long_video=about_long)
                first_views = first_views or clip_views
                clip_shots = () if shots is None or about_long else shots.of(clip, group, clip_views)
                answers = _ask(group, clip_views, model, prompts, clip, texts_of, clip_shots, sampling)
        except (MediaError, InputError, OSError) as error:
            reason = problem_of(error, clip.media or clip.id) if isinstance(error, OSError) else error
            by_id.update((q.id, Answer(question_id=q.id, text="", error=str(reason))) for q in group)
            continue
        share = (time.perf_counter() - started) / len(group)
        by_id.update(
            (answer.question_id, replace(answer, seconds=round(share, 4), value=_value(question, answer)))
            for question, answer in zip(group, answers, strict=True)
        )
    answers = [by_id[question.id] for question in questions]
    return ClipAnswers(answers, first_views, long_video, getattr(model, "thinking", ""))


def _value(question: Question, answer: Answer) -> Value | None:
    """Return an answer as a typed value; None for one that is a text in free words."""
    return None if question_type(question.type).whole_text else answer_value(question, answer)


def _answer_from_events(
    clip: Clip,
    questions: Sequence[Question],
    model: Model,
    prompts: PromptLibrary,
    view_config: ViewConfig,
    progress: Callable[[int, int], None] | None,
) -> tuple[LongVideoResult, list[Answer]]:
    """Find the events of a long video and answer from them."""
    from mevqa.inference.long_videos.analysis import analyse_long_video, answer_from

    if clip.media is None:
        message = f"clip {clip.id} has no video in which events could be found; give --media, or --lvqa model"
        raise InputError([Problem("--media", message)])
    long_video = analyse_long_video(clip, view_config.lvqa, model, prompts, view_config, progress=progress)
    return long_video, answer_from(long_video, questions)


def _ask(
    questions: Sequence[Question],
    clip_views: ClipViews,
    model: Model,
    prompts: PromptLibrary,
    clip: Clip,
    texts_of: _TextsOf,
    shots: tuple[Shot, ...],
    sampling: Sampling | None,
) -> list[Answer]:
    """Ask the model and turn its replies into answers in the official surface form."""
    system = prompts.system(clip.dataset, (*clip.notes, *clip_views.notes))
    requests = [prompts.request(question) for question in questions]

    def ask(requests: list[Request]) -> list[Reply]:
        if shots:
            assert isinstance(model, TakesShots)
            return model.ask(system, clip_views.views, requests, shots=shots)
        return model.ask(system, clip_views.views, requests)

    replies = ask(requests) if sampling is None else ask_sampled(ask, questions, requests, sampling)
    answers = _read(questions, replies, texts_of, clip_views.warnings)
    answers = [replace(answer, shots=tuple(shot.clip_id for shot in shots)) for answer in answers] if shots else answers
    if clip_views.stillness is None:
        return answers
    return [_with_prior_confidence(question, answer) for question, answer in zip(questions, answers, strict=True)]


def read_replies(
    questions: Sequence[Question], replies: Sequence[Reply], dataset: str, *, consistency: bool
) -> list[Answer]:
    """Return answers from what was replied to the questions about one clip.

    Args:
        questions: The questions.
        replies: One a question, in order.
        dataset: The clip's data set, whose classes count.
        consistency: Decide the answers together.
    """
    answers = _read(questions, replies, functools.partial(_texts, dataset=dataset, consistency=consistency), ())
    return [
        replace(answer, value=_value(question, answer)) for question, answer in zip(questions, answers, strict=True)
    ]


def _read(
    questions: Sequence[Question], replies: Sequence[Reply], texts_of: _TextsOf, warnings: tuple[str, ...]
) -> list[Answer]:
    """Turn replies into answers in the official surface form."""
    return [
        write_answer(question, reply, text, warnings)
        for question, reply, text in zip(questions, replies, texts_of(questions, replies), strict=True)
    ]


def _texts(
    questions: Sequence[Question],
    replies: Sequence[Reply],
    *,
    dataset: str,
    consistency: bool,
    class_table: ClassTable | None = None,
) -> Sequence[str | None]:
    """Return the answers' texts, decided together or each on its own; None where a reply holds no answer."""
    if consistency:
        return decide(questions, replies, taxonomy(dataset), class_table)
    return [None if r.error else normalise(q, r) for q, r in zip(questions, replies, strict=True)]


def _with_prior_confidence(question: Question, answer: Answer) -> Answer:
    """Return an answer from pictures that show no motion, with the confidence and options of the data set's prior."""
    options = prior_options(question, list(answer.options)) if answer.options is not None else None
    if options is not None and answer.text in options:
        return replace(answer, options=options, confidence=options[answer.text])
    prior = prior_confidence(question)
    if prior is not None and answer.confidence is not None:
        prior = min(prior, answer.confidence)
    return replace(answer, options=options, confidence=prior if answer.text else None)


def write_answer(question: Question, reply: Reply, text: str | None, warnings: tuple[str, ...]) -> Answer:
    """Return the answer to one question; a reply without usable text is an error that keeps what was written.

    Args:
        question: What was asked.
        reply: What the model said.
        text: The decided answer in the official form; None where the reply holds none.
        warnings: What a reader of the answer should know.
    """
    if reply.error is not None:
        return Answer(
            question.id, "", error=reply.error, warnings=warnings, thought=reply.thought, samples=reply.samples
        )
    if not text:
        reading = read_answer(question, reply.text, truncated=reply.truncated)
        unusable = reading.unusable or "unreadable"
        return Answer(
            question_id=question.id,
            text="",
            raw=reply.text,
            error=f"{UNUSABLE_MEANING[unusable]}: {shortened(reply.text)}",
            warnings=warnings,
            truncated=reply.truncated,
            unusable=unusable,
            thought=reply.thought,
            samples=reply.samples,
        )
    confidence = reply.options.get(text, reply.confidence) if reply.options is not None else reply.confidence
    if reply.samples:  # Agreement; of an answer that was decided otherwise the share of samples that say it.
        confidence = reply.confidence if text == reply.text else share_of(text, reply.samples)
    return Answer(
        question_id=question.id,
        text=text,
        raw=reply.text if reply.text != text else None,
        options=reply.options,
        confidence=confidence,
        warnings=warnings,
        thought=reply.thought,
        samples=reply.samples,
    )


def shortened(text: str) -> str:
    """Return a text in quotes, of a long one the end, where the answer would stand."""
    quoted = repr(text)
    return quoted if len(quoted) <= _SHOWN else "..." + quoted[3 - _SHOWN :]

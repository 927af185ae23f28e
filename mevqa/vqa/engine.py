"""The engine: all questions about one clip, answered together on one look at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mevqa.errors import InputError, MediaError, Problem
from mevqa.facs import taxonomy
from mevqa.files.system_errors import problem_of
from mevqa.models.protocol import Model, Preferences, Reply
from mevqa.questions.reading import UNUSABLE_MEANING, read_answer
from mevqa.records import LONG_VIDEO_TYPES, Answer, Clip, Question
from mevqa.vqa.consistency import decide
from mevqa.vqa.prior import prior_confidence, prior_options
from mevqa.vqa.prompts import PromptLibrary
from mevqa.vqa.surface import normalise

if TYPE_CHECKING:
    from mevqa.spotting.events import Rule
    from mevqa.spotting.spotter import SpotOptions
    from mevqa.video.face import FaceMode
    from mevqa.video.look import Look
    from mevqa.vqa.long_video import LongVideoWay, Watched

#: Moments of a long video when the model itself looks at the whole of it.
LONG_VIDEO_FRAMES = 8
#: Characters of an unusable reply that its error shows.
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Looking:
    """How clips are looked at.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        face: Face detection mode (``auto``, ``haar``, ``mediapipe``, ``none``).
        frames: Frames of the sampler's window, or of the whole clip for ``uniform``.
        stride: Distance of neighbouring frames of a window.
        long_views: Names of the views for questions about a whole long video that the model answers alone.
        long_sampler: Sampling strategy for them.
        long_frames: As ``frames``, for them.
        lvqa: Who answers questions about long videos: ``hybrid`` (the spotter finds the events, the model looks at
            each), ``spotter`` or ``model``.
        rule: How micro- and macro-expressions are told apart; None: as the data set was coded.
        spotter: Other options of the spotter; its own rule is not used.
    """

    views: tuple[str, ...]
    sampler: str = "oao"
    face: FaceMode = "auto"
    frames: int = 3
    stride: int = 1
    long_views: tuple[str, ...] = ("frames",)
    long_sampler: str = "uniform"
    long_frames: int = LONG_VIDEO_FRAMES
    lvqa: LongVideoWay = "hybrid"
    rule: Rule | None = None
    spotter: SpotOptions | None = None

    @classmethod
    def preferred(
        cls,
        preferences: Preferences,
        views: Sequence[str] | None = None,
        sampler: str | None = None,
        face: FaceMode = "auto",
        frames: int = 3,
        stride: int = 1,
        lvqa: LongVideoWay = "hybrid",
        rule: Rule | None = None,
        spotter: SpotOptions | None = None,
        *,
        long_frames: int = LONG_VIDEO_FRAMES,
    ) -> Looking:
        """Return the user's choice where there is one and the model's preference elsewhere."""
        # A model that asks for one kind of picture only (a motion map) cannot read anything else.
        single = len(preferences.views) == 1
        return cls(
            views=tuple(views or preferences.views),
            sampler=sampler or preferences.sampler,
            face=face,
            frames=frames,
            stride=stride,
            long_views=tuple(views or (preferences.views if single else ("frames",))),
            long_sampler=sampler or (preferences.sampler if single else "uniform"),
            long_frames=long_frames,
            lvqa=lvqa,
            rule=rule,
            spotter=spotter,
        )


@dataclass(frozen=True, slots=True)
class ClipAnswers:
    """What came of one clip.

    Attributes:
        answers: One a question, in order.
        look: What the model saw; None when the clip could not be looked at, or was watched as a long video.
        watched: What was found in a long video, where that was asked for.
    """

    answers: list[Answer]
    look: Look | None
    watched: Watched | None = None


def answer_clip(
    clip: Clip,
    questions: Sequence[Question],
    model: Model,
    prompts: PromptLibrary,
    looking: Looking,
    *,
    consistency: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> ClipAnswers:
    """Answer all questions about one clip.

    Args:
        clip: The clip.
        questions: Questions about this clip.
        model: Who is asked.
        prompts: The prompt library.
        looking: Which views are made and how.
        consistency: Decide the answers together, so that the fine class implies the coarse class and so on. Answers
            about the events of a long video come from one list of events and are consistent in any case.
        progress: Called with frames done and frames in all while events are spotted in a long video.

    Returns:
        One answer a question, in order; a clip that cannot be read gives answers with ``error``, never a guess.

    Raises:
        ValueError: A question is about another clip.
    """
    strangers = [question.id for question in questions if question.clip_id != clip.id]
    if strangers:
        raise ValueError(f"questions about another clip than {clip.id}: {', '.join(strangers)}")
    long_questions = [question for question in questions if question.type in LONG_VIDEO_TYPES]
    short_questions = [question for question in questions if question.type not in LONG_VIDEO_TYPES]
    by_id: dict[str, Answer] = {}
    seen: Look | None = None
    watched: Watched | None = None
    for group, is_long in ((short_questions, False), (long_questions, True)):
        if not group:
            continue
        started = time.perf_counter()
        try:
            if is_long and looking.lvqa != "model":
                watched, answers = _watch(clip, group, model, prompts, looking, progress)
            else:
                look = _look(clip, looking, is_long)
                seen = seen or look
                answers = _ask(group, look, model, prompts, clip.dataset, consistency)
        except (MediaError, InputError, OSError) as error:
            said = problem_of(error, clip.media or clip.id) if isinstance(error, OSError) else error
            by_id.update((q.id, Answer(question_id=q.id, text="", error=str(said))) for q in group)
            continue
        share = (time.perf_counter() - started) / len(group)
        by_id.update((answer.question_id, replace(answer, seconds=round(share, 4))) for answer in answers)
    return ClipAnswers([by_id[question.id] for question in questions], seen, watched)


def _watch(
    clip: Clip,
    questions: Sequence[Question],
    model: Model,
    prompts: PromptLibrary,
    looking: Looking,
    progress: Callable[[int, int], None] | None,
) -> tuple[Watched, list[Answer]]:
    """Find the events of a long video and answer from them."""
    from mevqa.vqa.long_video import answer_from, watch

    if clip.media is None:
        message = f"clip {clip.id} has no video in which events could be found; give --media, or --lvqa model"
        raise InputError([Problem("--media", message)])
    watched = watch(clip, looking.lvqa, model, prompts, looking, progress=progress)
    return watched, answer_from(watched, questions)


def _look(clip: Clip, looking: Looking, is_long: bool) -> Look:
    """Look at the clip as its kind of question wants it."""
    from mevqa.video.look import look

    return look(
        clip,
        views=looking.long_views if is_long else looking.views,
        sampler=looking.long_sampler if is_long else looking.sampler,
        face=looking.face,
        frames=looking.long_frames if is_long and looking.long_sampler == "uniform" else looking.frames,
        stride=looking.stride,
    )


def _ask(
    questions: Sequence[Question],
    look: Look,
    model: Model,
    prompts: PromptLibrary,
    dataset: str,
    consistency: bool,
) -> list[Answer]:
    """Ask the model and turn its replies into answers in the official surface form."""
    replies = model.ask(prompts.system(dataset), look.views, [prompts.request(question) for question in questions])
    texts: list[str | None]
    if consistency:
        texts = list(decide(questions, replies, taxonomy(dataset)))
    else:
        texts = [None if r.error else normalise(q, r) for q, r in zip(questions, replies, strict=True)]
    answers = [
        _answer(question, reply, text, look.warnings)
        for question, reply, text in zip(questions, replies, texts, strict=True)
    ]
    if look.stillness is None:
        return answers
    return [_without_sight(question, answer) for question, answer in zip(questions, answers, strict=True)]


def _without_sight(question: Question, answer: Answer) -> Answer:
    """Return an answer from pictures that show no motion, with the confidence and options of the data set's prior."""
    options = prior_options(question, list(answer.options)) if answer.options is not None else None
    if options is not None and answer.text in options:
        return replace(answer, options=options, confidence=options[answer.text])
    prior = prior_confidence(question)
    if prior is not None and answer.confidence is not None:
        prior = min(prior, answer.confidence)
    return replace(answer, options=options, confidence=prior if answer.text else None)


def _answer(question: Question, reply: Reply, text: str | None, warnings: tuple[str, ...]) -> Answer:
    """Return the answer to one question; a reply without usable text is an error that keeps what was written."""
    if reply.error is not None:
        return Answer(question_id=question.id, text="", error=reply.error, warnings=warnings)
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
        )
    confidence = reply.options.get(text, reply.confidence) if reply.options is not None else reply.confidence
    return Answer(
        question_id=question.id,
        text=text,
        raw=reply.text if reply.text != text else None,
        options=reply.options,
        confidence=confidence,
        warnings=warnings,
    )


def shortened(text: str) -> str:
    """Return a text in quotes, of a long one the end, where the answer would stand."""
    whole = repr(text)
    return whole if len(whole) <= _SHOWN else "..." + whole[3 - _SHOWN :]

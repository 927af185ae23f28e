"""The clips that a recipe trains on: question files with answers, checked before a model is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.data.media import PICTURE_ALIASES
from mevqa.errors import InputError, Problem
from mevqa.inference.evaluation import Plan, merged, plan, plan_prepared
from mevqa.inference.prepared import is_prepared
from mevqa.questions.answers import normalise
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.training.recipes.recipe import Recipe
from mevqa.training.recipes.recogniser import RecogniserRecipe
from mevqa.types import Clip, Question, Reply


@dataclass(frozen=True)
class TrainingClip:
    """A clip with its answered questions.

    Attributes:
        clip: The clip.
        questions: Its questions; the reference of each is the answer that the model shall give.
    """

    clip: Clip
    questions: tuple[Question, ...]

    def label(self, level: str) -> str | None:
        """Return its ``coarse`` or ``fine`` class from its questions, or else from its annotation."""
        references = [question.reference for question in self.questions if question.type == level]
        return references[0] if references else getattr(self.clip.annotation, level, None)


def read_clips(recipe: Recipe | RecogniserRecipe) -> Plan:
    """Find the clips of a recipe's question files, each with its media, annotations and pictures, or those prepared.

    Raises:
        InputError: Every problem of all files together; no question file.
    """
    if not recipe.questions:
        raise InputError(
            [
                Problem(
                    "questions",
                    "no question file is named: questions=FILE,... (of a label file alone: mevqa convert LABELS FILE)",
                )
            ]
        )
    if any(is_prepared(Path(name)) for name in recipe.questions):
        return _prepared_clips(recipe)
    plans: list[Plan] = []
    problems: list[Problem] = []
    for number, name in enumerate(recipe.questions):
        pictures = {
            PICTURE_ALIASES.get(view, view): Path(folder)
            for view, folders in recipe.precomputed.items()
            if (folder := _nth(folders, number)) is not None
        }
        media, annotations = (_nth(places, number) for places in (recipe.media, recipe.annotations))
        if not media and not pictures:
            problems.append(Problem("media", f"says where the clips of {name} are: media=DIR"))
            continue
        try:
            plans.append(
                plan(
                    [Path(name)],
                    Path(media) if media else None,
                    annotations=Path(annotations) if annotations else None,
                    pictures=pictures,
                    numbers=recipe.numbers,
                )
            )
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return merged(plans)


def _prepared_clips(recipe: Recipe | RecogniserRecipe) -> Plan:
    """Return the clips of a prepared benchmark, which has its pictures with it.

    Raises:
        InputError: Something is named besides, or a recogniser is trained, which measures the videos themselves.
    """
    folder = next(name for name in recipe.questions if is_prepared(Path(name)))
    if isinstance(recipe, RecogniserRecipe):
        message = f"{folder} is a prepared benchmark, and a recogniser measures the videos: name question files"
        raise InputError([Problem("questions", message)])
    if len(recipe.questions) > 1 or recipe.media or recipe.annotations or recipe.precomputed:
        message = f"{folder} is a prepared benchmark, which has its questions and clips with it: name nothing besides"
        raise InputError([Problem("questions", message)])
    return plan_prepared(Path(folder))


def training_clips(work: Plan, prompts: PromptLibrary) -> list[TrainingClip]:
    """Return the clips that have answers to learn.

    Answers are brought into the surface form in which they are scored; an analysis in free words stays as it stands.
    Questions about long videos and without an answer are left out.

    Args:
        work: Clips with questions.
        prompts: How they are asked: a closed question's answer must be one of its options.

    Raises:
        InputError: Every answer that cannot be one, with file and line; a prompt variant that asks for reasoning; no
            answered question at all.
    """
    clips, problems = [], []
    paths = {question.id: file.path for file in work.files for question in file.questions}
    for clip_id, questions in work.questions.items():
        learned = []
        for question in questions:
            if question.reference is None or asks_long_video(question):
                continue
            answer = _answer(question)
            request = prompts.request(question)
            where = paths.get(question.id, clip_id)
            closed = question.type in ("coarse", "au_presence")
            if closed and not request.options:
                message = "asks for reasoning, which question files do not hold; train with another variant"
                raise InputError([Problem(f"variant {prompts.variant}", message)])
            if answer is None or (request.options and answer not in request.options):
                options = f"; it must be one of {', '.join(request.options)}" if request.options else ""
                message = f"{question.reference!r} is no answer to {question.text!r}{options}"
                problems.append(Problem(where, message, question.line))
                continue
            learned.append(replace(question, reference=answer))
        if learned:
            clips.append(TrainingClip(work.clips[clip_id], tuple(learned)))
    if problems:
        raise InputError(problems)
    if not clips:
        names = ", ".join(str(file.path) for file in work.files)
        raise InputError([Problem(names, "holds no answered question about a short clip; nothing can be learned")])
    return clips


def of_clips(work: Plan, keep: Iterable[str]) -> Plan:
    """Return the plan of some of its clips.

    Args:
        work: The plan.
        keep: Ids of the clips that stay.
    """
    chosen = set(keep)
    clips = {name: clip for name, clip in work.clips.items() if name in chosen}
    # A file none of whose clips stay would be scored as unanswered. There is one source a file.
    file_stays = [any(question.clip_id in clips for question in file.questions) for file in work.files]
    sources = work.sources
    if len(sources) == len(work.files):
        sources = tuple(source for source, stays in zip(sources, file_stays, strict=True) if stays)
    return Plan(
        tuple(file for file, stays in zip(work.files, file_stays, strict=True) if stays),
        clips,
        {name: questions for name, questions in work.questions.items() if name in clips},
        sources,
        work.prepared,
    )


def _answer(question: Question) -> str | None:
    """Return the answer to be learned."""
    assert question.reference is not None
    if question.type == "analysis":
        return question.reference.strip() or None
    return normalise(question, Reply(question.reference))


def _nth(places: Sequence[str], number: int) -> str | None:
    """Return the place of a question file: its own, or the one of all."""
    return None if not places else places[number] if len(places) > 1 else places[0]

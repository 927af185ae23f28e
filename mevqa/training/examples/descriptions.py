"""Training texts about clips: coded and measured facts in varied words, as answers to the analysis question."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mevqa.errors import InputError, MediaError, Problem
from mevqa.events import Event
from mevqa.facs import ActionUnit, Side, unit_number
from mevqa.files.system_errors import media_problem
from mevqa.inference.evaluation import Plan
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import asks_long_video
from mevqa.questions.wordings import official_wordings
from mevqa.questions.writing.descriptions import DescriptionFacts, describe_expression, description_wordings
from mevqa.scoring.answers.descriptions import known_facts, named_facts
from mevqa.scoring.answers.grading import read_sentence
from mevqa.types import Clip, Question, Unit
from mevqa.video.face.aligned_face import FaceMode
from mevqa.video.motion.evidence import RegionMotion
from mevqa.video.views.evidence import direction_of, evidence_wording
from mevqa.video.views.render import ClipViews, render_clip

#: Tries of drawing a wording out of which the reader reads the known facts; the second half leaves motion out.
_TRIES = 24
#: Times are rounded to so many ms.
_ROUNDED_MS = 10

#: Units, fine and coarse class of a sentence.
_Named: TypeAlias = tuple[frozenset[Unit] | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Description:
    """A description of a clip.

    Attributes:
        clip: The clip.
        facts: What is known of it.
        question: The question that the description answers, in one of the official wordings.
        text: The description.
        warnings: Warnings of the measurement.
    """

    clip: Clip
    facts: DescriptionFacts
    question: str
    text: str
    warnings: tuple[str, ...] = ()


def describe_clips(
    work: Plan,
    *,
    motion: bool = True,
    seed: int = 0,
    face: FaceMode = "auto",
    on_clip: Callable[[int, int], None] = lambda done, clips: None,
) -> list[Description]:
    """Describe every short clip of which a unit or a class is known, from its annotation or its answered questions.

    Args:
        work: The clips.
        motion: Whether motion is measured, in clips with a video.
        seed: Decides the words, with the clip's id.
        face: How faces are found.
        on_clip: Called with the number of clips done and of all.

    Raises:
        InputError: Nothing is known of any clip, or videos cannot be read: all of them together.
    """
    problems: list[Problem] = []
    descriptions = []
    clips = {name: questions for name, questions in work.questions.items() if not all(map(asks_long_video, questions))}
    for number, (name, questions) in enumerate(clips.items(), start=1):
        clip = work.clips[name]
        coded_facts = _coded_facts(clip, questions)
        if coded_facts.units or coded_facts.fine or coded_facts.coarse:
            try:
                clip_views = (
                    render_clip(clip, views=("evidence",), face=face) if motion and clip.media is not None else None
                )
            except (InputError, MediaError, OSError) as error:
                problems += (
                    error.problems
                    if isinstance(error, InputError)
                    else [media_problem(error, clip.media or Path(clip.id))]
                )
                continue
            warnings = clip_views.warnings if clip_views is not None else ()
            descriptions.append(_draw_description(clip, _with_measurements(coded_facts, clip_views), seed, warnings))
        on_clip(number, len(clips))
    if problems:
        raise InputError(problems)
    if not descriptions:
        where = ", ".join(str(file.path) for file in work.files)
        message = "no action unit or class of any short clip is known: give answered questions, or --annotations"
        raise InputError([Problem(where, message)])
    return descriptions


def _draw_description(clip: Clip, facts: DescriptionFacts, seed: int, warnings: tuple[str, ...]) -> Description:
    """Draw a description out of which exactly the known facts are read; else the one with the fewest errors."""
    key = zlib.crc32(clip.id.encode())
    wordings = official_wordings("analysis")
    question = wordings[int(np.random.default_rng((seed, key)).integers(len(wordings)))]
    wanted_facts = known_facts(facts)
    texts: list[tuple[int, str]] = []
    for number in range(_TRIES):
        described_facts = facts if number < _TRIES // 2 else replace(facts, regions=())
        text = describe_expression(described_facts, np.random.default_rng((seed, key, number)))
        read_facts = named_facts(text)
        texts.append((sum(read_facts[name] != value for name, value in wanted_facts.items()), text))
        if texts[-1][0] == 0:
            break
    return Description(clip, facts, question, min(texts, key=lambda entry: entry[0])[1], warnings)


def _coded_facts(clip: Clip, questions: Sequence[Question]) -> DescriptionFacts:
    """Return the facts of the annotation, and where it has none those of the answers in the question file."""
    event = clip.annotation
    by_type: dict[str, list[Question]] = {}
    for question in questions:
        if question.reference is not None:
            by_type.setdefault(question.type, []).append(question)
    sentences = [read_sentence(str(question.reference)) for question in by_type.get("combined", ())]
    units = (event.action_units if event is not None else ()) or _units(by_type, sentences)
    annotation = event or Event()
    fine_in_sentence = next((fine for _, fine, _ in sentences if fine), None)
    coarse_in_sentence = next((coarse for _, _, coarse in sentences if coarse), None)
    fine = annotation.fine or _answered(by_type, "fine") or fine_in_sentence
    coarse = annotation.coarse or _answered(by_type, "coarse") or coarse_in_sentence
    return DescriptionFacts(tuple(units), fine, coarse)


def _answered(by_type: Mapping[str, Sequence[Question]], kind: str) -> str | None:
    """Return the answer to the question for a class."""
    return next((str(question.reference) for question in by_type.get(kind, ())), None)


def _units(by_type: dict[str, list[Question]], sentences: Sequence[_Named]) -> tuple[ActionUnit, ...]:
    """Return the units that answers name, with the sides in the answers to side questions."""
    numbers: dict[int, Side | None] = {}
    for question in by_type.get("au_list", ()):
        value = read_answer(question, str(question.reference)).value
        numbers.update({unit: None for unit in value if isinstance(unit, int)} if isinstance(value, tuple) else {})
    for units, *_ in sentences if not numbers else ():
        numbers.update({unit: None for unit in units or () if isinstance(unit, int)})
    for question in by_type.get("au_side", ()):
        side = read_answer(question, str(question.reference)).value
        if question.action_unit is not None and side in ("left", "right"):
            numbers[unit_number(question.action_unit)] = "left" if side == "left" else "right"
    return tuple(ActionUnit(number, side) for number, side in sorted(numbers.items()))


def _with_measurements(facts: DescriptionFacts, clip_views: ClipViews | None) -> DescriptionFacts:
    """Add the motion and the times that were measured."""
    if clip_views is None:
        return facts
    sideways = description_wordings().sideways
    words = evidence_wording().model_copy(update={"to_left": sideways, "to_right": sideways})
    regions: dict[str, str] = {}
    for moved in clip_views.evidence.moved if clip_views.evidence is not None else ():
        name = moved.name.removeprefix("left ").removeprefix("right ")
        regions.setdefault(name, direction_of(RegionMotion(moved.name, moved.right, moved.down), words))
    times = clip_views.times_ms
    rise = fall = None
    if (
        times is not None
        and clip_views.onset is not None
        and clip_views.apex is not None
        and clip_views.offset is not None
    ):
        at = [
            float(times[min(frame, len(times) - 1)]) for frame in (clip_views.onset, clip_views.apex, clip_views.offset)
        ]
        rise, fall = (_ROUNDED_MS * round((at[i + 1] - at[i]) / _ROUNDED_MS) for i in (0, 1))
    return replace(facts, regions=tuple(regions.items()), rise_ms=rise, fall_ms=fall)

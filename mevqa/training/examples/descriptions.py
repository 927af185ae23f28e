"""Training texts about clips: descriptions from what is coded and measured, in varied words, as analysis answers."""

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

#: Wordings that are drawn until the reader reads what is known out of one, without motion in the second half.
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
        warnings: What the measurement said.
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
    found = []
    clips = {name: asked for name, asked in work.questions.items() if not all(map(asks_long_video, asked))}
    for number, (name, asked) in enumerate(clips.items(), start=1):
        clip = work.clips[name]
        known = _coded(clip, asked)
        if known.units or known.fine or known.coarse:
            try:
                seen = render_clip(clip, views=("evidence",), face=face) if motion and clip.media is not None else None
            except (InputError, MediaError, OSError) as error:
                problems += (
                    error.problems
                    if isinstance(error, InputError)
                    else [media_problem(error, clip.media or Path(clip.id))]
                )
                continue
            found.append(_described(clip, _measured(known, seen), seed, seen.warnings if seen is not None else ()))
        on_clip(number, len(clips))
    if problems:
        raise InputError(problems)
    if not found:
        where = ", ".join(str(file.path) for file in work.files)
        message = "no action unit or class of any short clip is known: give answered questions, or --annotations"
        raise InputError([Problem(where, message)])
    return found


def _described(clip: Clip, facts: DescriptionFacts, seed: int, warnings: tuple[str, ...]) -> Description:
    """Write a description that is read as what is known; of several that are not, the nearest."""
    key = zlib.crc32(clip.id.encode())
    wordings = official_wordings("analysis")
    question = wordings[int(np.random.default_rng((seed, key)).integers(len(wordings)))]
    wanted = known_facts(facts)
    texts: list[tuple[int, str]] = []
    for number in range(_TRIES):
        told = facts if number < _TRIES // 2 else replace(facts, regions=())
        text = describe_expression(told, np.random.default_rng((seed, key, number)))
        named = named_facts(text)
        texts.append((sum(named[name] != own for name, own in wanted.items()), text))
        if texts[-1][0] == 0:
            break
    return Description(clip, facts, question, min(texts, key=lambda one: one[0])[1], warnings)


def _coded(clip: Clip, asked: Sequence[Question]) -> DescriptionFacts:
    """Return what the annotation says, and where it is silent the answers of the question file."""
    event = clip.annotation
    by_type: dict[str, list[Question]] = {}
    for question in asked:
        if question.reference is not None:
            by_type.setdefault(question.type, []).append(question)
    sentences = [read_sentence(str(one.reference)) for one in by_type.get("combined", ())]
    units = (event.action_units if event is not None else ()) or _units(by_type, sentences)
    told = event or Event()
    fine = told.fine or _answered(by_type, "fine") or next((one[1] for one in sentences if one[1]), None)
    coarse = told.coarse or _answered(by_type, "coarse") or next((one[2] for one in sentences if one[2]), None)
    return DescriptionFacts(tuple(units), fine, coarse)


def _answered(by_type: Mapping[str, Sequence[Question]], kind: str) -> str | None:
    """Return the answer to the question for a class."""
    return next((str(one.reference) for one in by_type.get(kind, ())), None)


def _units(by_type: dict[str, list[Question]], sentences: Sequence[_Named]) -> tuple[ActionUnit, ...]:
    """Return the units that answers name, with the sides that side questions tell."""
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


def _measured(known: DescriptionFacts, seen: ClipViews | None) -> DescriptionFacts:
    """Add the motion and the times that were measured."""
    if seen is None:
        return known
    sideways = description_wordings().sideways
    words = evidence_wording().model_copy(update={"to_left": sideways, "to_right": sideways})
    regions: dict[str, str] = {}
    for moved in seen.evidence.moved if seen.evidence is not None else ():
        name = moved.name.removeprefix("left ").removeprefix("right ")
        regions.setdefault(name, direction_of(RegionMotion(moved.name, moved.right, moved.down), words))
    times = seen.times_ms
    rise = fall = None
    if times is not None and seen.onset is not None and seen.apex is not None and seen.offset is not None:
        at = [float(times[min(frame, len(times) - 1)]) for frame in (seen.onset, seen.apex, seen.offset)]
        rise, fall = (_ROUNDED_MS * round((at[i + 1] - at[i]) / _ROUNDED_MS) for i in (0, 1))
    return replace(known, regions=tuple(regions.items()), rise_ms=rise, fall_ms=fall)

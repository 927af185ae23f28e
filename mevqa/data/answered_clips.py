"""Classes and action units of the clips of a question file, from its answers; all clips, or those of other persons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mevqa.data.clip_facts import named_dataset, named_subject
from mevqa.data.official import read_questions
from mevqa.data.persons import Person, person
from mevqa.questions.answers import read_answer, read_units
from mevqa.questions.question_types import question_type
from mevqa.types import Clip, Question, Reply


@dataclass(frozen=True, slots=True)
class AnsweredClip:
    """A clip of a question file with answers.

    Attributes:
        id: Its id.
        person: Who is seen.
        coarse: Coarse class; None where no question asks for it.
        fine: Fine class, likewise.
        units: Official names of its action units; None where no question asks for them.
    """

    id: str
    person: Person
    coarse: str | None = None
    fine: str | None = None
    units: frozenset[str] | None = None


def answered_clips(path: Path) -> tuple[AnsweredClip, ...]:
    """Return the clips of a question file, in its order; questions without an answer do not count.

    Raises:
        InputError: The file cannot be read.
    """
    by_clip: dict[str, list[Question]] = {}
    for question in read_questions(path).questions:
        by_clip.setdefault(question.clip_id, []).append(question)
    return tuple(_clip(clip_id, questions) for clip_id, questions in by_clip.items())


def of_others(clips: Iterable[AnsweredClip], clip: Clip) -> list[AnsweredClip]:
    """Return the clips of other persons than the one who is seen in a clip."""
    clips = list(clips)
    # A row to answer may lack the subject, where the file has the same clip with its subject.
    excluded_persons = {person(clip), *(other.person for other in clips if other.id == clip.id)}
    return [other for other in clips if other.person not in excluded_persons]


def _clip(clip_id: str, questions: list[Question]) -> AnsweredClip:
    classes: dict[str, str] = {}
    units: set[str] | None = None
    for question in questions:
        fact = question_type(question.type).fact
        if question.reference is None:
            continue
        if fact in ("coarse", "fine"):
            value = read_answer(question, question.reference).value
            if isinstance(value, str):
                classes[fact] = value
        elif fact == "units":
            units = {*(units or ()), *read_units(question, Reply(question.reference))}
    who = person(Clip(clip_id, named_dataset(questions), subject=named_subject(questions)))
    return AnsweredClip(
        clip_id, who, classes.get("coarse"), classes.get("fine"), None if units is None else frozenset(units)
    )

"""The runs that an ensemble is made of: read, and refused where they do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mevqa.errors import InputError, Problem
from mevqa.inference.logs.answer_log import torn_line
from mevqa.inference.runs import RunRecord, open_run
from mevqa.inference.shards import lacking_clips
from mevqa.scoring.answers.answer_sources import questions_of_run
from mevqa.types import Answer, Question

_LISTED = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A run of an ensemble.

    Attributes:
        name: Name of its folder, longer where others have the same.
        run: The run.
        questions: Its questions, clip by clip.
    """

    name: str
    run: RunRecord
    questions: tuple[Question, ...]

    def answer(self, question: Question) -> Answer | None:
        """Return its answer to a question; None where it has none, or an error."""
        answer = self.run.answers.get(question.id)
        return None if answer is None or answer.error is not None else answer


def read_members(paths: Sequence[Path], option: str = "RUN") -> list[Member]:
    """Read the runs of an ensemble.

    Args:
        paths: Their folders.
        option: How they are named on the command line, for messages.

    Raises:
        InputError: There are fewer than two runs, one is named twice, copied, not a run or without answers, or their
            questions differ.
    """
    if len(paths) < 2:
        raise InputError([Problem(option, "an ensemble fuses two runs or more: name them all")])
    doubled = {path for path in paths if [other.resolve() for other in paths].count(path.resolve()) > 1}
    if doubled:
        raise InputError(Problem(path, "is named twice: its votes would count double") for path in sorted(doubled))
    problems: list[Problem] = []
    members = []
    for path, name in zip(paths, _names(paths), strict=True):
        try:
            run = open_run(path)
            members.append(Member(name, run, questions_of_run(run)))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    problems = [problem for member in members[1:] for problem in _differences(members[0], member)]
    problems += _copies(members)
    problems += [
        Problem(member.run.path, "holds no answer, only errors: it has no votes")
        for member in members
        if not any(member.answer(question) for question in member.questions)
    ]
    if problems:
        raise InputError(problems)
    return members


def unfinished(members: Sequence[Member]) -> list[str]:
    """Return a note for each run that is not finished, and for each with errors in place of answers."""
    notes = []
    for member in members:
        note = torn_line(member.run.path) or lacking_clips(member.run, member.questions)
        unanswered = sum(question.id not in member.run.answers for question in member.questions)
        if note or unanswered:
            notes.append(note or f"{member.name}: {unanswered} of {len(member.questions)} questions were not answered")
        errors = sum(answer.error is not None for answer in member.run.answers.values())
        if errors:
            notes.append(f"{member.name}: {errors} of {len(member.questions)} answers are errors, which are no votes")
    return notes


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the shortest ends of paths by which they can be told apart."""
    parts = [path.resolve().parts for path in paths]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(path_parts[-length:]) for path_parts in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _copies(members: Sequence[Member]) -> list[Problem]:
    """Return a problem for each run whose answers equal another's, times included: a copy."""
    problems = []
    for place, member in enumerate(members):
        original = next((other for other in members[:place] if other.run.answers == member.run.answers), None)
        if original is not None and any(answer.error is None for answer in member.run.answers.values()):
            problems.append(Problem(member.run.path, f"is a copy of {original.run.path}: its votes would count double"))
    return problems


def _differences(first: Member, other: Member) -> list[Problem]:
    """Return a problem where a run's questions differ from those of the first run."""
    first_questions, other_questions = (
        {(q.id, q.clip_id, q.text) for q in member.questions} for member in (first, other)
    )
    if first_questions == other_questions:
        return []
    parts = []
    for more, where in (
        (first_questions - other_questions, f"only {first.name}"),
        (other_questions - first_questions, f"only {other.name}"),
    ):
        if more:
            examples = ", ".join(repr(key[0]) for key in sorted(more)[:_LISTED])
            parts.append(f"{len(more)} were asked in {where} ({examples}{', ...' if len(more) > _LISTED else ''})")
    message = f"answered other questions than {first.run.path}: {' and '.join(parts)}; runs on the same questions fuse"
    return [Problem(other.run.path, message)]

"""Data set and subject of each clip of a question file, and the rows that contradict earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mevqa.names import subject_key
from mevqa.types import Question


def named_dataset(questions: Iterable[Question]) -> str:
    """Return the data set that the questions about a clip name; ``unknown`` where none does."""
    return next((question.dataset for question in questions if question.dataset != "unknown"), "unknown")


def named_subject(questions: Iterable[Question]) -> str | None:
    """Return the subject that the questions about a clip name first, as it is written; None where none does."""
    subjects = (question.subject for question in questions if question.subject)
    return next((subject for subject in subjects if subject.strip()), None)


class ClipFacts:
    """The data set and the subject of each clip, as the first row that names them has them.

    Rows may leave both open: what a later row names is compared with the first that names it, not with the clip's first
    row.
    """

    def __init__(self) -> None:
        """Begin without clips."""
        self._with_dataset: dict[str, Question] = {}
        self._with_subject: dict[str, Question] = {}

    def add(self, question: Question) -> Iterator[str]:
        """Keep what a question names of its clip, and yield why it cannot be about the clip of earlier rows.

        Args:
            question: The question of the next row.
        """
        mend = "two clips of one name need question files of their own"
        if question.dataset != "unknown":
            first = self._with_dataset.setdefault(question.clip_id, question)
            if question.dataset != first.dataset:
                difference = f"is of {question.dataset!r} here and of {first.dataset!r} in line {first.line}"
                yield f"the clip {question.clip_id!r} {difference}; {mend}"
                return
        subject = subject_key(question.subject or "")
        if subject:
            first = self._with_subject.setdefault(question.clip_id, question)
            if subject != subject_key(first.subject or ""):
                difference = f"shows {question.subject!r} here and {first.subject!r} in line {first.line}"
                yield f"the clip {question.clip_id!r} {difference}; {mend}"

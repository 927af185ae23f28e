"""The table of answers in the wild: what is written, and what it is read as."""

from __future__ import annotations

from pydantic import RootModel

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.question_types import parse_question
from mevqa.resources import TABLES
from mevqa.types import Question

_TABLE = TABLES / "questions" / "answers_in_the_wild.yaml"


class Case(StrictModel):
    """One answer and what it is read as, None when it answers nothing."""

    text: str
    read: str | int | tuple[int | str, ...] | None


class Cases(StrictModel):
    """The cases of one kind of question."""

    question: str
    cases: tuple[Case, ...]

    def asked(self) -> Question:
        """Return the question that the cases answer."""
        parsed = parse_question(self.question)
        return Question(
            id="case",
            clip_id="case",
            text=self.question,
            type=parsed.type,
            action_unit=parsed.action_unit,
            ordinal=parsed.ordinal,
            plural=parsed.plural,
            kind=parsed.kind,
            between_s=parsed.between_s,
        )


class _Table(RootModel[dict[str, Cases]]):
    pass


def answer_cases() -> dict[str, Cases]:
    """Return the cases by kind of question."""
    return read_yaml(_TABLE, _Table).root

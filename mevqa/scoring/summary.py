"""The score table of a run: one row a question type that has references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mevqa.facs import find_units
from mevqa.records import Answer, Question, QuestionType
from mevqa.scoring.classification import NO_ANSWER, ClassScores, score_classes, set_f1

_CLOSED = (
    QuestionType.COARSE,
    QuestionType.FINE,
    QuestionType.AU_PRESENCE,
    QuestionType.AU_SIDE,
    QuestionType.NTH_TYPE,
)
_SETS = (QuestionType.AU_LIST, QuestionType.AU_INVENTORY)
_COUNTS = (QuestionType.COUNT_ALL, QuestionType.COUNT_MICRO, QuestionType.COUNT_MACRO)


@dataclass(frozen=True, slots=True)
class TypeScore:
    """Scores of one question type.

    Attributes:
        type: The question type.
        count: Questions of this type that have a reference.
        classes: Scores of a closed question, else None.
        set_f1: Mean F1 of the action unit sets of a list question, else None.
        mean_absolute_error: Of a count, over the questions with a usable answer, else None.
        unanswered: Questions without a usable answer; wrong where a share is scored.
    """

    type: QuestionType
    count: int
    classes: ClassScores | None = None
    set_f1: float | None = None
    mean_absolute_error: float | None = None
    unanswered: int = 0


def summarise(questions: Sequence[Question], answers: Mapping[str, Answer]) -> list[TypeScore]:
    """Score every question type that has references.

    Args:
        questions: The questions of the run; those without reference are left out.
        answers: By question id; a missing one is scored as wrong.
    """
    rows = []
    for kind in (*_CLOSED, *_SETS, *_COUNTS):
        asked = [question for question in questions if question.type is kind and question.reference]
        if not asked:
            continue
        references = [_plain(question.reference or "") for question in asked]
        given = [_plain(answers[q.id].text) if q.id in answers else NO_ANSWER for q in asked]
        if kind in _CLOSED:
            scores = score_classes(references, given)
            rows.append(TypeScore(kind, len(asked), classes=scores, unanswered=scores.unanswered))
        elif kind in _SETS:
            sets = [set(find_units(text)) for text in given]
            value = set_f1([set(find_units(text)) for text in references], sets)
            rows.append(TypeScore(kind, len(asked), set_f1=value, unanswered=sum(not units for units in sets)))
        else:
            pairs = [(int(r), int(g)) for r, g in zip(references, given, strict=True) if g.isdigit()]
            error = sum(abs(r - g) for r, g in pairs) / len(pairs) if pairs else None
            rows.append(TypeScore(kind, len(asked), mean_absolute_error=error, unanswered=len(asked) - len(pairs)))
    return rows


def _plain(text: str) -> str:
    """Fold case, outer space and the final full stop, which are no part of a label."""
    return text.strip().rstrip(".").lower()

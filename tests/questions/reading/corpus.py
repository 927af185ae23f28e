"""The corpus of answer texts, and how much of it is read right.

Run as a script, it prints the share read right and every text that is read otherwise than a person reads it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import RootModel

from mevqa.facs import unit_number
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import parse_question
from mevqa.types import Parts, Question

CORPUS = Path(__file__).parent / "answers.yaml"


class _Sentence(StrictModel):
    units: tuple[int, ...]
    fine: str | None
    coarse: str | None


class _Answer(StrictModel):
    read: str | int | tuple[int | str, ...] | _Sentence | None
    text: str
    truncated: bool = False


class _Group(StrictModel):
    question: str
    dataset: str = "casme2"
    answers: tuple[_Answer, ...]


class _Corpus(RootModel[tuple[_Group, ...]]):
    pass


def texts(path: Path = CORPUS) -> Iterator[tuple[Question, str, bool, Any]]:
    """Yield each question, text, whether it was cut off, and what a person reads: None for no usable answer."""
    for group in read_yaml(path, _Corpus).root:
        parsed = parse_question(group.question)
        question = Question(
            "q",
            "c",
            group.question,
            parsed.type,
            parsed.action_unit,
            parsed.ordinal,
            parsed.plural,
            dataset=group.dataset,
            kind=parsed.kind,
        )
        for answer in group.answers:
            right = answer.read
            if isinstance(right, _Sentence):
                right = (frozenset(right.units), right.fine, right.coarse)
            yield question, answer.text, answer.truncated, frozenset(right) if isinstance(right, tuple) else right


def reading(question: Question, text: str, truncated: bool) -> Any:
    """Return what is read, units as a set; None when it is unusable."""
    value = read_answer(question, text, truncated=truncated).value
    if isinstance(value, Parts):
        units, fine, coarse = frozenset(unit_number(name) for name in value.units), value.fine, value.coarse
        return frozenset((units, fine, coarse)) if units or fine or coarse else None
    return frozenset(value) if isinstance(value, tuple) else value


def outcome(read: Any, right: Any) -> str:
    """Return ``right``, ``unusable`` (a person reads an answer) or ``wrong``."""
    if read == right and isinstance(read, str) == isinstance(right, str):
        return "right"
    return "unusable" if read is None else "wrong"


def main(path: Path = CORPUS) -> int:
    """Print the shares and what is not read right."""
    counts: Counter[str] = Counter()
    for question, text, truncated, right in texts(path):
        read = reading(question, text, truncated)
        result = outcome(read, right)
        counts[result] += 1
        if result != "right":
            print(f"{result}: {question.type}: {text!r}: read {read!r}, a person reads {right!r}")
    total = sum(counts.values())
    readable = sum(right is not None for *_, right in texts(path))
    print(
        f"{counts['right']} of {total} texts read right ({counts['right'] / total:.1%}); {counts['wrong']} wrongly; "
        f"{counts['unusable']} of {readable} that a person reads are unusable ({counts['unusable'] / readable:.1%})"
    )
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

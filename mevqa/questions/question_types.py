"""The registry of question types, and the recognition of what a question asks for.

A further type is an instance of a class of ``mevqa.questions.types`` (or of one of its own) and one call of
``register_question_type``; everything that differs between types is asked of it.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any

from pydantic import AfterValidator

from mevqa.questions.prompt_schema import one_of
from mevqa.questions.question_text import ParsedQuestion, QuestionText
from mevqa.questions.types import SHIPPED, QuestionType
from mevqa.types import Clip, Question

__all__ = [
    "ParsedQuestion",
    "TypeName",
    "as_question",
    "asked_type",
    "asks_long_video",
    "parse_question",
    "question_about",
    "question_type",
    "question_types",
    "register_question_type",
]

_TYPES: dict[str, QuestionType] = {}


def register_question_type(definition: QuestionType) -> QuestionType:
    """Make a question type known: its questions are recognised, asked, read and scored from now on.

    Args:
        definition: What it is; its precedence decides between it and others that recognise the same question.

    Raises:
        ValueError: The name is taken.
    """
    if definition.name in _TYPES:
        raise ValueError(f"a question type named {definition.name!r} is registered already")
    _TYPES[definition.name] = definition
    parse_question.cache_clear()
    return definition


def question_types() -> tuple[QuestionType, ...]:
    """Return every question type, in the order in which scores are listed."""
    return tuple(_TYPES.values())


def question_type(name: str) -> QuestionType:
    """Return the question type of a name.

    Raises:
        ValueError: There is none; the message suggests what was meant.
    """
    return _TYPES.get(name) or _TYPES[one_of(name, _TYPES, "question type")]


def _registered_name(name: str) -> str:
    return question_type(name).name


#: The name of a question type in a file.
TypeName = Annotated[str, AfterValidator(_registered_name)]


def asks_long_video(question: Question) -> bool:
    """Whether a question is about the events of a long video."""
    return question_type(question.type).long_video


@functools.lru_cache(maxsize=1 << 14)
def parse_question(text: str) -> ParsedQuestion:
    """Recognise the type and the slots of a question.

    Args:
        text: The question in the official wording of MEGC 2025 or 2026, in that of our questions about long videos, or
            in a close paraphrase. Case, spaces, hyphens, punctuation and singular or plural do not matter.

    Returns:
        The type and slots; ``open`` for what is none of these questions.
    """
    question = QuestionText(text)
    ordered = sorted(_TYPES.values(), key=lambda definition: -definition.precedence)
    return next(parsed for definition in ordered if (parsed := definition.parse(question)) is not None)


def asked_type(text: str) -> str:
    """Return the type of the first line of a prompt that is a known question; ``open`` when none is.

    Args:
        text: What a model is asked (``Request.text``): the question, and how it is to be answered.
    """
    for line in text.splitlines():
        if line.strip() and (type_name := parse_question(line.strip()).type) != "open":
            return type_name
    return "open"


def as_question(text: str, question_id: str, clip_id: str, **fields: Any) -> Question:
    """Return a question with its type and slots recognised.

    Args:
        text: What is asked.
        question_id: Its id.
        clip_id: The clip that it is about.
        fields: Further fields of a ``Question``.
    """
    parsed = parse_question(text)
    return Question(
        question_id,
        clip_id,
        text,
        parsed.type,
        parsed.action_unit,
        parsed.ordinal,
        parsed.plural,
        kind=parsed.kind,
        between_s=parsed.between_s,
        **fields,
    )


def question_about(clip: Clip, number: int, text: str) -> Question:
    """Return the user's own words as a question about ``clip``, with its type recognised."""
    return as_question(text, str(number), clip.id, dataset=clip.dataset)


for _definition in SHIPPED:
    register_question_type(_definition)

"""Schema of prompt files: system texts, question texts, examples and answer forms."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, model_validator

from mevqa.files.strict_yaml import StrictModel
from mevqa.questions.vocabulary import FIXED_OPTIONS
from mevqa.suggestions import did_you_mean

#: Variant that every file has and that stands in for the ones that it lacks.
DEFAULT = "default"
#: What a prompt file may refer to instead of copying it.
OPTION_LISTS = ("taxonomy.fine", "taxonomy.coarse", *(f"surface.{name}" for name in FIXED_OPTIONS))
NAME_LISTS = ("facs.units",)

_Content = TypeVar("_Content")
_SYSTEM_PLACEHOLDERS = ("units", "fine", "coarse", "merge", "prototypes")
_QUESTION_PLACEHOLDERS = ("question", "official", "options", "units", "fine", "coarse", "wording", "examples")


def one_of(value: str, known: Iterable[str], what: str) -> str:
    """Return ``value`` when it is known.

    Raises:
        ValueError: It is not; the message suggests what was meant.
    """
    known = tuple(known)
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}; {did_you_mean(value, known)}")
    return value


def _check_placeholders(text: str, known: tuple[str, ...]) -> str:
    for _, name, _, _ in string.Formatter().parse(text):
        if name is not None:
            one_of(name, known, "placeholder")
    return text


def _check_system_text(text: str) -> str:
    return _check_placeholders(text, _SYSTEM_PLACEHOLDERS)


def _check_question_text(text: str) -> str:
    if "{question}" not in text and "{official}" not in text:
        raise ValueError("the placeholder {question} is missing (or {official}): the model would not be asked")
    return _check_placeholders(text, _QUESTION_PLACEHOLDERS)


def _check_name_list(name: str) -> str:
    return one_of(name, NAME_LISTS, "list")


def _check_default(variants: dict[str, _Content]) -> dict[str, _Content]:
    if DEFAULT not in variants:
        raise ValueError(f"the variant {DEFAULT!r} is missing")
    return variants


class SystemVariant(StrictModel):
    """The system text of one variant.

    Attributes:
        text: With the placeholders {units}, {fine}, {coarse}, {merge} and {prototypes}.
    """

    text: Annotated[str, AfterValidator(_check_system_text)]


class SystemFile(StrictModel):
    """Content of ``system.yaml``."""

    variants: Annotated[dict[str, SystemVariant], AfterValidator(_check_default)]


class Example(StrictModel):
    """One line of a few-shot prompt, in words only.

    Attributes:
        given: What is seen.
        answer: The answer to it; left out where the data set's classes do not admit it.
    """

    given: str
    answer: str


class Variant(StrictModel):
    """The question text of one variant.

    Attributes:
        text: With the placeholders {question}, {options}, {units}, {fine}, {coarse}, {wording} and {examples}.
        examples: What {examples} stands for.
        reasoning: The model writes freely and the answer is what follows "Answer:".
        max_new_tokens: Bound on what is generated.
    """

    text: Annotated[str, AfterValidator(_check_question_text)]
    examples: tuple[Example, ...] = ()
    reasoning: bool = False
    max_new_tokens: int = Field(default=96, ge=1)


class AnswerForm(StrictModel):
    """How a type is answered: exactly one of ``options``, ``names``, ``number``, ``sentence``, ``frames`` and ``free``.

    Attributes:
        options: A closed question: its options, or the name of a list.
        names: A list of names out of a vocabulary; one name when the question asks for one.
        number: A whole number up to this.
        sentence: The official sentence of the type with names out of a vocabulary.
        frames: Intervals of frames, each frame at most this.
        free: Anything.
        at_least: Fewest names when the question asks for several.
        at_most: Most names, or intervals.
        largest_frame: The largest frame of a sentence that tells frames.
    """

    options: str | tuple[str, ...] | None = None
    names: Annotated[str, AfterValidator(_check_name_list)] | None = None
    number: int | None = Field(default=None, ge=0)
    sentence: Annotated[str, AfterValidator(_check_name_list)] | None = None
    frames: int | None = Field(default=None, ge=0)
    free: bool = False
    largest_frame: int = Field(default=99_999, ge=0)
    at_least: int = Field(default=1, ge=1)
    at_most: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check(self) -> AnswerForm:
        ways = (self.options, self.names, self.number, self.sentence, self.frames, self.free or None)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of: options, names, number, sentence, frames, free")
        if isinstance(self.options, str):
            one_of(self.options, OPTION_LISTS, "list")
        elif self.options is not None and len(set(self.options)) < 2:
            raise ValueError("options: a closed question needs two different options")
        if self.at_least > self.at_most:
            raise ValueError("at_least is larger than at_most")
        return self


class TypeFile(StrictModel):
    """Content of the file of one question type.

    Attributes:
        answer: How the type is answered.
        answer_by_dataset: Where a data set differs, by its short name.
        variants: By name; ``default`` must be there.
    """

    answer: AnswerForm
    answer_by_dataset: dict[str, AnswerForm] = Field(default_factory=dict)
    variants: Annotated[dict[str, Variant], AfterValidator(_check_default)]

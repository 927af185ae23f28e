"""Official vocabulary of answers: options, sentences and classes, and which question types they belong to."""

from __future__ import annotations

import functools

from mevqa.datasets import Taxonomy, taxonomy
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES
from mevqa.types import QuestionType


class Wording(StrictModel):
    """A sentence for one action unit and for several."""

    singular: str
    plural: str


class AnswerForms(StrictModel):
    """Content of ``tables/questions/surface_forms.yaml``."""

    sentences: dict[QuestionType, Wording]
    options: dict[str, dict[str, tuple[str, ...]]]
    coarse_spellings: dict[str, tuple[str, ...]]


FORMS = read_yaml(TABLES / "questions" / "surface_forms.yaml", AnswerForms)

#: Options of the closed questions that no taxonomy decides, by the name that the prompt files use.
FIXED_OPTIONS: dict[str, tuple[str, ...]] = {name: tuple(options) for name, options in FORMS.options.items()}

#: Closed questions, with the name of their options where no taxonomy decides these.
CLOSED: dict[QuestionType, str | None] = {
    QuestionType.COARSE: None,
    QuestionType.FINE: None,
    QuestionType.AU_PRESENCE: "presence",
    QuestionType.AU_SIDE: "side",
    QuestionType.EXPRESSION_SHOWN: "presence",
    QuestionType.NTH_TYPE: "kind",
    QuestionType.EVENT_PRESENCE: "presence",
    QuestionType.ORDER: "kind",
}
#: Question types that are answered with one or two sentences.
SENTENCES = frozenset(FORMS.sentences)
#: Question types that are answered with names of action units.
LISTS = frozenset({QuestionType.AU_LIST, QuestionType.AU_INVENTORY})
#: Question types that are answered with a number.
COUNTS = frozenset(
    {QuestionType.COUNT_ALL, QuestionType.COUNT_MICRO, QuestionType.COUNT_MACRO, QuestionType.COUNT_BETWEEN}
)
#: Question types that are answered with intervals of frames.
PLACES = frozenset({QuestionType.LOCALISE, QuestionType.LONGEST})


@functools.cache
def every_class() -> Taxonomy:
    """Return the classes of all data sets, and those without a coarse class that are coded or answered besides."""
    union = taxonomy("unknown")
    return Taxonomy((*union.fine, "others", "tense"), union.coarse)


def options_of(kind: QuestionType, classes: Taxonomy) -> tuple[str, ...]:
    """Return the options of a closed question in the order of the prompts; empty for the other types."""
    if kind is QuestionType.COARSE:
        return classes.coarse
    if kind is QuestionType.FINE:
        return classes.fine
    name = CLOSED.get(kind)
    return FIXED_OPTIONS[name] if name is not None else ()

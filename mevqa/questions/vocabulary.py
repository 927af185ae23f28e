"""Official vocabulary of questions and answers: wordings, options, sentences and classes."""

from __future__ import annotations

import functools

from mevqa.datasets import Taxonomy, taxonomy
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES


class Wording(StrictModel):
    """A sentence for one action unit and for several."""

    singular: str
    plural: str

    def of(self, plural: bool) -> str:
        """Return the sentence for several units, or for one."""
        return self.plural if plural else self.singular


class AnswerForms(StrictModel):
    """Content of ``tables/questions/surface_forms.yaml``."""

    sentences: dict[str, Wording]
    options: dict[str, dict[str, tuple[str, ...]]]
    coarse_spellings: dict[str, tuple[str, ...]]


FORMS = read_yaml(TABLES / "questions" / "surface_forms.yaml", AnswerForms)

#: Options of the closed questions that no taxonomy decides, by the name that the prompt files use.
FIXED_OPTIONS: dict[str, tuple[str, ...]] = {name: tuple(options) for name, options in FORMS.options.items()}


class Wordings(StrictModel):
    """Usual wordings of a type of question, the most usual first; others where it asks for several action units."""

    singular: tuple[str, ...] = ()
    plural: tuple[str, ...] = ()


class _WordingTable(StrictModel):
    wordings: dict[str, Wordings]


#: Usual wordings by the name of the question type.
USUAL_WORDINGS = read_yaml(TABLES / "questions" / "question_wordings.yaml", _WordingTable).wordings


@functools.cache
def every_class() -> Taxonomy:
    """Return the classes of all data sets, and those without a coarse class that are coded or answered besides."""
    union = taxonomy("unknown")
    return Taxonomy((*union.fine, "others", "tense"), union.coarse)

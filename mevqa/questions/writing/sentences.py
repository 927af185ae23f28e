"""The sentences about an expression, and lists of its action units, in the official wording."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mevqa.datasets import Taxonomy
from mevqa.facs import UNIT_NAMES, unit_number
from mevqa.questions.vocabulary import FORMS
from mevqa.questions.writing.grammar import SEPARATOR, AnswerGrammar, AnyOf, Choices, NameList, Slot, Template


def unit_list(units: Iterable[str]) -> str:
    """Join the official names of action units in the order of their numbers, as the official files do."""
    return SEPARATOR.join(sorted(units, key=unit_number))


def sentence(kind: str, units: Iterable[str], fine: str, coarse: str, *, plural: bool) -> str:
    """Write the sentence of a combined or analysis question.

    Args:
        kind: Name of the question type, ``combined`` or ``analysis``.
        units: Official names of the action units.
        fine: Fine-grained class.
        coarse: Coarse class.
        plural: Whether the wording for several units is asked for.
    """
    return FORMS.sentences[kind].of(plural).format(units=unit_list(units), fine=fine, coarse=coarse)


def match_wording(wording: str, text: str) -> dict[str, str] | None:
    """Return what stands in the slots of ``wording``, whatever it is; None when the fixed words differ."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(wording))
    match = re.fullmatch(pattern, text)
    return match.groupdict() if match else None


def sentence_grammar(singular: str, plural: str, classes: Taxonomy, at_most: int, **others: AnswerGrammar) -> AnyOf:
    """Return the admissible sentences, first those that name one unit and then those that name several.

    Args:
        singular: Wording for one unit, with its slots.
        plural: Wording for several units.
        classes: Classes of the data set.
        at_most: Most units.
        others: What may stand in the slots besides units and classes.
    """
    slots = {"fine": Choices(classes.fine), "coarse": Choices(classes.coarse), **others}
    single_unit, several_units = NameList(UNIT_NAMES, 1, 1), NameList(UNIT_NAMES, 2, max(2, at_most))
    return AnyOf((_template(singular, units=single_unit, **slots), _template(plural, units=several_units, **slots)))


def _template(wording: str, **slots: AnswerGrammar) -> Template:
    """Cut a wording at its slots."""
    parts: list[str | Slot] = []
    for piece in wording.split("{"):
        name, brace, rest = piece.partition("}")
        if brace:
            parts.append(Slot(name, slots[name]))
        parts.append(rest if brace else piece)
    return Template(tuple(part for part in parts if part != ""))

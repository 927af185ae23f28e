"""Precision and recall of the facts that descriptions of expressions name, as the reader of answers reads them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass

from mevqa.facs import UNIT_NAMES
from mevqa.questions.answers import read_answer
from mevqa.questions.writing.descriptions import DescriptionFacts
from mevqa.scoring.answers.grading import read_sentence
from mevqa.types import Question

#: Names of units that hold a side of their own: "eyes left".
_SIDED_NAMES = re.compile("|".join(name for name in UNIT_NAMES if re.search(r"\b(?:left|right)\b", name)) or r"(?!)")
#: Asks for the side of whatever a text is about.
_SIDE = Question("", "", "", "au_side", action_unit="lip corner puller")


@dataclass(frozen=True, slots=True)
class NamedScore:
    """Agreement of the facts that texts name with the known facts, pooled over all texts.

    Attributes:
        known: Number of facts that are known.
        named: Number that the texts name.
        right: Number of those that are right.
    """

    known: int
    named: int
    right: int

    @property
    def precision(self) -> float | None:
        """Share of the named facts that are right; None where nothing is named."""
        return self.right / self.named if self.named else None

    @property
    def recall(self) -> float | None:
        """Share of the known facts that are named; None where nothing is known."""
        return self.right / self.known if self.known else None


def named_facts(text: str) -> dict[str, frozenset[Hashable]]:
    """Return the ``units``, ``side``, ``fine`` and ``coarse`` class that a text names, each as a set."""
    units, fine, coarse = read_sentence(text)
    side = read_answer(_SIDE, _SIDED_NAMES.sub(" ", text)).value
    return {
        "units": frozenset(units or ()),
        "side": frozenset({side} & {"left", "right"}) if isinstance(side, str) else frozenset(),
        "fine": frozenset({fine} if fine else ()),
        "coarse": frozenset({coarse} if coarse else ()),
    }


def known_facts(facts: DescriptionFacts) -> dict[str, frozenset[Hashable]]:
    """Return the facts that a text about a clip should name, in the form of ``named_facts``."""
    return {
        "units": frozenset(unit.number for unit in facts.units),
        "side": frozenset({facts.side} if facts.side else ()),
        "fine": frozenset({facts.fine} if facts.fine else ()),
        "coarse": frozenset({facts.coarse} if facts.coarse else ()),
    }


def score_descriptions(described: Iterable[tuple[DescriptionFacts, str]]) -> dict[str, NamedScore]:
    """Return the agreement for ``units``, ``side``, ``fine`` and ``coarse``.

    Args:
        described: The known facts of each clip, and the text about it.
    """
    pairs = [(known_facts(facts), named_facts(text)) for facts, text in described]
    return {name: _agreement([(known[name], named[name]) for known, named in pairs]) for name in known_facts(_NOTHING)}


_NOTHING = DescriptionFacts()


def _agreement(pairs: Sequence[tuple[Set[Hashable], Set[Hashable]]]) -> NamedScore:
    return NamedScore(
        sum(len(known) for known, _ in pairs),
        sum(len(named) for _, named in pairs),
        sum(len(known & named) for known, named in pairs),
    )

"""Read units, fine and coarse class out of a sentence about an expression."""

from __future__ import annotations

import re

from mevqa.facs import UNIT_NAMES, coarse_of, unit_name
from mevqa.questions.reading.labels import read_label
from mevqa.questions.reading.mentions import coarse_spellings, fine_class_spellings
from mevqa.questions.reading.types import Ambiguous
from mevqa.questions.reading.units import read_units
from mevqa.questions.vocabulary import every_class
from mevqa.types import Parts

_LABELS = {
    "fine": re.compile(r"\bfine[- ]?grained\b|\bfine (?:class|expression|emotion|category|label)\b|\bfine\s*[:=]"),
    "coarse": re.compile(r"\bcoarse\b"),
}
_CUT = re.compile(r"[.\n;]")


def labelled_clause(text: str, label: str, *, drop: str | None = None) -> str:
    """Return the clause after the words "fine" or "coarse", up to the other of the two; empty without such words.

    Args:
        text: Plain text.
        label: ``fine`` or ``coarse``.
        drop: Return the text without the clause after this label instead.
    """
    if drop is not None:
        clause = labelled_clause(text, drop)
        return text.replace(clause, " ") if clause else ""
    label_match = _LABELS[label].search(text)
    other = _LABELS["coarse" if label == "fine" else "fine"]
    if label_match is None:
        return ""
    end = other.search(text, label_match.end())
    clause = text[label_match.start() : end.start() if end is not None else None]
    first = _CUT.search(clause, label_match.end() - label_match.start() + 2)
    return clause[: first.start()] if first is not None and end is None else clause


def read_parts(text: str) -> Parts:
    """Return the units and the classes that a plain text names; a class of which two stand side by side is none.

    A class after the word "fine" or "coarse" is that class. A fine class alone gives its coarse class.

    Args:
        text: Plain text.
    """
    try:
        units = read_units(text)
    except Ambiguous:
        units = ()
    names = tuple(unit_name(unit) for unit in units if isinstance(unit, int))
    fine, _ = _class_of(text, "fine")
    coarse, settled = _class_of(text, "coarse")
    if coarse is None and fine is not None and not settled:
        coarse = coarse_of(fine)
    return Parts(tuple(name for name in names if name in UNIT_NAMES), fine, coarse)


def _class_of(text: str, label: str) -> tuple[str | None, bool]:
    """Return a class, and whether several were named."""
    spellings, options = (
        (fine_class_spellings(), every_class().fine) if label == "fine" else (coarse_spellings(), every_class().coarse)
    )
    other = "coarse" if label == "fine" else "fine"
    several = False
    for part in (labelled_clause(text, label), labelled_clause(text, label, drop=other), text):
        if not part:
            continue
        try:
            option = read_label(part, spellings, options, {})
        except Ambiguous:
            several = True
            break
        if option is not None:
            return option, False
    return None, several

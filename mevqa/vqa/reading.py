"""Read answers out of what models write freely: the final answer, options, counts, action units, classes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mevqa.facs import UNIT_NAMES, Taxonomy, UnknownEmotion, canonical_fine, coarse_of, find_units, unit_name


@dataclass(frozen=True, slots=True)
class Parts:
    """What a sentence about an expression says.

    Attributes:
        units: Official names of the action units, in the order of the text.
        fine: Fine-grained class.
        coarse: Coarse class.
    """

    units: tuple[str, ...] = ()
    fine: str | None = None
    coarse: str | None = None


_FINAL = re.compile(r"</think>|\banswer\s*(?:\**\s*:|is\b\s*:?)\s*\**", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|no|nor|never|without|neither|isn't|rather than|instead of)(?:\s+(?!but\b)\w+){0,2}\s*$"
)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_FINE_LABEL = re.compile(r"\bfine[- ]?grained\b|\bfine (?:class|expression|emotion|category|label)")
_COARSE_LABEL = re.compile(r"\bcoarse\b")
_EVENTS = r"(?:distinct |separate |facial )*(?:micro|macro|expression|event)"


def final_answer(text: str) -> str:
    """Return what follows the reasoning: the text after the last ``</think>`` or ``Answer:``, else all of it."""
    rest = text
    for match in _FINAL.finditer(text):
        following = text[match.end() :]
        if following.strip(" \n*.\"'"):
            rest = following
    return rest.strip()


def read_option(text: str, options: Mapping[str, Sequence[str]]) -> str | None:
    """Return the option that a text names first.

    Args:
        text: What the model wrote.
        options: The options, each with its other spellings.

    Returns:
        The option. Of two options one that is only denied ("not shown") means the other; None when it is not clear.
    """
    simple = _simplify(text)
    spellings = {spelling: option for option, others in options.items() for spelling in (option, *others)}
    if simple in spellings:
        return spellings[simple]
    longest_first = sorted(spellings, key=len, reverse=True)
    pattern = re.compile(r"\b(?:" + "|".join(re.escape(spelling) for spelling in longest_first) + r")\b")
    denied = set()
    for match in pattern.finditer(simple):
        if not _NEGATION.search(simple[: match.start()]):
            return spellings[match[0]]
        denied.add(spellings[match[0]])
    left = [option for option in options if option not in denied]
    return left[0] if len(options) == 2 and len(left) == 1 else None


def read_count(text: str, number_words: Sequence[str]) -> int | None:
    """Return the number of events that a text states.

    Args:
        text: What the model wrote.
        number_words: The English words of 0, 1, 2, ...

    Returns:
        The number that stands alone, or before "events" or "expressions", or the only number; None when there is none
        or it is not clear which.
    """
    simple = _simplify(text)
    for number, word in enumerate(number_words):
        simple = re.sub(rf"\b{word}\b", str(number), simple)
    counted = re.findall(rf"\b(\d+) {_EVENTS}", simple)
    if not counted and re.search(rf"\bno {_EVENTS}|^none\b", simple):
        return 0
    numbers = set(counted or re.findall(r"(?<![\d.])\b\d+\b(?!\.\d)", simple))
    return int(numbers.pop()) if len(numbers) == 1 else None


def read_units(text: str) -> tuple[str, ...]:
    """Return the official names of the action units that a text names, in its order, each once."""
    names = (unit_name(number) for number in find_units(text))
    return tuple(name for name in names if name in UNIT_NAMES)


def read_parts(text: str, classes: Taxonomy, coarse_spellings: Mapping[str, Sequence[str]]) -> Parts:
    """Return units, fine and coarse class that a text names.

    A class that follows the word "fine" or "coarse" is that class; without these words the first emotion is the fine
    class and the first of positive, negative and surprise the coarse one. A fine class alone gives its coarse class.

    Args:
        text: What was written.
        classes: Classes of the data set; others that the text names are left out.
        coarse_spellings: Other spellings of the coarse classes.
    """
    simple = _simplify(text)
    spoken = {word: name for name, others in coarse_spellings.items() for word in others}
    spoken.update({name: name for name in classes.coarse})
    fine_words = _fine_words(simple, classes)
    fine_at, coarse_at = _place(_FINE_LABEL, simple), _place(_COARSE_LABEL, simple)
    fine = _first_class(_after(simple, fine_at, coarse_at), fine_words) or _first_class(simple, fine_words)
    coarse = _first_class(_after(simple, coarse_at, fine_at), spoken) or _first_class(simple, spoken)
    if coarse is None and fine is not None:
        coarse = coarse_of(fine)
    return Parts(read_units(text), fine, coarse if coarse in classes.coarse else None)


def match_wording(wording: str, text: str) -> dict[str, str] | None:
    """Return what stands in the slots of ``wording``, whatever it is; None when the fixed words differ."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(wording))
    match = re.fullmatch(pattern, text)
    return match.groupdict() if match else None


def _simplify(text: str) -> str:
    """Lower the case, unify spaces and take the marks of emphasis and the final stop away."""
    return " ".join(re.sub(r"[*_`\"“”]", " ", text.lower()).split()).strip(" .,:;!")


def _place(label: re.Pattern[str], text: str) -> int | None:
    match = label.search(text)
    return match.start() if match else None


def _after(text: str, start: int | None, other: int | None) -> str:
    """Return the clause that begins at ``start`` and ends where the ``other`` label begins; none without a label."""
    if start is None:
        return ""
    return text[start : other if other is not None and other > start else None]


def _first_class(text: str, words: Mapping[str, str]) -> str | None:
    """Return the class of the first word of ``text`` that is one and is not denied."""
    for match in _WORD.finditer(text):
        if match[0] in words and not _NEGATION.search(text[: match.start()]):
            return words[match[0]]
    return None


def _fine_words(text: str, classes: Taxonomy) -> dict[str, str]:
    """Return the words of ``text`` that name a fine class of the data set."""
    found = {}
    for word in set(_WORD.findall(text)):
        try:
            name = canonical_fine(word)
        except UnknownEmotion:
            continue
        if name in classes.fine:
            found[word] = name
    return found

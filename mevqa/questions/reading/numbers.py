"""Read the number of events that a text states."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from mevqa.events import Kind
from mevqa.questions.reading.labels import corrected
from mevqa.questions.reading.types import Ambiguous

#: Texts that say nothing.
NOTHING = re.compile(r"\W*(?:n/?a|none|nan|null|unknown|-+|\?+)?\W*", re.IGNORECASE)
_ANY = (
    r"(?:(?:distinct |separate |facial |different )*(?:expression|event)"
    r"|in total\b|in all\b|altogether\b|(?:total|overall)(?=\W*$|\W*[.,;(]| events))"
)
#: What is counted, by kind of event.
_NAMED: Mapping[Kind | None, str] = {"micro": "micro", "macro": "macro", None: _ANY}
_MEASURED = re.compile(
    r"\b(?:frames?|seconds?|second|at|from|fps|minute|event|question|clip|video|figure|step|au|sub\w*|apex|onset|offset)\s*#?\s*"
    r"(?:\d+(?:\.\d+)?\s*(?:to|and|-|–|through)\s*)?\d+(?:\.\d+)?\b(?!\s*(?:micro|macro|expression|events))"
    r"|\b\d+(?:\.\d+)?\s*(?:s|sec|secs|seconds?|ms|fps|hz|frames?|minutes?|min|%)\b"
)
_DENIED = re.compile(r"\b(?:not|rather than|instead of|never)\s+(?:\w+\s){0,2}?(\d+)\b|\bmore than (?:\w+ )?(\d+)\b")
_OUT_OF = re.compile(r"\(?\b(?:out )?of (?:a total of |the |all |these )?\d+(?: expression)?(?: events?)?\b\)?,?")
_MARKER = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+", re.MULTILINE)


def read_number(text: str, kind: Kind | None) -> int | None:
    """Return the number of events of a kind.

    Args:
        text: Plain text.
        kind: The kind that was asked for; None for any.

    Returns:
        The number before the events of the kind, or the only number; None when there is none.

    Raises:
        Ambiguous: Several are stated.
    """
    digits = corrected(text, lambda part: _read(part, kind))
    return None if digits is None else int(digits)


def _read(text: str, kind: Kind | None) -> str | None:
    if re.search(r"(?<![\w.)])[-−–]\s*\d", re.sub(r"^\s*-\s+", "", text)) and re.fullmatch(r"\W*\d+\W*", text):
        return None
    simple = _MARKER.sub("\n", re.sub(r"\b(\d+)\.0+\b", r"\1", text))
    simple = re.sub(r"(?<=\d)\n", " ;\n", simple)
    simple = _OUT_OF.sub(" ", _DENIED.sub(" ", in_digits(simple))) if kind else _DENIED.sub(" ", in_digits(simple))
    wanted = _NAMED[kind]
    exact = re.fullmatch(r"\W*(\d+)\W*", simple)
    if exact is not None:
        return exact[1]
    stated = set(
        re.findall(
            rf"\b(\d+)(?: (?:to|or) (\d+))? "
            rf"(?:(?:is |are |were )|of (?:them|these|which|those) (?:is |are |were )?)?{wanted}",
            simple,
        )
    )
    if kind is not None:
        stated |= {
            (digits, "")
            for digits in re.findall(
                rf"\b{wanted}(?: expression)?s?(?: events?| ones?)? ?(?:count )?(?:[:=|]|is|are|->)+ ?(\d+)", simple
            )
        }
    else:
        stated |= {
            (digits, "")
            for digits in re.findall(
                r"\b(?:total|all|sum|altogether|overall|count|number of (?:expression )?events)(?: \w+){0,3} ?"
                r"(?:[:=|]|is|are|of|->)+ ?(\d+)\b(?! (?:micro|macro))",
                simple,
            )
        }
    if stated:
        number, beyond = stated.pop()
        if stated or beyond:
            raise Ambiguous("several numbers")
        return number
    if re.search(rf"\b(?:no|0|zero) {wanted}|^\W*none\b|\bno such\b|\bnot any\b|\b(?:is|are) none\b", simple):
        return "0"
    others = {"micro": "macro", "macro": "micro"}.get(kind or "", "(?:micro|macro)")
    simple = re.sub(rf"\b\d+ {others}|\b{others}(?: expression)?s?(?: events?)? ?[:=] ?\d+", " ", simple)
    simple = _MEASURED.sub(" ", simple)
    numbers = set(re.findall(r"(?<![\d.])\b\d+\b(?!\.\d)", simple))
    if len(numbers) > 1:
        raise Ambiguous("several numbers")
    return numbers.pop() if numbers else None


def stated_number(kind: Kind | None, text: str) -> int | None:
    """Return the number of events of a kind that a longer text states; None when it states none, or several.

    Args:
        kind: Of which kind the events are; None for the number of all.
        text: What was written.
    """
    simple = in_digits(text)
    counted_words = _NAMED[kind]
    numbers = {int(number) for number in re.findall(rf"\b(\d+) {counted_words}", simple)}
    if not numbers and re.search(rf"\bno {counted_words}", simple):
        return 0
    return numbers.pop() if len(numbers) == 1 else None


def in_digits(text: str) -> str:
    """Lower the case, open hyphens between words and write number words below a hundred as digits."""
    words = _number_words()
    simple = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower())
    simple = re.sub(r"(?<=[\d])-(?=[a-z])", " ", simple)
    simple = " ".join(simple.split())
    return re.sub(rf"\b(?:{'|'.join(words)})\b", lambda match: str(words[match[0]]), simple)


@functools.cache
def _number_words() -> dict[str, int]:
    """Return the words of 0 to 99, "twenty one" before "twenty"."""
    from num2words import num2words

    return {num2words(number).replace("-", " "): number for number in range(99, -1, -1)}

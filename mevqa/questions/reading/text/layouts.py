"""Put the layout of an answer into words: action units in a column of a table, entries of numbered events."""

from __future__ import annotations

import re

_ROW = re.compile(r"^\s*\|?(?P<cells>[^|\n]*(?:\|[^|\n]*)+)\|?\s*$")
_RULE = re.compile(r"[\s|:\-–—]*")
_UNIT_HEADER = re.compile(r"(?:facs )?(?:aus?|action units?)(?: ?(?:#|no\.?|numbers?|codes?|id|index))?")
_NUMBER = re.compile(r"\d{1,2}")
_EVENT = re.compile(
    r"(?:^|(?<=[.;,\n|])|(?<=\s))\s*(?:[-•]\s*)?(?:the )?"
    r"(?:(?:expression )?events?\s*(?:no\.?|number|#)?\s*#?\s*(?P<a>\d+)(?=\W)"
    r"|(?P<b>\d+)\s*-?\s*(?:st|nd|rd|th) (?:expression |one|event|is\b|was\b|:)|#(?P<c>\d+)(?=\W))"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\b(?= (?:expression|event|one is|is\b|was\b))")
_LISTED = re.compile(r"(?:^|\n|(?<=[,;]\s))\s*\|?\s*(?P<number>\d{1,3})\s*[.):|]\s*(?=[a-z(\[|])")


def name_units_of_tables(text: str) -> str:
    """Return a plain text with "au" before the numbers in the column of a table that is headed so.

    Args:
        text: Plain text; rows of a table have cells between vertical bars.
    """
    if "|" not in text:
        return text
    column: int | None = None
    lines = []
    for line in text.split("\n"):
        row = _ROW.match(line)
        if row is None or _RULE.fullmatch(line):
            column = column if row is not None or _RULE.fullmatch(line) else None
            lines.append(line)
            continue
        cells = row["cells"].split("|")
        headers = [index for index, cell in enumerate(cells) if _UNIT_HEADER.fullmatch(cell.strip(" *"))]
        if headers:
            column = headers[0]
        elif column is not None and column < len(cells) and _NUMBER.fullmatch(cells[column].strip()):
            cells[column] = f" au{cells[column].strip()} "
            line = "|" + "|".join(cells) + "|"
        lines.append(line)
    return "\n".join(lines)


def entry_of_event(text: str, ordinal: int | None) -> str:
    """Return the part of a plain text about one event where it goes through several; else all of it.

    Args:
        text: Plain text.
        ordinal: Number of the event, from 1; None for all of it.
    """
    if ordinal is None:
        return text
    text = _ORDINAL.sub(lambda match: f"{_ORDINALS.index(match[1]) + 1}-th", text)
    for entry_mark in (_EVENT, _LISTED):
        marks = list(entry_mark.finditer(text))
        numbers = [int(next(filter(None, mark.groups()))) for mark in marks]
        if len(set(numbers)) < 2:
            # One event that is not the one asked about answers nothing.
            if (
                entry_mark is _EVENT
                and numbers
                and numbers[0] != ordinal
                and not text[: marks[0].start()].strip(" \n-*")
            ):
                return ""
            continue
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        parts = [
            text[mark.end() : end] for mark, number, end in zip(marks, numbers, ends, strict=True) if number == ordinal
        ]
        lead = text[: marks[0].start()].strip(" \n")
        return "\n".join(parts) if parts else lead
    return text

"""Find the header of a table wherever it stands, in one row or in two, and read the rows below it by field."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.files.tables.row_width import filled_width, width_problem
from mevqa.files.tables.sheets import Sheet
from mevqa.resources import TABLES

_WORDS = TABLES / "heading_words.yaml"
#: Rows that are searched for the header; SAMM's stands in row 14, SAMM-LV's in row 10.
_HEADER_SEARCH = 40
#: Second level of a heading over a column of frames: ``Onset`` above ``Frame``.
_FRAME_WORDS = frozenset({"frame", "frames", "framenumber", "frameno", "number", "no", "index", "idx"})
#: The same for columns of times, by their unit; a whole heading ends in it (``onset_sec``) or has it on its own.
_TIME_UNITS = {
    "seconds": ("seconds", "second", "secs", "sec", "s"),
    "milliseconds": ("milliseconds", "millisecond", "millis", "msecs", "msec", "ms"),
    "times": ("timestamp", "time"),
}
_TIME_WORDS = {word: unit for unit, words in _TIME_UNITS.items() for word in words}
_MOMENT = re.compile(rf"(?:onset|apex|offset|start|end|begin|peak|stop)(?:frame|time)?(?:in)?({'|'.join(_TIME_WORDS)})")
_ADDED = re.compile(rf"(?:frame|name|id|number|no|code|index|f\d?|(?<=t|x)(?:in)?(?:{'|'.join(_TIME_WORDS)}))+$")
#: How times become frames, by their unit.
TIME_MENDS = {
    "seconds": "multiply them by the fps",
    "milliseconds": "multiply them by fps / 1000",
    "times": "multiply seconds by the fps",
}
#: Columns that a message lists.
_LISTED = 12

#: Spellings of each field's column, simplified.
Columns = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of a table.

    Attributes:
        line: 1-based line of the file, or row of the sheet.
        cells: Text by field; absent columns have no key.
        index: 0-based position below the header, blank rows not counted.
        width_problem: Why its cells may be in the wrong columns: some are filled beyond the last heading
            (``row_width``); empty for every other row.
    """

    line: int
    cells: Mapping[str, str]
    index: int = 0
    width_problem: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a sheet.

    Attributes:
        line: 1-based row of its last level.
        headings: The heading of every column as it is written, both levels of it.
        places: 0-based column by field.
        rows: The rows below.
    """

    line: int
    headings: tuple[str, ...]
    places: Mapping[str, int]
    rows: tuple[LabelRow, ...]


class _HeadingWords(StrictModel):
    headings: dict[str, tuple[str, ...]]


@functools.cache
def _translations() -> Mapping[str, str]:
    """Return the English heading of each one in another language."""
    words = read_yaml(_WORDS, _HeadingWords).headings
    return {word: heading for heading, spellings in words.items() for word in spellings}


@functools.lru_cache(maxsize=1 << 12)
def simplify(heading: str) -> str:
    """Return a heading without case, spaces and signs: ``Onset Frame`` and ``OnsetFrame`` are one column."""
    simple = "".join(sign for sign in unicodedata.normalize("NFKC", heading).casefold() if sign.isalnum())
    return simple if simple.isascii() else _translations().get(simple, simple)


def time_unit(heading: str) -> str | None:
    """Return the unit of the times that a heading names (``onset_ms``), one of ``TIME_MENDS``; None for others."""
    match = _MOMENT.fullmatch(simplify(heading))
    return _TIME_WORDS[match[1]] if match else None


def find_header(sheet: Sheet, columns: Columns, required: Sequence[str]) -> Header | None:
    """Return the header of a sheet with the rows below it, None when the sheet has no such header.

    Args:
        sheet: The sheet.
        columns: Spellings of each field's column, simplified (``simplify``).
        required: Fields without which a row of the sheet is not the header.
    """
    for position in range(min(len(sheet.rows), _HEADER_SEARCH)):
        cells = sheet.rows[position][1]
        below = sheet.rows[position + 1][1] if position + 1 < len(sheet.rows) else ()
        places = _places([(cell,) for cell in map(simplify, cells)], columns)
        single = all(name in places for name in required)
        if single and not _continues(cells, below, places):
            return _header(sheet, position, cells, places)
        alone = _places([(cell,) for cell in map(simplify, below)], columns)
        joined = _joined(cells, below)
        both = _places([spellings for _, spellings in joined], columns)
        # A row above a header that is whole is a title or a group of columns.
        if all(name in both for name in required) and not all(name in alone for name in required):
            return _header(sheet, position + 1, tuple(heading for heading, _ in joined), both)
        if single:
            return _header(sheet, position, cells, places)
    return None


def find_rows(sheet: Sheet, columns: Columns, required: Sequence[str]) -> list[LabelRow] | None:
    """Return the rows below the header, or None when the sheet has no such header (``find_header``)."""
    header = find_header(sheet, columns, required)
    return None if header is None else list(header.rows)


def headerless_rows(sheet: Sheet, fields: Sequence[str]) -> list[LabelRow] | None:
    """Return the rows of a sheet without a header, or None when its rows are not of the kind wanted.

    The first row, or the second below a header, shows it: onset and offset are numbers, and kind is micro or macro.

    Args:
        sheet: The sheet.
        fields: Fields of the columns from the first, with onset, offset and kind among them; more columns may follow.
    """
    for start, (_, cells) in enumerate(sheet.rows[:2]):
        first = dict(zip(fields, cells, strict=False))
        frames = [first.get(name, "") for name in ("onset", "offset")]
        if all(cell.isdigit() for cell in frames) and re.match("micro|macro", first.get("kind", ""), re.IGNORECASE):
            # Published files: more columns follow, which nobody has named.
            return list(_below(sheet, start, {name: at for at, name in enumerate(fields)}, headings=None))
    return None


def describe_columns(sheets: Sequence[Sheet], layouts: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Describe the columns of a table that fits no layout, and the closest layout.

    Args:
        sheets: The table.
        layouts: Spellings of every column that a layout needs, by the layout's name for people and the column's. The
            first is named where no layout has any of the columns.
    """
    best: tuple[float, int, tuple[str, ...], str, list[str]] | None = None
    for sheet in sheets:
        for _, cells in sheet.rows[:_HEADER_SEARCH]:
            headings = {simplify(cell) for cell in cells}
            stems = set(map(_stem, headings))
            for name, columns in layouts.items():
                missing = [column for column, spellings in columns.items() if not headings & set(spellings)]
                matches = sum(bool(stems & set(map(_stem, spellings))) for spellings in columns.values())
                # Of layouts that lack as much, the one that is known by more columns is closer.
                score = (matches / len(columns) if matches else 0.0, matches)
                if best is None or score > best[:2]:
                    best = (*score, cells, name, missing)
    if best is None:
        return "has no rows"
    share, _, cells, name, missing = best
    if not share:
        cells = next(cells for sheet in sheets for _, cells in sheet.rows)
        name, missing = next((title, list(columns)) for title, columns in layouts.items())
    filled_cells = [cell for cell in cells if cell]
    columns_seen = ", ".join(cell[:40] for cell in filled_cells[:_LISTED]) + (
        ", ..." if len(filled_cells) > _LISTED else ""
    )
    hint = "".join(
        f"; {', '.join(timed)} look like {unit}, and frames are needed: {mend}"
        for unit, mend in TIME_MENDS.items()
        if (timed := [cell for cell in filled_cells if time_unit(cell) == unit])
    )
    closest = f"{name}, which needs {', '.join(missing)}{hint}"
    return f"has no header that is known; columns seen: {columns_seen}; closest: {closest}"


def _stem(simple: str) -> str:
    """Return a simplified heading without common additions: ``onset`` for ``onsetframe`` and ``onsetms``."""
    return _ADDED.sub("", simple) or simple


def _places(spelt: Sequence[Sequence[str]], columns: Columns) -> dict[str, int]:
    """Return the column of each field: the first spelling that any column has decides."""
    first: dict[str, int] = {}
    for rank in range(max(map(len, spelt), default=0)):
        for place, spellings in enumerate(spelt):
            if rank < len(spellings) and spellings[rank]:
                first.setdefault(spellings[rank], place)
    return {
        name: next(first[spelling] for spelling in spellings if spelling in first)
        for name, spellings in columns.items()
        if any(spelling in first for spelling in spellings)
    }


def _continues(cells: Sequence[str], below: Sequence[str], places: Mapping[str, int]) -> bool:
    """Whether the row below a header is its second level: it holds words for the columns and no label."""
    words = [(simplify(cells[at]) if at < len(cells) else "", simplify(cell)) for at, cell in enumerate(below) if cell]
    if not words or any(any(sign.isdigit() for sign in word) for _, word in words):
        return False
    recognised = [word == top or word in _FRAME_WORDS or word in _TIME_WORDS for top, word in words]
    return all(recognised) and any(word in _FRAME_WORDS or word in _TIME_WORDS for _, word in words)


def _joined(top: Sequence[str], below: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the headings of two levels, each with the simplified spellings by which it may be known.

    A heading of the upper level stands in the first of the columns that it is about.
    """
    joined: list[tuple[str, tuple[str, ...]]] = []
    upper = ""
    for place in range(max(len(top), len(below))):
        over = top[place] if place < len(top) else ""
        under = below[place] if place < len(below) else ""
        # A heading without a second level ends where the next column has none above it either.
        upper = over or (upper if under else "")
        upper_key, lower_key = simplify(upper), simplify(under)
        if upper_key == lower_key or not lower_key:
            joined.append((over or under, (simplify(over) or lower_key,)))
        else:
            alone = upper_key if lower_key in _FRAME_WORDS else ""
            joined.append((f"{upper} {under}".strip(), (upper_key + lower_key, lower_key, alone)))
    return joined


def _header(sheet: Sheet, position: int, headings: Sequence[str], places: Mapping[str, int]) -> Header:
    rows = _below(sheet, position + 1, places, headings)
    return Header(sheet.rows[position][0], tuple(headings), places, rows)


def _below(sheet: Sheet, start: int, places: Mapping[str, int], headings: Sequence[str] | None) -> tuple[LabelRow, ...]:
    columns = None if headings is None else filled_width(headings)
    return tuple(
        LabelRow(
            line,
            {name: row[at] if at < len(row) else "" for name, at in places.items()},
            index,
            "" if columns is None else width_problem(row, columns, sheet.delimiter),
        )
        for index, (line, row) in enumerate(sheet.rows[start:])
    )

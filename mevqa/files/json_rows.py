"""One JSON object a line, with the exact place of each value, so that one value can be replaced and nothing else."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_SPACE = " \t\r\n"
#: Python's own reader and writer of JSON stop near 1000; what nests so deeply is an attack or an accident.
_DEEPEST = 64
#: Longer whole numbers are no floats, and from 4,300 digits on Python reads them no more.
_MOST_DIGITS = 300
_BLANK = re.compile(f"[{_SPACE}]*")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
#: What Python has for the bytes of a file name that are not UTF-8 (PEP 383).
_NAME_BYTES = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class JsonRow:
    """A JSON object as it is written in its line.

    Attributes:
        text: The line without its line feed.
        values: The parsed object.
    """

    text: str
    values: Mapping[str, Any]

    @property
    def spans(self) -> Mapping[str, tuple[int, int]]:
        """Start and end of each value in ``text``."""
        return _parse_in_place(self.text)[1]

    def replace(self, key: str, value: str, *, escape: bool) -> str:
        r"""Return the line with one value replaced by a string, every other character as it was.

        Args:
            key: A key of the row.
            value: Its new value.
            escape: Write characters beyond ASCII as ``\uXXXX``.
        """
        start, end = self.spans[key]
        return self.text[:start] + json.dumps(value, ensure_ascii=escape) + self.text[end:]


class NotJson(ValueError):
    """A value that Python's reader of JSON takes and JSON does not have."""


def _no_constant(name: str) -> None:
    raise NotJson(f"is not valid JSON: {name} is no JSON value")


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise NotJson(f"is not valid JSON here: a number of {len(digits)} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise NotJson(f"is not valid JSON here: the number {digits[:20]} is too large")
    return value


def _no_doubled_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # The same few keys in every row of a file.
    values = {sys.intern(key): value for key, value in pairs}
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise NotJson(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return values


#: Reads JSON and nothing more: no NaN, no key twice in an object, no number that cannot be held.
STRICT_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_whole_number, parse_float=_finite, object_pairs_hook=_no_doubled_keys
)


def half_character(text: str, values: object, *, may_name_files: bool = False) -> str | None:
    r"""Return the problem of values that hold half of a surrogate pair (``\ud83d`` alone), None where none does.

    No file can hold such a text.

    Args:
        text: The JSON that the values were read from.
        values: The values.
        may_name_files: Whether they may name files whose names are not UTF-8: Python has halves for such bytes.
    """
    if "\\ud" not in text.lower():
        return None
    serialised = json.dumps(values, ensure_ascii=False)
    if half := _HALF_PAIR.search(_NAME_BYTES.sub("", serialised) if may_name_files else serialised):
        return f"holds half a character: \\u{ord(half[0]):04x} without its other half"
    return None


def nests_deeply(value: object) -> bool:
    """Whether lists and objects stand in one another more deeply than any question row or chat needs."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return False
        level = inner
    return True


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text of JSON lines with their numbers, from 1.

    A line feed alone ends a line: ``str.splitlines`` would also cut at U+2028 and U+0085, which a JSON text may hold.
    """
    return enumerate(io.StringIO(text), 1)


def parse_row(text: str) -> JsonRow:
    """Parse one line.

    Raises:
        ValueError: Not exactly one JSON object, a key that stands twice, NaN or Infinity, or half a character; one
            clear line.
    """
    try:
        values = STRICT_DECODER.decode(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        # Slower by far, and able to say what is wrong at which column.
        values = _parse_in_place(text)[0]
    if text.count("[") + text.count("{") > _DEEPEST and nests_deeply(values):
        raise ValueError("is not valid JSON: nested too deeply")
    if (half := half_character(text, values)) is not None:
        raise ValueError(half)
    return JsonRow(text, values)


def _parse_in_place(text: str) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
    """Return the values of a line, and start and end of each of them in it."""
    at = skip_blank(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("is not a JSON object: a row starts with {")
    values: dict[str, Any] = {}
    spans: dict[str, tuple[int, int]] = {}
    at = skip_blank(text, at + 1)
    while text[at : at + 1] != "}" or values:
        if text[at : at + 1] != '"':
            raise ValueError(f"is not valid JSON: a key in double quotes is expected at column {at + 1}")
        try:
            key, at = scanstring(text, at + 1, True)
            at = _expect(text, at, ":")
            value, end = STRICT_DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ValueError(f"is not valid JSON: {error.msg} at column {error.pos + 1}") from None
        except RecursionError:
            raise ValueError("is not valid JSON: nested too deeply") from None
        if key in values:
            raise ValueError(f"the key {key!r} stands twice")
        values[key], spans[key] = value, (at, end)
        at = skip_blank(text, end)
        if text[at : at + 1] == "}":
            break
        at = _expect(text, at, ",")
    if text[at + 1 :].strip(_SPACE):
        raise ValueError(f"is not one JSON object: more text follows at column {skip_blank(text, at + 1) + 1}")
    return values, spans


def skip_blank(text: str, at: int) -> int:
    """Return the place of the next character that is not white space."""
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]


def _expect(text: str, at: int, sign: str) -> int:
    """Skip white space, ``sign`` and white space."""
    at = skip_blank(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"is not valid JSON: {sign!r} is expected at column {at + 1}")
    return skip_blank(text, at + 1)


def array_items(text: str, start: int) -> Generator[tuple[int, Any], None, int]:
    """Yield the place and the content of the values of a JSON array, and return where it ends.

    Args:
        text: JSON.
        start: Place of the opening bracket.

    Raises:
        json.JSONDecodeError: A value is no JSON, or the array is not closed.
        NotJson: A value that only Python's reader takes.
    """
    at = skip_blank(text, start + 1)
    while text[at : at + 1] != "]":
        if at >= len(text):
            raise json.JSONDecodeError("Expecting ']'", text, len(text) - 1)
        value, end = STRICT_DECODER.raw_decode(text, at)
        yield at, value
        at = skip_blank(text, end)
        if text[at : at + 1] == ",":
            at = skip_blank(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, min(at, len(text) - 1))
    return at + 1

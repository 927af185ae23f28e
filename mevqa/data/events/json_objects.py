"""Objects of JSON files with the lines on which they begin, so that what is wrong with one can be found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.json_rows import STRICT_DECODER, NotJson


def read_objects(path: Path, text: str) -> list[tuple[int, Any]]:
    """Return the elements of a list in JSON, or the rows of JSON lines, with their 1-based lines.

    Args:
        path: The file; its suffix tells JSON from JSON lines.
        text: Its content.

    Raises:
        InputError: It is empty, is no JSON, or holds neither a list nor an object with a list ``events``.
    """
    decoder = STRICT_DECODER
    try:
        start = _skip(text, 0)
        if path.suffix.lower() == ".jsonl":
            return list(_one_a_line(path, text))
        if start == len(text):
            raise InputError([Problem(path, "is empty")])
        if text[start] == "[":
            return list(_elements(text, start, decoder))
        content, _ = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise InputError([Problem(path, f"is not valid JSON: {error.msg}", error.lineno)]) from error
    except NotJson as error:
        raise InputError([Problem(path, str(error))]) from error
    except RecursionError as error:
        raise InputError([Problem(path, "is not valid JSON: nested too deeply")]) from error
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list):
        raise InputError([Problem(path, 'is no list of events; write [{"video": ..., "onset": ..., "offset": ...}]')])
    place = text.index("[", re.search(r'"events"\s*:', text).end())  # type: ignore[union-attr]
    return list(_elements(text, place, decoder))


def _one_a_line(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    problems = []
    for line, row in enumerate(text.splitlines(), 1):
        try:
            if row.strip():
                yield line, STRICT_DECODER.decode(row)
        except json.JSONDecodeError as error:
            problems.append(Problem(path, f"is not valid JSON: {error.msg}", line))
        except NotJson as error:
            problems.append(Problem(path, str(error), line))
        except RecursionError:
            problems.append(Problem(path, "is not valid JSON: nested too deeply", line))
    if problems:
        raise InputError(problems)


def _elements(text: str, start: int, decoder: json.JSONDecoder) -> Iterator[tuple[int, Any]]:
    """Yield the elements of the list that begins at ``start``, with their lines."""
    place = _skip(text, start + 1)
    while place < len(text) and text[place] != "]":
        line = text.count("\n", 0, place) + 1
        value, place = decoder.raw_decode(text, place)
        yield line, value
        place = _skip(text, place)
        if place < len(text) and text[place] == ",":
            place = _skip(text, place + 1)
        elif place >= len(text) or text[place] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, min(place, len(text)))
    if place >= len(text):
        raise json.JSONDecodeError("Expecting ']'", text, len(text))


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place

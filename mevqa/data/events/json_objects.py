"""Objects of JSON files with the lines on which they begin, so that what is wrong with one can be found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.json_rows import STRICT_DECODER, NotJson, array_items, numbered_lines


def read_objects(path: Path, text: str) -> list[tuple[int, Any]]:
    """Return the elements of a list in JSON, or the rows of JSON lines, with their 1-based lines.

    Args:
        path: The file; its suffix tells JSON from JSON lines.
        text: Its content.

    Raises:
        InputError: It is empty, is no JSON, or holds neither a list nor an object with a list ``events``.
    """
    try:
        start = len(text) - len(text.lstrip())
        if path.suffix.lower() == ".jsonl":
            return list(_one_a_line(path, text))
        if start == len(text):
            raise InputError([Problem(path, "is empty")])
        if text[start] == "[":
            return list(_elements(text, start))
        content, _ = STRICT_DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise InputError([Problem(path, f"is not valid JSON: {error.msg}", error.lineno)]) from error
    except NotJson as error:
        raise InputError([Problem(path, str(error))]) from error
    except RecursionError as error:
        raise InputError([Problem(path, "is not valid JSON: nested too deeply")]) from error
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list):
        raise InputError([Problem(path, 'is no list of events; write [{"video": ..., "onset": ..., "offset": ...}]')])
    list_start = text.index("[", re.search(r'"events"\s*:', text).end())  # type: ignore[union-attr]
    return list(_elements(text, list_start))


def _one_a_line(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    problems = []
    for line, row in numbered_lines(text):
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


def _elements(text: str, start: int) -> Iterator[tuple[int, Any]]:
    """Yield the elements of the list that begins at ``start``, with their lines."""
    line, counted = 1, 0
    for offset, value in array_items(text, start):
        line, counted = line + text.count("\n", counted, offset), offset
        yield line, value

"""A file that holds one JSON object, read strictly: every fault is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.inputs import read_file
from mevqa.files.json_rows import STRICT_DECODER, half_character, nests_deeply
from mevqa.files.system_errors import unreadable


def read_json_object(path: Path, hint: str = "") -> dict[str, Any]:
    """Return the object in a JSON file.

    Args:
        path: The file.
        hint: The mend, added to what is wrong.

    Raises:
        InputError: The file cannot be read, is not UTF-8 or not JSON, holds no object, a key twice, a number that
            cannot be held or half a character, or nests too deeply.
    """
    line = None
    try:
        text = read_file(path).decode("utf-8-sig")
        value = STRICT_DECODER.decode(text)
        if not isinstance(value, dict):
            raise ValueError("is not a JSON object")
        if nests_deeply(value):
            raise RecursionError
        if half := half_character(text, value, may_name_files=True):
            raise ValueError(half)
        return value
    except OSError as error:
        message = unreadable(error)
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start + 1}"
    except json.JSONDecodeError as error:
        message, line = f"is not JSON: {error.msg} at column {error.colno}", error.lineno
    except RecursionError:
        message = "is not JSON: nested too deeply"
    except ValueError as error:
        message = str(error)
    raise InputError([Problem(path, message + hint, line)])

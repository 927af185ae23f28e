"""Packages of the extra ``physiology``, imported where they are needed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem


def import_extra(name: str, needed_by: Path | str) -> Any:
    """Return a package of the extra.

    Args:
        name: The package.
        needed_by: What cannot be done without it, for the message.

    Raises:
        InputError: It is not installed; one line with the mend.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        said = f"needs the package {name}, which is not there: pip install 'mevqa[physiology]'"
        raise InputError([Problem(needed_by, said)]) from error

"""Packages of the extra ``physiology``, imported where they are needed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem


def import_extra(name: str, needed_by: Path | str) -> Any:
    """Import a package of the extra ``physiology``.

    Args:
        name: The package.
        needed_by: Feature or file that needs it, for the message.

    Raises:
        InputError: It is not installed; one line with the mend.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"needs the package {name}, which is not there: pip install 'mevqa[physiology]'"
        raise InputError([Problem(needed_by, message)]) from error

"""Ensembles: several runs on the same questions fused into one.

Public is what ``__all__`` names; each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "Calibration": "temperatures",
    "Member": "members",
    "Vote": "fusing",
    "answer_by_votes": "answering",
    "calibrate": "temperatures",
    "fuse": "fusing",
    "read_members": "members",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)

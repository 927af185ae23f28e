"""Benchmark suites: what is asked of which models, and their table beside published numbers.

Public is what ``__all__`` names; each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "Outcome": "results",
    "PublishedGroup": "published",
    "Suite": "suite",
    "SuiteResult": "results",
    "plan_suite": "suite",
    "read_suite": "suite",
    "suite_names": "suite",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)

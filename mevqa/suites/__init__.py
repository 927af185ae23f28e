"""Benchmark suites: questions, models, and their results in one table beside published numbers.

Public is what ``__all__`` names; each name is imported when it is first used.
"""

from __future__ import annotations

from mevqa.public_names import import_on_use

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
__getattr__ = import_on_use(__name__, _PUBLIC)

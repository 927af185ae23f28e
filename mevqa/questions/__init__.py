"""Question types and their answers: what is asked, and how what was written is read.

Public is what ``__all__`` names; each name is imported when it is first used. ``types`` has the classes of questions.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "PriorAnswer": "prior",
    "PromptLibrary": "prompts",
    "normalise": "answers",
    "parse_question": "question_types",
    "prior_answer": "prior",
    "question_type": "question_types",
    "read_answer": "answers",
    "register_question_type": "question_types",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)

"""Question types and their answers: what is asked, and how what was written is read.

Public is what ``__all__`` names; each name is imported when it is first used. ``types`` has the classes of questions.
"""

from __future__ import annotations

from mevqa.public_names import import_on_use

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
__getattr__ = import_on_use(__name__, _PUBLIC)

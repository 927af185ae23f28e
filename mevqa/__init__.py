"""mevqa: ask vision-language models about facial micro-expressions in video.

The names below are the public interface; each is imported when it is first used, so that ``import mevqa`` costs
nothing and never loads torch.
"""

from __future__ import annotations

import os

# Nothing else is imported here: until the command's own handler stands, an interrupt is a traceback of Python's.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Libraries below tell their makers nothing of what is done here, unless the user says otherwise.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")

__version__ = "0.1.0"

_PUBLIC = {
    "ActionUnit": "mevqa.facs",
    "Answer": "mevqa.types",
    "Clip": "mevqa.types",
    "Event": "mevqa.events",
    "InputError": "mevqa.errors",
    "ViewConfig": "mevqa.inference.view_config",
    "MediaError": "mevqa.errors",
    "MevqaError": "mevqa.errors",
    "ModelError": "mevqa.errors",
    "ModelOptions": "mevqa.models.load",
    "Moment": "mevqa.types",
    "PromptLibrary": "mevqa.questions.prompts",
    "Question": "mevqa.types",
    "QuestionType": "mevqa.types",
    "View": "mevqa.types",
    "answer_clip": "mevqa.inference.engine",
    "AskOptions": "mevqa.inference.answerer",
    "Run": "mevqa.api.run",
    "ScoreResult": "mevqa.scoring.result",
    "SpotOptions": "mevqa.spotting.motion.spotter",
    "ViewOptions": "mevqa.inference.view_config",
    "ask": "mevqa.api.ask",
    "check_submission": "mevqa.api.submit",
    "compare": "mevqa.api.score",
    "evaluate": "mevqa.api.evaluate",
    "fix_submission": "mevqa.api.submit",
    "score": "mevqa.api.score",
    "submit": "mevqa.api.submit",
    "write_report": "mevqa.api.report",
    "convert": "mevqa.data.conversion.convert",
    "find_clips": "mevqa.data.media",
    "finetune": "mevqa.training.finetune",
    "load_model": "mevqa.models.load",
    "render_clip": "mevqa.video.views.render",
    "open_run": "mevqa.api.run",
    "open_video": "mevqa.video.reading.reader",
    "parse_question": "mevqa.questions.question_types",
    "parse_units": "mevqa.facs",
    "read_annotations": "mevqa.data.annotations",
    "read_clips": "mevqa.training.examples.clips",
    "read_long_annotations": "mevqa.data.annotations",
    "read_questions": "mevqa.data.official",
    "read_recipe": "mevqa.training.recipe",
    "register_sampler": "mevqa.video.views.sampler",
    "register_view": "mevqa.video.views.registry",
    "synthesise": "mevqa.synthetic.writer",
    "taxonomy": "mevqa.facs",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mevqa' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

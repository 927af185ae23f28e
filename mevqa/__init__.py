"""mevqa: ask vision-language models about facial micro-expressions in video.

The names below are the public interface (``__init__.pyi`` has them for type checkers), with what the ``__all__`` of
a package names; each is imported when it is first used, so that ``import mevqa`` costs nothing and never loads torch.
"""

from __future__ import annotations

import os

# Nothing else is imported here: until the command's own handler stands, an interrupt is a traceback of Python's.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Libraries below send no usage data to their makers, unless the user allows it.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")

__version__ = "0.1.0"

_PUBLIC = {
    "ActionUnit": "mevqa.facs",
    "Answer": "mevqa.types",
    "AskOptions": "mevqa.inference.loading",
    "Calibrator": "mevqa.spotting.motion.calibration",
    "Clip": "mevqa.types",
    "ClipAnswers": "mevqa.inference.engine",
    "ClipProgress": "mevqa.inference.answering.run",
    "ClosedQuestion": "mevqa.questions.types",
    "CountQuestion": "mevqa.questions.types",
    "Descriptions": "mevqa.api.datasets.describe",
    "Ensemble": "mevqa.api.evaluation.ensemble",
    "Event": "mevqa.events",
    "Export": "mevqa.training.export.write",
    "FineTuningResult": "mevqa.training.result",
    "ImportedAdapter": "mevqa.training.adapters.foreign_adapter",
    "InputError": "mevqa.errors",
    "IntervalQuestion": "mevqa.questions.types",
    "LosoResult": "mevqa.api.training.train",
    "MediaError": "mevqa.errors",
    "Merged": "mevqa.training.adapters.merge",
    "MevqaError": "mevqa.errors",
    "Model": "mevqa.models.base",
    "ModelError": "mevqa.errors",
    "ModelOptions": "mevqa.models.base",
    "Moment": "mevqa.types",
    "Preferences": "mevqa.models.base",
    "Problem": "mevqa.errors",
    "PromptLibrary": "mevqa.questions.prompts",
    "Question": "mevqa.types",
    "QuestionType": "mevqa.questions.types",
    "Recipe": "mevqa.training.recipes.recipe",
    "Reply": "mevqa.types",
    "Request": "mevqa.types",
    "Run": "mevqa.api.evaluation.run",
    "ScoreResult": "mevqa.scoring.result",
    "SentenceQuestion": "mevqa.questions.types",
    "Span": "mevqa.video.views.sampler",
    "SpotOptions": "mevqa.spotting.base",
    "Spotter": "mevqa.spotting.base",
    "Spotting": "mevqa.spotting.base",
    "Submission": "mevqa.submission.writer",
    "SuiteResult": "mevqa.suites.results",
    "SyntheticSet": "mevqa.synthetic.writer",
    "UnitListQuestion": "mevqa.questions.types",
    "View": "mevqa.types",
    "ViewConfig": "mevqa.inference.view_config",
    "ViewOptions": "mevqa.inference.view_config",
    "answer_clip": "mevqa.inference.engine",
    "apply_fusion": "mevqa.api.videos.physiology",
    "ask": "mevqa.api.videos.ask",
    "available": "mevqa.api.listing",
    "check": "mevqa.api.datasets.check",
    "check_submission": "mevqa.api.evaluation.submit",
    "compare": "mevqa.api.evaluation.score",
    "convert": "mevqa.data.conversion.convert",
    "decode_curves": "mevqa.api.spotting.curves",
    "describe": "mevqa.api.datasets.describe",
    "describe_signals": "mevqa.api.videos.physiology",
    "ensemble": "mevqa.api.evaluation.ensemble",
    "evaluate": "mevqa.api.evaluation.evaluate",
    "evaluate_suite": "mevqa.api.suites.suite",
    "export_conversations": "mevqa.api.datasets.export",
    "find_clips": "mevqa.data.media",
    "finetune": "mevqa.api.training.train",
    "fit_spotter": "mevqa.api.spotting.spot",
    "fix_submission": "mevqa.api.evaluation.submit",
    "fuse_signals": "mevqa.api.videos.physiology",
    "import_adapter": "mevqa.api.datasets.import_results",
    "import_predictions": "mevqa.api.datasets.import_results",
    "load_model": "mevqa.models.registry",
    "loso": "mevqa.api.training.train",
    "loso_folds": "mevqa.api.training.train",
    "measure_features": "mevqa.api.spotting.features",
    "merge": "mevqa.api.training.merge",
    "open_run": "mevqa.api.evaluation.run",
    "open_video": "mevqa.video.reading.reader",
    "parse_question": "mevqa.questions.question_types",
    "parse_units": "mevqa.facs",
    "prepare": "mevqa.api.datasets.prepare",
    "prior_answer": "mevqa.questions.prior",
    "read_annotations": "mevqa.data.annotations",
    "read_clips": "mevqa.training.examples.clips",
    "read_long_annotations": "mevqa.data.annotations",
    "read_questions": "mevqa.data.official",
    "read_recipe": "mevqa.training.recipes.recipe",
    "register_dataset": "mevqa.datasets",
    "register_model": "mevqa.models.registry",
    "register_question_type": "mevqa.questions.question_types",
    "register_sampler": "mevqa.video.views.sampler",
    "register_spotter": "mevqa.spotting.registry",
    "register_view": "mevqa.video.views.registry",
    "render_clip": "mevqa.video.views.render",
    "report": "mevqa.api.evaluation.report",
    "sample": "mevqa.api.videos.sample",
    "save_annotation": "mevqa.data.annotate",
    "score": "mevqa.api.evaluation.score",
    "signal_features": "mevqa.api.videos.physiology",
    "spot": "mevqa.api.spotting.spot",
    "spot_and_recognise": "mevqa.api.spotting.spot_and_recognise",
    "spot_folder": "mevqa.api.spotting.spot",
    "submit": "mevqa.api.evaluation.submit",
    "synthesise": "mevqa.synthetic.writer",
    "taxonomy": "mevqa.datasets",
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

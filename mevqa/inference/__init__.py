"""From clips and questions to answers: what is seen, who is asked, and the runs that are kept.

Public is what ``__all__`` names; each name is imported when it is first used: a score or a report of a run needs
neither models nor videos.
"""

from __future__ import annotations

from mevqa.public_names import import_on_use

_PUBLIC = {
    "Answerer": "loading",
    "AskOptions": "loading",
    "ClipAnswers": "engine",
    "ClipProgress": "answering.run",
    "LongVideoResult": "long_videos.analysis",
    "Plan": "evaluation",
    "Prepared": "prepared",
    "RunRecord": "runs",
    "RunWriter": "runs",
    "Source": "evaluation",
    "ViewConfig": "view_config",
    "ViewOptions": "view_config",
    "analyse_long_video": "long_videos.analysis",
    "answer_clip": "engine",
    "answer_plan": "answering.run",
    "load_answerer": "loading",
    "open_run": "runs",
    "plan": "evaluation",
    "plan_prepared": "evaluation",
    "prepare_plan": "preparing",
    "recognise": "long_videos.recognition",
    "start_run": "runs",
}

__all__ = sorted(_PUBLIC)
__getattr__ = import_on_use(__name__, _PUBLIC)

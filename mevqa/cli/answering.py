"""Planned questions to a run: what `mevqa eval` does for one model, alone or as one of a suite."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.options import asking, fingerprint_settings

if TYPE_CHECKING:
    from mevqa.inference.evaluation import Plan
    from mevqa.inference.runs import RunWriter


def answer_all(args: argparse.Namespace, work: Plan, out: Path, facts: Mapping[str, Any] | None = None) -> RunWriter:
    """Load the model, answer what the run still lacks with a progress display, and return the closed run.

    Args:
        args: Options of the model and of how clips are looked at; ``args.model`` is one name.
        work: The plan.
        out: The run folder.
        facts: What a reader of the run wants to know besides.

    Raises:
        InputError: An option is wrong, another process writes the run, or it was made with other inputs.
        ModelError: The model cannot be loaded.
    """
    from mevqa.cli.progress import clip_progress, remaining_counts
    from mevqa.files.lock import hold_folder
    from mevqa.inference.evaluation import answer, begin, check_views
    from mevqa.inference.fingerprint import run_fingerprint
    from mevqa.inference.runs import check_run_folder

    check_run_folder(out)
    # Held before the model is loaded: who comes second should not wait minutes to be told.
    with hold_folder(out):
        model, prompts, view_config = asking(args)
        check_views(work, view_config)
        consistency = args.consistency == "on"
        settings = fingerprint_settings(args, model)
        fingerprint = run_fingerprint(work, model, prompts, view_config, consistency=consistency, settings=settings)
        with begin(work, out, fingerprint, facts) as log:
            clips, questions = remaining_counts(work, log)
            with clip_progress(clips, questions) as shown:
                asked = answer(work, log, model, prompts, view_config, consistency=consistency, progress=shown.frames)
                for answers in asked:
                    shown.advance(answers)
    return log

"""Estimates of what a served model will cost, as ``mevqa eval --estimate`` prints them."""

from __future__ import annotations

from functools import partial

from mevqa.api.evaluation.arguments import QuestionFiles
from mevqa.api.paths import AnyPath, optional_path
from mevqa.errors import errors_name_parameters
from mevqa.inference.answering.estimate import Estimate, check_can_estimate, estimate
from mevqa.inference.answering.run import check_questions
from mevqa.inference.loading import AskOptions, load_answerer


@errors_name_parameters
def estimate_usage(files: QuestionFiles, asking: AskOptions, *, out: AnyPath | None = None) -> Estimate:
    """Estimate pictures and tokens of an evaluation by a served model, which is asked for a few short replies only.

    Args:
        files: The question files, and where their clips are.
        asking: How the served model (``openai:NAME``) is asked.
        out: The run folder, of which only what is not answered counts; it need not be there.

    Raises:
        InputError: Everything that is wrong with files or options.
        ModelError: The model is not served, or its server cannot be reached or does not count tokens.
        MevqaError: Shots or several samples are asked for, which are not counted.
    """
    check_can_estimate(asking)
    work = files.plan()
    answerer = load_answerer(asking, work.prepared, partial(check_questions, work, work))
    return estimate(work, answerer, optional_path(out))

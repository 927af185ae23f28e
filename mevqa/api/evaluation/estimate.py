"""Estimates of what a served model will cost, as ``mevqa eval --estimate`` prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from mevqa.api.evaluation.evaluate import ask_options, plan_questions
from mevqa.api.paths import AnyPath, optional_path
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import errors_name_parameters
from mevqa.inference.answering.estimate import Estimate, check_is_served, estimate
from mevqa.inference.answering.run import check_questions
from mevqa.inference.loading import load_answerer
from mevqa.inference.view_config import ViewOptions
from mevqa.models.base import Model, ModelOptions
from mevqa.questions.prompts import PromptLibrary


@errors_name_parameters
def estimate_usage(
    questions: AnyPath | Sequence[AnyPath],
    model: str | Model,
    *,
    out: AnyPath | None = None,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    numbers: FolderNumbers = "names",
    limit: int | None = None,
    notes: AnyPath | None = None,
    views: ViewOptions | str | Sequence[str] | None = None,
    prompts: PromptLibrary | AnyPath | None = None,
    variant: str | None = None,
    consistency: bool = True,
    options: ModelOptions | None = None,
) -> Estimate:
    """Estimate pictures and tokens of an evaluation by a served model, which is asked for a few short replies only.

    Args:
        questions: As for ``evaluate``, like all other arguments.
        model: A served model, ``openai:NAME``.
        out: The run folder, of which only what is not answered counts; it need not be there.
        media: Folder of the clips.
        annotations: Onset, apex and offset.
        precomputed: Folders of ready-made pictures by view name.
        numbers: How the frames of folders were numbered.
        limit: Only the first so many clips.
        notes: Table of clip and note.
        views: What the model sees.
        prompts: Folder of prompt files that replace the shipped ones.
        variant: Prompt variant.
        consistency: Whether a clip's answers are decided together.
        options: How the model is reached and asked.

    Raises:
        InputError: Everything that is wrong with files or options.
        ModelError: The model is not served, or its server cannot be reached or does not count tokens.
    """
    check_is_served(model)
    work, _ = plan_questions(questions, media, annotations, precomputed, numbers, limit, notes)
    asking = ask_options(model, views, prompts, variant, options, consistency=consistency)
    asked = load_answerer(asking, work.prepared, partial(check_questions, work, work))
    return estimate(work, asked, optional_path(out))

"""Conversations with pictures that other toolkits train on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mevqa.api.evaluation.arguments import QuestionFiles
from mevqa.api.paths import AnyPath, optional_path
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.inference.answering.run_views import DrawOptions, run_views
from mevqa.inference.evaluation import Plan, check_notes, check_views, check_words
from mevqa.inference.fingerprint import input_digests, package_versions, view_config_record
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.models.base import Preferences
from mevqa.models.registry import own_preferences, own_prompts
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.export.conversations import clip_conversations, short_questions
from mevqa.training.export.divisions import divide
from mevqa.training.export.formats import format_named
from mevqa.training.export.write import Export, check_out, write_export
from mevqa.video.reading.key_frames import KEY_FRAME_RULES

#: Packages whose release can change a picture.
_PACKAGES = ("mevqa", "numpy", "opencv-python-headless", "av", "decord", "pillow")


@errors_name_parameters
def export_conversations(
    questions: AnyPath | Sequence[AnyPath],
    *,
    out: AnyPath,
    format: str = "messages",
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    numbers: FolderNumbers = "names",
    views: ViewOptions | str | Sequence[str] | None = None,
    model: str | None = None,
    prompts: AnyPath | None = None,
    variant: str | None = None,
    notes: AnyPath | None = None,
    folds: str | int | None = None,
    validation: float = 0.0,
    seed: int = 0,
    workers: int = 1,
    views_cache: AnyPath | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Export:
    """Write questions about clips as conversations with pictures that other toolkits train on.

    Each question is a conversation of its own, with the prompts and answers that ``finetune`` trains; answers and
    adapters come back by ``import_predictions`` and ``import_adapter``.

    Args:
        questions: One question file, or several; or a prepared benchmark (``prepare``).
        out: A new folder.
        format: ``messages`` (ms-swift, LLaMA-Factory), ``sharegpt`` (LLaMA-Factory), ``llava``, or ``hf`` (trl: a data
            set with the pictures inside).
        media: Folder of the clips: videos or folders of frames.
        annotations: Onset, apex and offset: our CSV, or a data set's label file.
        precomputed: Folders of ready-made pictures by view name.
        numbers: Where a data set's label file tells frame numbers, how the frames of folders were numbered.
        views: What the model sees: names of views in order, or all choices; None: as the model prefers.
        model: The model whose preferences decide what is not chosen; None: what any chat model is shown.
        prompts: Folder of prompt files that replace the shipped ones.
        variant: Prompt variant; None: as the model prefers.
        notes: Table of clip and note: a sentence about each clip that the prompt carries.
        folds: ``subject`` (leave one out), ``dataset`` (leave one out) or a number of groups of subjects; None: no
            folds: what has answers is the training split, what has none the test split.
        validation: Share of each training split that is kept as the validation split, by whole subjects.
        seed: Decides between equal divisions.
        workers: Processes that draw.
        views_cache: Folder in which pictures are stored for other runs, as for ``evaluate``.
        progress: Called with clips done and clips in all.

    Raises:
        InputError: Everything that is wrong with the files, or else with the options; every clip that cannot be drawn;
            a subject is not known.
        LeakError: A clip or a person would be in two splits.
        ModelError: There is no such model.
        ValueError: There is no such format.
    """
    form, out = format_named(format), Path(out)
    check_out(out)
    _check_division(folds, validation)
    full_plan = QuestionFiles(questions, media, annotations, precomputed, numbers, notes=notes).plan()
    preferences = own_preferences(model) if model is not None else Preferences()
    prompt_folder = optional_path(prompts) or (own_prompts(model) if model is not None else None)
    library = PromptLibrary.load(prompt_folder, variant or preferences.variant)
    view_config = _view_config(full_plan, views, preferences)
    conversations = clip_conversations(full_plan, library)
    check_notes(full_plan.clips.values(), library)
    check_words(view_config.views, library)
    divisions = divide(conversations, folds=folds, validation=validation, seed=seed)
    short_plan = short_questions(full_plan)
    check_views(short_plan, view_config)
    fingerprint = _fingerprint(short_plan, library, view_config)
    with run_views(short_plan, DrawOptions(workers, optional_path(views_cache))) as drawing:
        drawing.begin(view_config, out)
        export = write_export(
            full_plan,
            conversations,
            divisions,
            out,
            form=form,
            drawn_by=drawing.drawn_by(view_config, short_plan.questions) or short_plan.prepared or view_config,
            decides=fingerprint,
            preferences=_preferences(library, view_config, preferences),
            prompts=prompt_folder,
            progress=progress,
        )
    return export


def _fingerprint(work: Plan, library: PromptLibrary, view_config: ViewConfig) -> dict[str, Any]:
    """Return the fingerprint of an export: everything that decides its pictures and prompts."""
    return {
        **input_digests(work),
        "prompts": library.digest,
        "looking": view_config_record(view_config),
        "key_frames": KEY_FRAME_RULES,
        "packages": package_versions(_PACKAGES),
    }


def _preferences(library: PromptLibrary, view_config: ViewConfig, of_model: Preferences) -> Preferences:
    """Return the preferences of a model that is trained on an export: its views, prompts and option score."""
    return Preferences(
        views=view_config.views,
        sampler=view_config.sampler,
        frames=view_config.frames,
        variant=library.variant,
        option_score="sum",
        sees_rest=of_model.sees_rest,
    )


def _view_config(work: Plan, views: ViewOptions | str | Sequence[str] | None, preferences: Preferences) -> ViewConfig:
    options = views if isinstance(views, ViewOptions) else ViewOptions(views)
    return options.for_model(preferences) if work.prepared is None else work.prepared.view_config(options)


def _check_division(folds: str | int | None, validation: float) -> None:
    """Refuse folds and shares of validation that cannot divide subjects."""
    problems = []
    if not 0 <= validation < 1:
        problems.append(Problem("--validation", f"is {validation:g}; it must be at least 0 and below 1"))
    is_number = isinstance(folds, int) or (isinstance(folds, str) and folds.isdecimal())
    if folds is not None and folds not in ("subject", "dataset") and not (is_number and int(folds) >= 2):
        problems.append(Problem("--folds", f"is {folds!r}; it must be subject, dataset, or a number of at least 2"))
    if problems:
        raise InputError(problems)

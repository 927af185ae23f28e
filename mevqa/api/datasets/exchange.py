"""Training data for other toolkits, and what they trained and answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mevqa.api.evaluation.evaluate import plan_questions
from mevqa.api.evaluation.run import Run
from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.inference.answering.run_views import DrawOptions, run_views
from mevqa.inference.evaluation import Plan, check_notes, check_views, check_words, plan
from mevqa.inference.fingerprint import input_digests, package_versions, view_config_record
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.models.base import Preferences
from mevqa.models.registry import own_preferences, own_prompts
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.adapters import foreign_adapter
from mevqa.training.adapters.foreign_adapter import ImportedAdapter
from mevqa.training.export.conversations import clip_conversations, short_questions
from mevqa.training.export.divisions import divide
from mevqa.training.export.formats import format_named
from mevqa.training.export.predictions import (
    expected_of_export,
    expected_of_questions,
    plan_without_media,
    read_predictions,
    write_run,
)
from mevqa.training.export.record import ExportedFolder
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
    every, _ = plan_questions(questions, media, annotations, precomputed, numbers, None, notes)
    preferences = own_preferences(model) if model is not None else Preferences()
    own = optional_path(prompts) or (own_prompts(model) if model is not None else None)
    library = PromptLibrary.load(own, variant or preferences.variant)
    view_config = _view_config(every, views, preferences)
    conversations = clip_conversations(every, library)
    check_notes(every.clips.values(), library)
    check_words(view_config.views, library)
    divisions = divide(conversations, folds=folds, validation=validation, seed=seed)
    work = short_questions(every)
    check_views(work, view_config)
    decides = {
        **input_digests(work),
        "prompts": library.digest,
        "looking": view_config_record(view_config),
        "key_frames": KEY_FRAME_RULES,
        "packages": package_versions(_PACKAGES),
    }
    wanted = Preferences(
        views=view_config.views,
        sampler=view_config.sampler,
        frames=view_config.frames,
        variant=library.variant,
        option_score="sum",
        sees_rest=preferences.sees_rest,
    )
    with run_views(work, DrawOptions(workers, optional_path(views_cache))) as drawing:
        drawing.begin(view_config, out)
        done = write_export(
            every,
            conversations,
            divisions,
            out,
            form=form,
            drawn_by=drawing.drawn_by(view_config, work.questions) or work.prepared or view_config,
            decides=decides,
            preferences=wanted,
            prompts=own,
            progress=progress,
        )
    return done


@errors_name_parameters
def import_predictions(
    predictions: AnyPath | Sequence[AnyPath],
    *,
    out: AnyPath,
    export: AnyPath | None = None,
    split: str | None = None,
    questions: AnyPath | Sequence[AnyPath] | None = None,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    model: str = "imported",
    partial: bool = False,
    consistency: bool = False,
) -> Run:
    """Write what another toolkit predicted as a run, which is scored, reported and submitted like any.

    Args:
        predictions: Files of ms-swift, LLaMA-Factory, OpenAI batches, chat messages with answers and their kin; of
            several folds, one file each, in any order.
        out: A new folder.
        export: The folder of ``export_conversations`` that was answered.
        split: Which split of it, of all folds; None: ``test``, or the only one that there is.
        questions: The question files that were answered, where there is no export.
        media: Folder of the clips, for the pictures of the report.
        annotations: Onset, apex and offset, likewise.
        model: What the run calls the model.
        partial: Whether questions may have no record; they are errors in the run.
        consistency: Whether a clip's answers are decided together; otherwise each is read as it was written.

    Returns:
        The run. A prediction that is empty or cannot be read has ``error``, and is no answer.

    Raises:
        InputError: Everything that is wrong with the files: records of no question, two of one, another order, none.
    """
    if (export is None) == (questions is None):
        raise InputError([Problem("--export", "name the export that was answered, or else --questions FILE")])
    if split is not None and export is None:
        raise InputError([Problem("--split", "is a split of an export: name it with --export")])
    exported = ExportedFolder(Path(export)) if export is not None else None
    files = exported.files if exported is not None else path_list(questions or ())
    if media is None and annotations is None:
        known = {} if exported is None else {name: clip.dataset for name, clip in exported.record.clips.items()}
        work = plan_without_media(files, known)
    else:
        work = plan(files, optional_path(media), annotations=optional_path(annotations))
    if exported is None:
        every = [question for file in work.files for question in file.questions]
        expected = expected_of_questions(every, ", ".join(file.name for file in files))
    else:
        expected = expected_of_export(exported, split)
    read = read_predictions(path_list(predictions), expected, partial=partial)
    record = write_run(work, expected, read, Path(out), model=model, exported=exported, consistency=consistency)
    return Run(record.path, record.manifest, record.answers, record.lines)


@errors_name_parameters
def import_adapter(
    adapter: AnyPath,
    *,
    model: str,
    out: AnyPath,
    export: AnyPath | None = None,
    fold: str | None = None,
    trust_remote_code: bool = False,
) -> ImportedAdapter:
    """Write an adapter that another toolkit trained as one that can be asked here.

    Args:
        adapter: Its folder, or a name on the hub.
        model: The base model: a folder, a hub name, or ``nano``; its weights are not loaded.
        out: A new folder.
        export: The folder of ``export_conversations`` that it was trained on: views and prompts by which it is asked,
            and the subjects that it has seen, on which ``loso`` refuses to test.
        fold: The fold of the export that it was trained on; None: the training sides of all of them count as seen.
        trust_remote_code: Whether Python code that comes with the model may run.

    Raises:
        InputError: The folder holds something, the export is none, or it has no such fold.
        ModelError: It is no adapter, has pickled weights, or does not fit the model.
    """
    exported = ExportedFolder(Path(export)) if export is not None else None
    return foreign_adapter.import_adapter(
        str(adapter), Path(out), model=model, exported=exported, fold=fold, trust_remote_code=trust_remote_code
    )


def _view_config(work: Plan, views: ViewOptions | str | Sequence[str] | None, preferences: Preferences) -> ViewConfig:
    options = views if isinstance(views, ViewOptions) else ViewOptions(views)
    return options.for_model(preferences) if work.prepared is None else work.prepared.view_config(options)


def _check_division(folds: str | int | None, validation: float) -> None:
    """Refuse what cannot divide subjects."""
    problems = []
    if not 0 <= validation < 1:
        problems.append(Problem("--validation", f"is {validation:g}; it must be at least 0 and below 1"))
    is_number = isinstance(folds, int) or (isinstance(folds, str) and folds.isdecimal())
    if folds is not None and folds not in ("subject", "dataset") and not (is_number and int(folds) >= 2):
        problems.append(Problem("--folds", f"is {folds!r}; it must be subject, dataset, or a number of at least 2"))
    if problems:
        raise InputError(problems)

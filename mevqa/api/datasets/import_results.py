"""Import of predictions and adapters of other toolkits, as runs and adapters of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mevqa.api.evaluation.run import Run
from mevqa.api.paths import AnyPath, optional_path, path_list
from mevqa.errors import InputError, Problem, errors_name_parameters
from mevqa.inference.evaluation import plan
from mevqa.training.adapters import foreign_adapter
from mevqa.training.adapters.foreign_adapter import ImportedAdapter
from mevqa.training.export.predictions import (
    expected_of_export,
    expected_of_questions,
    plan_without_media,
    read_predictions,
    write_run,
)
from mevqa.training.export.record import ExportedFolder


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
    """Write the predictions of another toolkit as a run, which is scored, reported and submitted like any.

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
        InputError: Everything that is wrong with the files: records of no question, two of one, another order, none; or
            not one that answers its question, so that no run is written.
    """
    if (export is None) == (questions is None):
        raise InputError([Problem("--export", "name the export that was answered, or else --questions FILE")])
    if split is not None and export is None:
        raise InputError([Problem("--split", "is a split of an export: name it with --export")])
    exported = ExportedFolder(Path(export)) if export is not None else None
    files = exported.files if exported is not None else path_list(questions or ())
    if media is None and annotations is None:
        datasets = {} if exported is None else {name: clip.dataset for name, clip in exported.record.clips.items()}
        work = plan_without_media(files, datasets)
    else:
        work = plan(files, optional_path(media), annotations=optional_path(annotations))
    if exported is None:
        all_questions = [question for file in work.files for question in file.questions]
        expected = expected_of_questions(all_questions, ", ".join(file.name for file in files))
    else:
        expected = expected_of_export(exported, split)
    joined = read_predictions(path_list(predictions), expected, partial=partial)
    record = write_run(work, expected, joined, Path(out), model=model, exported=exported, consistency=consistency)
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

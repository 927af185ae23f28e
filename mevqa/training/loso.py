"""Leave one subject out: train without each subject, answer its questions, pool all answers and score them once.

A fold's folder holds its adapter and its answers. Nothing is chosen on the held-out subject: the number of steps is the
recipe's, or is found on other subjects of the fold's training side, and what was trained on is read back from the
adapter's own record before the subject is answered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.lock import hold_folder
from mevqa.files.whole import is_vacant, make_folder, write_whole
from mevqa.inference.answering.clips import answer, begin, remaining
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import run_fingerprint
from mevqa.inference.runs import RunRecord, open_run, refuse_changes
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import ModelOptions
from mevqa.models.registry import load_model, own_prompts
from mevqa.questions.prompts import PromptLibrary
from mevqa.safe_text import portable
from mevqa.scoring.answers.score import score_run
from mevqa.scoring.tables import plain_number
from mevqa.table_writer import Table
from mevqa.training.adapters.artifact import read_manifest
from mevqa.training.adapters.trained_subjects import refuse_trained_subjects, start_subjects
from mevqa.training.examples.clips import of_clips, training_clips
from mevqa.training.fold_states import FoldState, fold_states
from mevqa.training.recipes.recipe import AnyRecipe, Recipe
from mevqa.training.recipes.recogniser import RecogniserRecipe
from mevqa.training.recognition.examples import labelled
from mevqa.training.recognition.train import train_recogniser
from mevqa.training.splits import Fold, assert_disjoint, k_folds, leave_one_dataset_out, leave_one_subject_out
from mevqa.training.stages.staged import train
from mevqa.training.trainable_model import base_preferences, prompts_folder, trained_model
from mevqa.video.face.aligned_face import FaceMode

_MANIFEST = "loso.json"
#: Seconds that another shard may take to pool.
_POOLING = 60.0
#: Keys of a recipe that change neither folds nor what is trained in them.
_INDIFFERENT = frozenset({"title", "output", "workers", "log_to", "push_to", "features"})
_FOLDS, _ADAPTER, _RUN, _MEASURED = "folds", "adapter", "run", "measured"
#: Columns of the table of folds, and the score that each holds.
_COLUMNS = {
    "coarse": "coarse.accuracy",
    "fine": "fine.accuracy",
    "presence": "presence.accuracy",
    "side": "side.accuracy",
    "units F1": "au.f1",
}


def make_folds(recipe: Recipe | RecogniserRecipe, work: Plan) -> tuple[Fold, ...]:
    """Divide the clips as the recipe says.

    Raises:
        InputError: A subject is unknown, there are too few to divide, or an adapter that is trained further does not
            tell who it was trained on.
        LeakError: The adapter that is trained further was trained on somebody who is held out.
    """
    folds = _divided(recipe, work)
    if isinstance(recipe, Recipe):
        trained_subjects = start_subjects(recipe)
        held_out = [work.clips[name] for fold in folds for name in fold.test]
        refuse_trained_subjects(recipe, trained_subjects, held_out, whole_datasets=recipe.folds.by == "dataset")
    return folds


def _divided(recipe: Recipe | RecogniserRecipe, work: Plan) -> tuple[Fold, ...]:
    """Return the folds by subject, group of subjects, or data set."""
    settings = recipe.folds
    if settings.by == "subject":
        return leave_one_subject_out(work.clips, of=settings.of)
    if settings.by == "group":
        return k_folds(work.clips, settings.k, recipe.seed, of=settings.of)
    return leave_one_dataset_out(work.clips, of=settings.of)


def start(recipe: AnyRecipe, folds: Sequence[Fold], out: Path) -> None:
    """Write down which folds there are, or check them against those that the folder holds.

    Args:
        recipe: The recipe.
        folds: Every fold.
        out: The folder of all folds.

    Raises:
        InputError: The folder holds something else.
    """
    now = {
        "folds": {fold.name: list(fold.test) for fold in folds},
        "recipe": portable(recipe.model_dump(mode="json", exclude=set(_INDIFFERENT))),
    }
    path = out / _MANIFEST
    if path.is_file():
        before = read_json_object(path)
        before["recipe"] = portable(before.get("recipe"))
        refuse_changes(out, before, now, "these folds were begun", "output=DIR")
        return
    if out.exists() and (not out.is_dir() or not is_vacant(out)):
        raise InputError([Problem(out, "exists and holds no folds; name a new folder: output=DIR")])
    make_folder(out)
    write_whole(path, json.dumps(now, indent=1, ensure_ascii=False) + "\n")


def states(recipe: AnyRecipe, folds: Sequence[Fold], finished: Collection[str], out: Path) -> list[FoldState]:
    """Return the progress of each fold.

    Args:
        recipe: The recipe.
        folds: Every fold.
        finished: Names of those that are finished.
        out: The folder of all folds.

    Raises:
        InputError: The folder holds other folds.
    """
    if (out / _MANIFEST).is_file():
        start(recipe, folds, out)
    return fold_states(folds, finished, out / _FOLDS)


def run_fold(recipe: Recipe | RecogniserRecipe, work: Plan, fold: Fold, out: Path, *, label: str = "") -> RunRecord:
    """Train without the fold's subjects and answer their questions; what is done already is not done again.

    Args:
        recipe: The recipe.
        work: All clips.
        fold: Who is held out.
        out: The folder of all folds.
        label: What the progress calls it.

    Returns:
        The answers of the held-out clips.

    Raises:
        LeakError: A held-out person was trained on.
        InputError: The fold's folder holds another training, or another process writes it.
        ModelError: The training cannot live.
    """
    folder = out / _FOLDS / fold.name
    with hold_folder(folder):
        return _run_fold(recipe, work, fold, folder, label)


def _run_fold(recipe: Recipe | RecogniserRecipe, work: Plan, fold: Fold, folder: Path, label: str) -> RunRecord:
    """Train and answer a fold while nobody else writes its folder."""
    # Nobody of a held-out data set is trained on, whether its subjects are known or not.
    unknown_as_own = recipe.folds.by == "dataset"
    assert_disjoint(fold.train, fold.test, work.clips, unknown_as_own=unknown_as_own)
    learned = of_clips(work, fold.train)
    if isinstance(recipe, RecogniserRecipe):
        measured = folder.parent.parent / _MEASURED
        train_recogniser(recipe, learned, folder / _ADAPTER, label=label, measured=measured)
    else:
        train(recipe, learned, folder / _ADAPTER, label=label)
    learned_from = read_manifest(folder / _ADAPTER)["decides"]["media"]
    assert_disjoint(list(learned_from), fold.test, work.clips, unknown_as_own=unknown_as_own)
    held_out = of_clips(work, fold.test)
    run_folder = folder / _RUN
    return _finished_run(run_folder, held_out) or _answer(recipe, held_out, folder / _ADAPTER, run_folder)


def _answer(recipe: Recipe | RecogniserRecipe, held_out: Plan, adapter: Path, run_folder: Path) -> RunRecord:
    """Answer the held-out clips as any model is asked."""
    name, options, face = _as_model(recipe, adapter)
    model = load_model(name, options)
    preferences = model.preferences
    prompts = PromptLibrary.load(own_prompts(name, options.adapter), preferences.variant)
    frames, stride = (recipe.frames, recipe.stride) if isinstance(recipe, Recipe) else (None, 1)
    view_config = ViewConfig.preferred(preferences, None, None, face, frames, stride)
    settings = {"option_score": preferences.option_score, "seed": recipe.seed, "precision": options.dtype}
    fingerprint = run_fingerprint(held_out, model, prompts, view_config, consistency=True, settings=settings)
    with begin(held_out, run_folder, fingerprint) as log:
        for _ in answer(held_out, log, model, prompts, view_config):
            pass
        return RunRecord(log.path, log.manifest, dict(log.answers))


def _as_model(recipe: Recipe | RecogniserRecipe, adapter: Path) -> tuple[str, ModelOptions, FaceMode]:
    """Return the name and options under which what was trained is asked, and how faces are found."""
    if isinstance(recipe, RecogniserRecipe):
        return f"{recipe.recogniser}:{adapter}", ModelOptions(device=recipe.device, seed=recipe.seed), recipe.face
    return *trained_model(recipe, adapter), recipe.face


def _finished_run(folder: Path, held_out: Plan) -> RunRecord | None:
    """Return the run of the held-out clips when all of it is there."""
    if not (folder / "manifest.json").is_file():
        return None
    run = open_run(folder)
    return None if remaining(held_out, run.answers) else run


def finished_folds(work: Plan, folds: Sequence[Fold], out: Path) -> dict[str, RunRecord]:
    """Return the runs of the folds that are finished, by name."""
    runs = {}
    for fold in folds:
        run = _finished_run(out / _FOLDS / fold.name / _RUN, of_clips(work, fold.test))
        if run is not None:
            runs[fold.name] = run
    return runs


def pool(
    recipe: Recipe | RecogniserRecipe, work: Plan, folds: Sequence[Fold], runs: Mapping[str, RunRecord], out: Path
) -> Path:
    """Put the answers of all folds into one run, as if one model had given them.

    Args:
        recipe: The recipe.
        work: All clips.
        folds: Every fold.
        runs: Their runs.
        out: The folder of all folds.

    Returns:
        The run folder.
    """
    tested = of_clips(work, [clip for fold in folds for clip in fold.test])
    manifests = [{"media": {}, "questions": {}, **runs[fold.name].manifest.get("decides", {})} for fold in folds]
    revisions = "\n".join(str((manifest.get("model") or {}).get("revision")) for manifest in manifests)
    fingerprint: dict[str, Any] = dict(manifests[0])
    fingerprint["media"] = {clip: digest for manifest in manifests for clip, digest in manifest["media"].items()}
    fingerprint["questions"] = {
        name: digest for manifest in manifests for name, digest in manifest["questions"].items()
    }
    fingerprint["model"] = {
        "name": f"{_base_name(recipe)}, fine-tuned without the {recipe.folds.by} that is asked about",
        "revision": hashlib.sha256(revisions.encode()).hexdigest()[:16],
    }
    # The shards that finish last may come to pool at the same time.
    facts = {"folds": {fold.name: list(fold.test) for fold in folds}}
    with hold_folder(out / _RUN, wait=_POOLING), begin(tested, out / _RUN, fingerprint, facts) as log:
        pooled_ids = set(log.answers)
        log.append(
            fold_answer
            for fold in folds
            for fold_answer in runs[fold.name].answers.values()
            if fold_answer.question_id not in pooled_ids
        )
    return out / _RUN


def _base_name(recipe: Recipe | RecogniserRecipe) -> str:
    return recipe.recogniser if isinstance(recipe, RecogniserRecipe) else f"{recipe.model}"


def fold_table(work: Plan, folds: Sequence[Fold], runs: Mapping[str, RunRecord]) -> Table:
    """Return a table with a row a fold.

    One subject shows few classes, so that UF1 and UAR of one fold say nothing; they are computed on all folds' answers
    together.

    Args:
        work: All clips.
        folds: The folds.
        runs: Their answers.
    """
    rows = []
    for fold in folds:
        questions = of_clips(work, fold.test).all_questions
        result = score_run(questions, runs[fold.name].answers, log=runs[fold.name].path)
        cells = [plain_number(result, key) if result is not None else "" for key in _COLUMNS.values()]
        rows.append((fold.name, str(len(fold.test)), *cells))
    return Table("accuracy of each fold", ("held out", "clips", *_COLUMNS), tuple(rows))


def check_answers(recipe: Recipe | RecogniserRecipe, work: Plan) -> Plan:
    """Return the clips that can be trained on or tested, before anything is trained.

    Raises:
        InputError: Answers that are none, in any of the files.
    """
    if isinstance(recipe, RecogniserRecipe):
        return labelled(recipe, work)
    variant = recipe.variant or base_preferences(recipe).variant
    clips = training_clips(work, PromptLibrary.load(prompts_folder(recipe), variant))
    answered_plan = of_clips(work, [clip.clip.id for clip in clips])
    answered = {question.id for clip in clips for question in clip.questions}
    groups = answered_plan.questions.items()
    return replace(
        answered_plan, questions={name: tuple(q for q in questions if q.id in answered) for name, questions in groups}
    )

"""Train a recogniser by its recipe: measure, fit, write whole.

A fit is short beside the measuring of its clips, and has no checkpoints. What was measured of the clips is kept in the
folder until the training is finished, so that the same command after an interruption measures nothing twice and ends
with the same weights.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from mevqa.errors import InputError, Problem
from mevqa.files.lock import hold_folder
from mevqa.files.whole import is_leftover, make_folder, write_whole
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import annotations_digest, media_digests, package_versions
from mevqa.inference.runs import file_digest, refuse_changes
from mevqa.models.base import PREFERENCES_FILE
from mevqa.models.transformers.placement import choose_device
from mevqa.recognition.base import NONE, Classes, Example, Fitting, Level, label_indices
from mevqa.recognition.folder import FittedOn, RecogniserRecord, TrainedRecogniser, read_recogniser, write_recogniser
from mevqa.safe_text import portable
from mevqa.terminal.verbosity import show
from mevqa.training.adapters.artifact import read_manifest
from mevqa.training.recipes.recogniser import RecogniserRecipe
from mevqa.training.recognition.card import recogniser_card
from mevqa.training.recognition.examples import all_examples, labelled, measure_clips, recogniser_preferences
from mevqa.training.result import RecogniserResult
from mevqa.training.training_log import TrainingLog

_MANIFEST = "training.json"
#: What was measured of clips, until the training is finished.
_MEASURED = "measured"
#: Keys of a recipe that do not change what is trained.
_INDIFFERENT = frozenset({"title", "output", "folds"})
_PACKAGES = ("mevqa", "torch", "scikit-learn", "numpy", "opencv-python-headless", "av", "decord")


def train_recogniser(
    recipe: RecogniserRecipe, work: Plan, out: Path, *, label: str = "", measured: Path | None = None
) -> RecogniserResult:
    """Train a recogniser, or return the result of a training that is finished.

    Args:
        recipe: The recipe.
        work: Clips with answers; nothing but these is looked at.
        out: Folder for what is trained.
        label: What the progress calls it.
        measured: Folder in which measured clips stay for other folds; None: one of its own, removed at the end.

    Raises:
        InputError: The folder holds another training, or another process writes it; clips or answers are wrong.
        ModelError: The loss is no number, or a library or the device is missing.
    """
    with hold_folder(out):
        work, device = labelled(recipe, work), device_of(recipe)
        decides = _fingerprint(recipe, work)
        finished = _start(out, decides)
        if finished is not None:
            return RecogniserResult.from_record(out, finished)
        started = time.perf_counter()
        clips = measure_clips(recipe, work, measured or out / _MEASURED, label)
        examples = all_examples(list(clips.values()))
        classes = _classes(recipe, examples)
        arrays = _fit(recipe, examples, classes, device, label, TrainingLog(out, "epoch"))
        record = _record(recipe, work, examples, classes)
        write_recogniser(out, record, arrays)
        trained = read_recogniser(out, recipe.recogniser)
        result = RecogniserResult(
            out,
            recipe.recogniser,
            parameters=sum(value.size for name, value in arrays.items() if not name.startswith("inputs.")),
            clips=record.fitted_on.clips,
            rest=record.fitted_on.rest,
            subjects=len(record.fitted_on.subjects),
            accuracy=_accuracy(trained, examples),
            seconds=round(time.perf_counter() - started, 1),
        )
        preferences = recogniser_preferences(trained.recogniser, none=trained.tells_rest)
        write_whole(out / PREFERENCES_FILE, preferences.model_dump_json(indent=2) + "\n")
        recipe_content = portable(recipe.model_dump(mode="json", exclude={"output"}))
        write_whole(out / "recipe.yaml", yaml.safe_dump(recipe_content, sort_keys=False))
        write_whole(out / "README.md", recogniser_card(recipe, record, result))
        text = json.dumps({"format": 1, "decides": decides, "finished": result.as_record()}, indent=1)
        write_whole(out / _MANIFEST, text + "\n")
        shutil.rmtree(out / _MEASURED, ignore_errors=True)
        return result


def device_of(recipe: RecogniserRecipe) -> str:
    """Return the device that a recipe trains on: the GPU for ``auto`` where there is one.

    Raises:
        ModelError: This machine does not have the device.
    """
    return choose_device(recipe.device)


def _start(out: Path, decides: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Write down what decides a training, or check it; return its result when it is finished."""
    path = out / _MANIFEST
    if path.is_file():
        before = read_manifest(out)
        refuse_changes(out, portable(before["decides"]), decides, "this training was begun", "output=DIR")
        finished: Mapping[str, Any] | None = before.get("finished")
        return finished
    if out.exists() and (not out.is_dir() or not all(is_leftover(item) for item in out.iterdir())):
        raise InputError([Problem(out, "exists and holds no training; name a new folder: output=DIR")])
    make_folder(out)
    write_whole(path, json.dumps({"format": 1, "decides": decides}, indent=1, ensure_ascii=False) + "\n")
    return None


def _fingerprint(recipe: RecogniserRecipe, work: Plan) -> dict[str, Any]:
    """Return everything that decides what is trained; files by name, their content by its hash."""
    fingerprint = {
        "recipe": recipe.model_dump(mode="json", exclude=set(_INDIFFERENT)),
        "questions": {str(file.path): file_digest(file.path) for file in work.files},
        "annotations": annotations_digest(work),
        "media": media_digests(work),
        "packages": package_versions(_PACKAGES),
    }
    without_folders = {key: portable(fingerprint[key]) for key in ("recipe", "questions")}
    plain: dict[str, Any] = json.loads(json.dumps({**fingerprint, **without_folders}))
    return plain


def _classes(recipe: RecogniserRecipe, examples: Sequence[Example]) -> Classes:
    """Return the classes of the examples at each level, sorted by name, that of rest last.

    Raises:
        InputError: Of a level there is one class, or none: there is nothing to tell apart.
    """
    classes: dict[Level, tuple[str, ...]] = {}
    problems = []
    for level in recipe.levels:
        names = sorted({example.labels[level] for example in examples if level in example.labels} - {NONE})
        rest = [NONE] if any(example.labels.get(level) == NONE for example in examples) else []
        classes[level] = (*names, *rest)
        if len(classes[level]) < 2:
            class_names = ", ".join(classes[level]) or "none"
            problems.append(
                Problem("levels", f"{level}: the clips show one class ({class_names}); there is nothing to tell apart")
            )
    if recipe.none and not any(NONE in names for names in classes.values()):
        problems.append(Problem("none", "no clip is long enough before its onset or after its offset to show rest"))
    if problems:
        raise InputError(problems)
    return classes


def _fit(
    recipe: RecogniserRecipe, examples: Sequence[Example], classes: Classes, device: str, label: str, log: TrainingLog
) -> dict[str, NDArray[Any]]:
    """Fit the recogniser, saying how far it is now and then, and writing every epoch down."""
    reported = time.monotonic()

    def report(done: int, total: int, loss: float | None = None) -> None:
        nonlocal reported
        log.add(done, total, {} if loss is None else {"loss": loss})
        if time.monotonic() - reported > 10:
            reported = time.monotonic()
            show(f"{label or recipe.recogniser}: epoch {done} of {total}")

    return recipe.make().fit(examples, Fitting(classes, recipe.seed, device, report))


def _record(recipe: RecogniserRecipe, work: Plan, examples: Sequence[Example], classes: Classes) -> RecogniserRecord:
    """Return everything that it takes to ask the recogniser, and who was seen in training."""
    counts = {
        level: {name: sum(example.labels.get(level) == name for example in examples) for name in names}
        for level, names in classes.items()
    }
    rest = sum(NONE in example.labels.values() for example in examples)
    digest = blake2b(digest_size=16)
    for example in examples:
        digest.update(json.dumps([sorted(example.labels.items()), example.person]).encode())
        digest.update(np.ascontiguousarray(example.inputs).tobytes())
    return RecogniserRecord(
        recogniser=recipe.recogniser,
        settings=recipe.make().settings.model_dump(mode="json"),
        classes=dict(classes),
        face=recipe.face,
        seed=recipe.seed,
        fitted_on=FittedOn(
            subjects=tuple(sorted({example.person for example in examples})),
            clips=len(work.clips),
            rest=rest,
            counts=counts,
            data=digest.hexdigest(),
        ),
    )


def _accuracy(trained: TrainedRecogniser, examples: Sequence[Example]) -> dict[str, float]:
    """Return the share of its own training examples that it names rightly, at each level."""
    probabilities = trained.predict(np.stack([example.inputs for example in examples]))
    accuracy = {}
    for level, names in trained.record.classes.items():
        labels = label_indices(examples, level, names)
        known = labels >= 0
        accuracy[str(level)] = round(float((probabilities[level].argmax(1) == labels)[known].mean()), 4)
    return accuracy

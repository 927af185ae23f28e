"""What a training leaves behind: the adapter with all that it takes to ask it as it was trained, and to repeat it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import torch
import yaml
from accelerate import PartialState

from mevqa.errors import InputError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import is_leftover, make_folder, whole_files, write_whole
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import annotations_digest, media_digests, package_versions
from mevqa.inference.runs import file_digest, refuse_changes
from mevqa.models.base import PREFERENCES_FILE
from mevqa.models.digest import content_digest
from mevqa.models.transformers.adapters.adapter import adapter_folder
from mevqa.resources import resource_folder
from mevqa.safe_text import portable
from mevqa.training.adapters.publish import model_card
from mevqa.training.continued import prompts_folder
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.recipe import UNTRAINED_NANO, Recipe
from mevqa.training.trainer.weights import is_adapter, save_finished

if TYPE_CHECKING:
    from mevqa.training.result import FineTuningResult
    from mevqa.training.trainable_model import TrainableModel

_MANIFEST = "training.json"
#: Keys of a recipe that do not change what is trained.
_INDIFFERENT = frozenset(
    {"title", "output", "log_to", "log_every", "save_every", "workers", "push_to", "feature_cache", "probe", "folds"}
)
_PACKAGES = ("mevqa", "torch", "transformers", "peft", "accelerate", "bitsandbytes", "numpy", "pillow")


def start_manifest(out: Path, recipe: Recipe, work: Plan | None, trainable: TrainableModel) -> None:
    """Write down what decides a training, or check it against the training that the folder holds.

    Args:
        out: The training's folder.
        recipe: The recipe.
        work: Its clips.
        trainable: Its model.

    Raises:
        InputError: The folder holds something else, or a training of other inputs.
    """
    fingerprint = json.loads(json.dumps(_decides(recipe, work, trainable)))
    path = out / _MANIFEST
    if path.is_file():
        refuse_changes(
            out, _portable(read_manifest(out)["decides"]), fingerprint, "this training was begun", "output=DIR"
        )
        return
    unknown_ids = (
        [item for item in out.iterdir() if item.name != "rendered" and not is_leftover(item)] if out.is_dir() else []
    )
    if out.exists() and (not out.is_dir() or unknown_ids):
        raise InputError([Problem(out, "exists and holds no training; name a new folder: output=DIR")])
    PartialState().wait_for_everyone()
    if PartialState().is_main_process:
        make_folder(out)
        write_whole(path, json.dumps({"format": 1, "decides": fingerprint}, indent=1, ensure_ascii=False) + "\n")
    PartialState().wait_for_everyone()


def read_manifest(out: Path) -> dict[str, Any]:
    """Return what ``start_manifest`` and ``write_artifact`` wrote down; empty when there is nothing.

    Raises:
        InputError: It cannot be read, or is something else.
    """
    path = out / _MANIFEST
    if not path.is_file():
        return {}
    found = read_json_object(path)
    fingerprint = found.get("decides")
    if not isinstance(fingerprint, dict) or not isinstance(fingerprint.get("media", {}), dict):
        raise InputError([Problem(path, "is not the record of a training: 'decides' must be an object with 'media'")])
    if not isinstance(found.get("finished"), (dict, NoneType)):
        raise InputError([Problem(path, "'finished' must be an object")])
    return found


def write_artifact(
    out: Path,
    model: PackedModel,
    recipe: Recipe,
    work: Plan | None,
    trainable: TrainableModel,
    finished: FineTuningResult,
    state: dict[str, Any] | None = None,
) -> None:
    """Write the trained weights with processor, preferences, prompts, recipe, card and manifest.

    The manifest's record that the training is finished goes last: what is interrupted before is trained to its end,
    which was reached, and written again.

    Args:
        out: The training's folder.
        model: What was trained.
        recipe: How.
        work: On which clips.
        trainable: How it is asked.
        finished: What came of it.
        state: The model's gathered state, where its weights are spread over processes.
    """
    with whole_files(out) as part:
        save_finished(model, part, torch.float16 if recipe.model == UNTRAINED_NANO else trainable.dtype, state)
        trainable.wrapped.processor.save_pretrained(part)
        _copy_prompts(recipe, part / "prompts")
    write_whole(out / PREFERENCES_FILE, trainable.preferences.model_dump_json(indent=2) + "\n")
    kept = portable(recipe.model_dump(mode="json", exclude={"output"}))
    write_whole(out / "recipe.yaml", yaml.safe_dump(kept, sort_keys=False))
    write_whole(out / "README.md", model_card(recipe, work, trainable, finished, adapter=is_adapter(model)))
    write_whole(out / _MANIFEST, json.dumps(read_manifest(out) | {"finished": finished.as_record()}, indent=1) + "\n")


def _copy_prompts(recipe: Recipe, into: Path) -> None:
    """Copy the prompts of a training: the shipped ones, and the recipe's own in their place."""
    shutil.copytree(resource_folder("prompts"), into, ignore=shutil.ignore_patterns("*.md"))
    own = prompts_folder(recipe)
    for path in sorted(own.glob("*.yaml")) if own is not None else []:
        shutil.copy(path, into / path.name)


def _decides(recipe: Recipe, work: Plan | None, trainable: TrainableModel) -> Mapping[str, Any]:
    """Return everything that decides what is trained; files and folders by name, their content by its hash."""
    fingerprint = {
        "recipe": recipe.model_dump(mode="json", exclude=set(_INDIFFERENT)),
        "questions": {str(file.path): file_digest(file.path) for file in work.files} if work is not None else {},
        "annotations": annotations_digest(work) if work is not None else None,
        "media": media_digests(work) if work is not None else {},
        "model": {"name": trainable.wrapped.name, "revision": trainable.wrapped.revision},
        **({"adapter": content_digest(adapter_folder(recipe.adapter))} if recipe.adapter is not None else {}),
        "prompts": trainable.prompts.digest,
        "processes": PartialState().num_processes,
        "packages": package_versions(_PACKAGES),
    }
    return _portable(fingerprint)


def _portable(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides a training without the folders of the user's machine: adapters are passed on."""
    named = {key: portable(fingerprint[key]) for key in ("recipe", "questions", "model") if key in fingerprint}
    return {**fingerprint, **named}

"""The folder of a finished training: the adapter with all that it takes to ask it, to repeat it and to pass it on.

The folder holds weights, processor, preferences, prompts, recipe, the record of the training, and a model card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import torch
import yaml
from accelerate import PartialState
from huggingface_hub import HfApi

from mevqa.errors import InputError, ModelError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import is_leftover, make_folder, whole_files, write_whole
from mevqa.inference.evaluation import Plan
from mevqa.inference.fingerprint import input_digests, package_versions
from mevqa.inference.runs import file_digest, refuse_changes
from mevqa.models.base import PREFERENCES_FILE
from mevqa.models.digest import content_digest
from mevqa.models.transformers.adapters.load import adapter_folder
from mevqa.safe_text import portable
from mevqa.training.adapters.card import model_card, without_paths
from mevqa.training.adapters.trained_subjects import start_subjects, subjects_of
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.prompt_files import copy_prompts
from mevqa.training.recipes.recipe import UNTRAINED_NANO, Recipe
from mevqa.training.result import FineTuningResult
from mevqa.training.trainable_model import TrainableModel, prompts_folder
from mevqa.training.trainer.weights import is_adapter, save_finished

_MANIFEST = "training.json"
#: Keys of a recipe that do not change what is trained.
_INDIFFERENT = frozenset(
    {"title", "output", "log_to", "log_every", "save_every", "workers", "push_to", "feature_cache", "probe", "folds"}
)
_PACKAGES = ("mevqa", "torch", "transformers", "peft", "accelerate", "bitsandbytes", "numpy", "pillow")

#: Folders that are not uploaded.
_NOT_UPLOADED = ("checkpoints/*", "rendered/*", "stages/*", "tensorboard/*")
_CONFIG = "adapter_config.json"


def start_manifest(
    out: Path, recipe: Recipe, work: Plan | None, trainable: TrainableModel, *, drawn: str | None = None
) -> None:
    """Write down what decides a training, or check it against the training that the folder holds.

    Args:
        out: The training's folder.
        recipe: The recipe.
        work: Its clips.
        trainable: Its model.
        drawn: Hash of the answers that are learned in the place of references; None for a first stage.

    Raises:
        InputError: The folder holds something else, or a training of other inputs.
    """
    more = {} if drawn is None else {"drawn": drawn}
    refuse_foreign(out)
    fingerprint = json.loads(json.dumps({**_fingerprint(recipe, work, trainable), **more}))
    path = out / _MANIFEST
    if path.is_file():
        refuse_changes(
            out, _portable(read_manifest(out)["decides"]), fingerprint, "this training was begun", "output=DIR"
        )
        return
    PartialState().wait_for_everyone()
    if PartialState().is_main_process:
        make_folder(out)
        subjects = start_subjects(recipe) | subjects_of(work.clips.values() if work is not None else ())
        content = {"format": 1, "decides": fingerprint, "subjects": subjects.as_record()}
        write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    PartialState().wait_for_everyone()


def refuse_foreign(out: Path) -> None:
    """Refuse a folder that holds something and no training."""
    if (out / _MANIFEST).is_file() or not out.exists():
        return
    early_folders = ("rendered", "stages")
    if not out.is_dir() or any(item.name not in early_folders and not is_leftover(item) for item in out.iterdir()):
        raise InputError([Problem(out, "exists and holds no training; name a new folder: output=DIR")])


def read_manifest(out: Path) -> dict[str, Any]:
    """Read the manifest of a training, as ``start_manifest`` and ``write_artifact`` wrote it; empty when there is none.

    Raises:
        InputError: It cannot be read, or is something else.
    """
    path = out / _MANIFEST
    if not path.is_file():
        return {}
    record = read_json_object(path)
    fingerprint = record.get("decides")
    if not isinstance(fingerprint, dict) or not isinstance(fingerprint.get("media", {}), dict):
        raise InputError([Problem(path, "is not the record of a training: 'decides' must be an object with 'media'")])
    if not isinstance(record.get("finished"), (dict, NoneType)):
        raise InputError([Problem(path, "'finished' must be an object")])
    return record


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
        finished: Its result.
        state: The model's gathered state, where its weights are spread over processes.
    """
    with whole_files(out) as part:
        save_finished(model, part, torch.float16 if recipe.model == UNTRAINED_NANO else trainable.dtype, state)
        trainable.wrapped.processor.save_pretrained(part)
        copy_prompts(prompts_folder(recipe), part / "prompts")
    write_whole(out / PREFERENCES_FILE, trainable.preferences.model_dump_json(indent=2) + "\n")
    write_recipe(out, recipe)
    card = model_card(recipe, work, trainable.preferences, finished, adapter=is_adapter(model))
    write_whole(out / "README.md", card)
    finish_manifest(out, finished)


def write_recipe(out: Path, recipe: Recipe) -> None:
    """Write the recipe as it is passed on: without the folders of this machine."""
    content = portable(recipe.model_dump(mode="json", exclude={"output"}))
    content["title"] = without_paths(content["title"])
    write_whole(out / "recipe.yaml", yaml.safe_dump(content, sort_keys=False))


def finish_manifest(out: Path, finished: FineTuningResult) -> None:
    """Write down that a training is finished, and its result."""
    write_whole(out / _MANIFEST, json.dumps(read_manifest(out) | {"finished": finished.as_record()}, indent=1) + "\n")


def _fingerprint(recipe: Recipe, work: Plan | None, trainable: TrainableModel) -> Mapping[str, Any]:
    """Return everything that decides what is trained; files and folders by name, their content by its hash."""
    inputs = input_digests(work) if work is not None else {"annotations": None, "media": {}}
    fingerprint = {
        "recipe": _deciding(recipe),
        "questions": {str(file.path): file_digest(file.path) for file in work.files} if work is not None else {},
        "annotations": inputs["annotations"],
        "media": inputs["media"],
        "model": {"name": trainable.wrapped.name, "revision": trainable.wrapped.revision},
        **({"adapter": content_digest(adapter_folder(recipe.adapter))} if recipe.adapter is not None else {}),
        "prompts": trainable.prompts.digest,
        "processes": PartialState().num_processes,
        "packages": package_versions(_PACKAGES),
    }
    return _portable(fingerprint)


def _deciding(recipe: Recipe) -> dict[str, Any]:
    """Return the keys of a recipe that decide what is trained.

    What earlier releases did not know is left out where it is off: their trainings go on.
    """
    keys = recipe.model_dump(mode="json", exclude=set(_INDIFFERENT))
    if recipe.stages == ("sft",):
        del keys["stages"]
    for name in ("rft", "grpo"):
        if name not in recipe.stages:
            del keys[name]
    # Whether a stage is begun does not change what it trains.
    if "grpo" in keys:
        del keys["grpo"]["force"]
    if recipe.validation.choose == "loss":
        keys["validation"] = {name: keys["validation"][name] for name in ("share", "every", "patience")}
    return keys


def _portable(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fingerprint without the folders of the user's machine: adapters are passed on."""
    with_paths = [key for key in ("recipe", "questions", "model") if key in fingerprint]
    return {**fingerprint, **{key: portable(fingerprint[key]) for key in with_paths}}


def push(folder: Path, name: str) -> str:
    """Upload the folder of a finished training to the hub.

    Args:
        folder: The training's folder.
        name: ``owner/model``; created, private, when it does not exist.

    Returns:
        Where it is.

    Raises:
        ModelError: The hub cannot be reached, or refuses.
    """
    api = HfApi()
    try:
        api.create_repo(name, private=True, exist_ok=True)
        commit = api.upload_folder(repo_id=name, folder_path=folder, ignore_patterns=[*_NOT_UPLOADED, _CONFIG])
        if (folder / _CONFIG).is_file():
            # The path of a base model on this machine is nobody else's concern.
            config = portable(json.loads((folder / _CONFIG).read_text(encoding="utf-8")))
            content = json.dumps(config, indent=2, sort_keys=True).encode()
            commit = api.upload_file(path_or_fileobj=content, path_in_repo=_CONFIG, repo_id=name)
    except Exception as error:  # whatever the network stack or the hub raises
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder} is complete, but could not be pushed to {name}: {reason}") from error
    return str(commit.repo_url)

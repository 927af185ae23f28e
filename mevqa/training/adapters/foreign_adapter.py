"""Adapters that other toolkits trained (ms-swift, LLaMA-Factory, trl, peft itself), made ready to be asked here.

Their layers may have the names of older releases of transformers (``mevqa/tables/adapter_key_names.yaml``); they are
compared with the base model's by name and size without loading its weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, ModelError, Problem
from mevqa.files.whole import is_vacant, utf8_named, whole_folder, write_whole
from mevqa.models.base import PREFERENCES_FILE
from mevqa.models.nano import WEIGHTS
from mevqa.models.transformers.adapters.key_names import fitting_adapter
from mevqa.models.transformers.adapters.load import adapter_config, adapter_folder
from mevqa.models.transformers.load import layers_of
from mevqa.training.adapters.trained_subjects import RECORD, subjects_of
from mevqa.training.export.record import PROMPTS, ExportedFolder
from mevqa.types import Clip

_CONFIG, _WEIGHTS, _PICKLED = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
#: Files of a processor that a toolkit saved beside an adapter: pictures are to be cut as they were in training.
_PROCESSOR = (
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "video_preprocessor_config.json",
    "vocab.json",
)


@dataclass(frozen=True, slots=True)
class ImportedAdapter:
    """Result of importing an adapter.

    Attributes:
        folder: The adapter.
        model: Its base model.
        kind: Its type, as peft calls it.
        layers: Number of adapted layers.
        renamed: Number of layers whose names were those of an older release.
        views: Views that it was trained on; empty where that is not known.
    """

    folder: Path
    model: str
    kind: str
    layers: int
    renamed: int
    views: tuple[str, ...]


def import_adapter(
    adapter: str,
    out: Path,
    *,
    model: str,
    exported: ExportedFolder | None = None,
    fold: str | None = None,
    trust_remote_code: bool = False,
) -> ImportedAdapter:
    """Write an adapter of another toolkit as one that ``--adapter`` takes.

    Args:
        adapter: Its folder, or a name on the hub.
        out: A new folder.
        model: The base model: a folder, a hub name, or ``nano``.
        exported: The export that it was trained on: views and prompts by which it is asked, and the subjects that it
            has seen, so that `mevqa loso` refuses to test on them.
        fold: Which fold of the export; None: any, so that everybody who is in a training side counts as seen.
        trust_remote_code: Whether Python code that comes with the model may run.

    Raises:
        InputError: The folder holds something, or the export has no such fold.
        ModelError: It is no adapter, has pickled weights, or does not fit the model.
    """
    if out.exists() and not (out.is_dir() and is_vacant(out)):
        raise InputError([Problem(out, "exists already; name a new folder for --out")])
    trained_clips = None if exported is None else _trained_clips(exported, fold)
    _refuse_other_folders(Path(adapter).expanduser())
    folder = adapter_folder(adapter)
    config = adapter_config(folder)
    base = layers_of(str(WEIGHTS) if model == "nano" else model, trust_remote_code=trust_remote_code)
    made_for = (config.get("auto_mapping") or {}).get("base_model_class")
    if made_for not in (None, type(base).__name__):
        raise ModelError(f"the adapter {adapter} was made for a {made_for}, {model} is a {type(base).__name__}")
    with utf8_named(folder) as utf8_folder, fitting_adapter(base, adapter, utf8_folder, config) as fitting:
        _check_sizes(base, adapter, fitting / _WEIGHTS)
        with whole_folder(out) as part:
            shutil.copyfile(fitting / _WEIGHTS, part / _WEIGHTS)
            new_config = json.loads((fitting / _CONFIG).read_text(encoding="utf-8"))
            new_config |= {"base_model_name_or_path": model, "inference_mode": True}
            write_whole(part / _CONFIG, json.dumps(new_config, indent=2) + "\n")
            for name in _PROCESSOR:
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, part / name)
            views = _write_preferences(folder, part, exported)
            if trained_clips is not None:
                record = {"imported": {"fold": fold}, "subjects": subjects_of(trained_clips).as_record()}
                write_whole(part / RECORD, json.dumps(record, indent=2) + "\n")
            elif (folder / RECORD).is_file():
                shutil.copyfile(folder / RECORD, part / RECORD)
        layers, renamed = _counts(utf8_folder / _WEIGHTS, out / _WEIGHTS)
    return ImportedAdapter(out, model, str(config.get("peft_type")), layers, renamed, views)


def _trained_clips(exported: ExportedFolder, fold: str | None) -> list[Clip]:
    """Return the clips of an export that were trained on, those for validation among them: they chose the weights.

    Raises:
        InputError: There is no such fold.
    """
    folds = exported.record.splits
    if fold is not None and fold not in folds:
        raise InputError([Problem("--fold", f"{exported.path} has no {fold!r}; its folds: {', '.join(folds)}")])
    sides = [folds[fold]] if fold is not None else list(folds.values())
    question_ids = {id_ for side in sides for split in ("train", "validation") for id_ in side.get(split, ())}
    trained = {row.clip for row in exported.rows() if row.id in question_ids}
    clips = exported.record.clips
    return [Clip(name, clips[name].dataset, subject=clips[name].subject) for name in sorted(trained)]


def _refuse_other_folders(folder: Path) -> None:
    """Refuse folders in which no adapter lies, with the one that was perhaps meant.

    Raises:
        ModelError: It holds checkpoints, or pickled weights.
    """
    if (folder / _CONFIG).is_file():
        if (folder / _PICKLED).is_file() and not (folder / _WEIGHTS).is_file():
            mend = "train or save again with safetensors (safe_serialization=True)"
            raise ModelError(f"{folder / _PICKLED}: pickled weights may run code and are not read; {mend}")
        return
    inner = [path.parent for path in folder.glob(f"*/{_CONFIG}")] if folder.is_dir() else []
    if inner:
        newest = max(inner, key=lambda path: (path.name.rpartition("-")[2].zfill(12), path.name))
        raise ModelError(f"{folder} holds {len(inner)} checkpoints and is none; name one: {newest}")


def _write_preferences(folder: Path, part: Path, exported: ExportedFolder | None) -> tuple[str, ...]:
    """Write how the adapter wants to be asked: as it was exported, else as it says itself."""
    if exported is not None:
        write_whole(part / PREFERENCES_FILE, exported.record.preferences.model_dump_json(indent=2) + "\n")
        shutil.copytree(exported.path / PROMPTS, part / PROMPTS)
        return exported.record.preferences.views
    if (folder / PREFERENCES_FILE).is_file():
        shutil.copyfile(folder / PREFERENCES_FILE, part / PREFERENCES_FILE)
    if (folder / PROMPTS).is_dir():
        shutil.copytree(folder / PROMPTS, part / PROMPTS)
    return ()


def _check_sizes(base: Any, adapter: str, weights: Path) -> None:
    """Refuse low-rank weights that do not fit the sizes of the layers that they name.

    Raises:
        ModelError: The first that does not.
    """
    sizes = {name: tuple(module.weight.shape) for name, module in base.named_modules() if _is_matrix(module)}
    for key, shape in _shapes(weights).items():
        for mark, at in ((".lora_A.", 1), (".lora_B.", 0)):
            layer = key.removeprefix("base_model.model.").partition(mark)[0] if mark in key else None
            if layer in sizes and len(shape) == 2 and shape[at] != sizes[layer][1 if at else 0]:
                size = "x".join(map(str, sizes[layer]))
                raise ModelError(
                    f"the adapter {adapter} does not fit the model: {key} has {shape[at]} numbers a row or column, and "
                    f"the layer is {size}; it was made for a model of another size"
                )


def _is_matrix(module: Any) -> bool:
    return getattr(getattr(module, "weight", None), "ndim", 0) == 2


def _shapes(weights: Path) -> Mapping[str, tuple[int, ...]]:
    from safetensors import safe_open

    with safe_open(weights, framework="pt") as file:
        return {key: tuple(file.get_slice(key).get_shape()) for key in list(file.keys())}


def _counts(old: Path, new: Path) -> tuple[int, int]:
    """Return how many layers are adapted, and how many have another name now."""
    before, after = ({key.partition(".lora_")[0] for key in _shapes(path)} for path in (old, new))
    return len(after), len(after - before)

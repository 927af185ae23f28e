"""Adapters with the layer names of older transformers, renamed to those of the model that they are put into.

Releases renamed layers: ``model.layers`` of Qwen2.5-VL became ``model.language_model.layers`` in transformers 4.52.
An adapter that was saved before names layers that the model does not have any more. Its keys are looked up in a table
of renames, and a renamed copy is what PEFT loads.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from mevqa.errors import ModelError
from mevqa.files.inputs import check_file
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLE = TABLES / "adapter_key_names.yaml"
#: How keys of LoRA-like weights begin, and where the layer's name ends in them.
_PREFIX = "base_model.model."
_MARK = re.compile(r"\.(?:lora|hada|lokr|oft|boft|ia3|hra|vera|fourierft|shira|miss|bone|road|c3a|randlora)_")
_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"


class _Renames(StrictModel):
    """Renames of some model types.

    Attributes:
        models: The model types.
        names: New name by regular expression of the old one.
    """

    models: tuple[str, ...]
    names: dict[str, str]


class _Table(StrictModel):
    """Known names.

    Attributes:
        renames: Old names and what they became.
        makers: Whose names they are, by regular expression.
    """

    renames: tuple[_Renames, ...]
    makers: dict[str, str]


@cache
def _table() -> _Table:
    return read_yaml(_TABLE, _Table)


@contextmanager
def fitting_adapter(model: Any, adapter: str, folder: Path, config: Mapping[str, Any]) -> Iterator[Path]:
    """Give an adapter's folder with keys that name layers of the model: its own, or a renamed copy for a while.

    Args:
        model: The base model.
        adapter: The adapter, as the user wrote it.
        folder: Its folder.
        config: Its configuration.

    Yields:
        The folder that PEFT can load.

    Raises:
        ModelError: The weights cannot be read, or a key names no layer of the model by any known name.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file, save_file

    path = folder / _WEIGHTS
    try:
        check_file(path)
        with safe_open(path, framework="pt") as file:
            keys = list(file.keys())
            ranks = [file.get_slice(key).get_shape()[0] for key in keys if ".lora_A." in key]
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    claimed = _claimed_rank(config)
    if ranks and claimed > max(ranks):
        # PEFT would allocate layers of that rank before it compares them with the weights.
        raise ModelError(f"{folder / _CONFIG}: says rank {claimed}, and the weights have rank {max(ranks)} at most")
    layers = renamed_layers(model, adapter, keys)
    if all(old == new for old, new in layers.items()):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="mevqa-adapter-") as temporary:
        copy = Path(temporary)
        weights = {_renamed_key(key, layers): value for key, value in load_file(path).items()}
        save_file(weights, copy / _WEIGHTS, metadata={"format": "pt"})
        del weights
        content = json.dumps(_renamed_config(config, layers), indent=1)
        (copy / _CONFIG).write_text(content, encoding="utf-8")
        yield copy


def _claimed_rank(config: Mapping[str, Any]) -> int:
    """Return the largest rank that an adapter's configuration names; 0 where it names none."""
    pattern = config.get("rank_pattern")
    ranks = list(pattern.values()) if isinstance(pattern, dict) and pattern else [config.get("r")]
    return max((rank for rank in ranks if isinstance(rank, int)), default=0)


def renamed_layers(model: Any, adapter: str, keys: list[str]) -> dict[str, str]:
    """Return what each layer that an adapter's keys name is called in the model.

    Args:
        model: The base model.
        adapter: The adapter, for messages.
        keys: The keys of its weights.

    Raises:
        ModelError: A key names no layer by any known name.
    """
    module_names = {name for name, _ in model.named_modules()}
    kind = model.config.model_type
    new_names: dict[str, str] = {}
    for key in keys:
        layer = _layer(key)
        if layer is None or layer in new_names:
            continue
        new = next((name for name in _names(layer, kind) if name in module_names), None)
        if new is not None:
            new_names[layer] = new
        elif _MARK.search(key):
            maker = next((who for pattern, who in _table().makers.items() if re.match(pattern, layer)), None)
            whose = f"; the name is one of {maker}" if maker else ""
            raise ModelError(
                f"the adapter {adapter} does not fit the model {kind!r}: its key {key} names no layer of it, by "
                f"the names of this or older releases of transformers{whose}"
            )
    return new_names


def _names(layer: str, kind: str) -> list[str]:
    """Return the names that a layer may have now: its own first, then those of all renames after each other."""
    names = [layer]
    for renames in _table().renames:
        if kind in renames.models:
            for pattern, new in renames.names.items():
                names += [re.sub(pattern, new, name, count=1) for name in names]
    return list(dict.fromkeys(names))


def _layer(key: str) -> str | None:
    """Return the name of the layer that a key belongs to; None for a key of no layer."""
    if not key.startswith(_PREFIX):
        return None
    name = key.removeprefix(_PREFIX)
    mark = _MARK.search(name)
    return name[: mark.start()] if mark else name.rpartition(".")[0]


def _renamed_key(key: str, layers: Mapping[str, str]) -> str:
    """Return a key with its layer's new name."""
    layer = _layer(key)
    if layer is None or layer not in layers:
        return key
    return _PREFIX + layers[layer] + key[len(_PREFIX) + len(layer) :]


def _renamed_config(config: Mapping[str, Any], layers: Mapping[str, str]) -> dict[str, Any]:
    """Return an adapter's configuration that names the same layers by their new names."""
    renamed = dict(config)
    saved = set(config.get("modules_to_save") or ())
    adapted = {old: new for old, new in layers.items() if old not in saved and old.rpartition(".")[2] not in saved}
    targets = config.get("target_modules")
    ends_alike = all(old.rpartition(".")[2] == new.rpartition(".")[2] for old, new in adapted.items())
    # Last names (q_proj) mean the same layers as before, and let a missing one be noticed; what else names layers by
    # their place (a regular expression, a whole name) is replaced by the layers that there are.
    if not (isinstance(targets, list) and ends_alike and not any("." in name for name in targets)):
        renamed["target_modules"] = sorted(adapted.values())
        renamed.update(dict.fromkeys(("exclude_modules", "layers_to_transform", "layers_pattern")))
    elif renamed.get("exclude_modules"):
        renamed["target_modules"] = sorted(adapted.values())
        renamed["exclude_modules"] = None
    for name in ("rank_pattern", "alpha_pattern"):
        patterns = config.get(name) or {}
        if patterns:
            values = {new: _matching(patterns, old) for old, new in adapted.items()}
            renamed[name] = {re.escape(new): value for new, value in values.items() if value is not None}
    if saved:
        renamed["modules_to_save"] = [layers.get(name, name) for name in config["modules_to_save"]]
    return renamed


def _matching(patterns: Mapping[str, Any], layer: str) -> Any:
    """Return the value of the first pattern that fits the end of a layer's name, as PEFT takes it; None without."""
    return next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", layer)), None)

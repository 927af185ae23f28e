"""Training that goes on from an adapter: which base it needs, and its layers made trainable again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from mevqa.errors import InputError, ModelError, Problem
from mevqa.files.json_file import read_json_object
from mevqa.models.registry import own_prompts
from mevqa.models.transformers.adapters.adapter import adapter_config, adapter_folder, wrap_with_adapter
from mevqa.training.recipe import Lora, Recipe

#: Settings that decide an adapter's layers: key of a recipe's ``lora``, key of ``adapter_config.json``.
_SHAPE = {"rank": "r", "alpha": "lora_alpha", "dora": "use_dora", "rslora": "use_rslora"}


def check_start(recipe: Recipe) -> None:
    """Refuse a recipe that cannot start from what it names, before anything is loaded.

    Raises:
        InputError: ``model`` is an adapter, or ``lora`` says otherwise than the adapter to go on with.
        ModelError: There is no such adapter.
    """
    folder = Path(recipe.model).expanduser()
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        base = _base_of(folder) or "BASE"
        message = (
            f"{recipe.model} is an adapter; to train it further name its base too: model={base} adapter={recipe.model}"
        )
        raise InputError([Problem("model", message)])
    if recipe.adapter is None:
        return
    config = adapter_config(adapter_folder(recipe.adapter))
    if config.get("peft_type") != "LORA":
        raise ModelError(
            f"the adapter {recipe.adapter} is of the type {config.get('peft_type')}; LoRA is trained further"
        )
    assert recipe.lora is not None
    problems = [
        Problem(
            f"lora.{key}", f"is {mine}, and the adapter {recipe.adapter} has {its}: set lora.{key}={str(its).lower()}"
        )
        for key, name in _SHAPE.items()
        if (mine := getattr(recipe.lora, key)) != (its := config.get(name, Lora.model_fields[key].default))
    ]
    if problems:
        raise InputError(problems)


def prompts_folder(recipe: Recipe) -> Path | None:
    """Return the folder of the prompts to train with: the recipe's, else that of the adapter to train further."""
    if recipe.prompts is not None or recipe.adapter is None:
        return recipe.prompts
    return own_prompts(recipe.model, recipe.adapter)


def with_trainable_adapter(model: Any, recipe: Recipe) -> Any:
    """Put the recipe's adapter into the model, its layers trainable.

    Args:
        model: The base model.
        recipe: Names the adapter.

    Raises:
        ModelError: The adapter does not fit the model, or lacks a part that the recipe trains.
    """
    assert recipe.adapter is not None and recipe.lora is not None
    wrapped, _ = wrap_with_adapter(model, recipe.adapter)
    wrapped.peft_config["default"].inference_mode = False
    wrapped.peft_config["default"].lora_dropout = recipe.lora.dropout
    for module in wrapped.modules():
        dropouts = getattr(module, "lora_dropout", None)
        if isinstance(dropouts, nn.ModuleDict) and "default" in dropouts:
            dropouts["default"] = nn.Dropout(recipe.lora.dropout) if recipe.lora.dropout else nn.Identity()
    wrapped.set_adapter("default")
    return wrapped


def _base_of(folder: Path) -> str | None:
    """Return the base that an adapter names."""
    try:
        name = read_json_object(folder / "adapter_config.json").get("base_model_name_or_path")
    except InputError:
        return None
    return name if isinstance(name, str) else None

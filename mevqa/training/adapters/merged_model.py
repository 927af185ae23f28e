"""A merged model: the adapter's layers in the base's weights, rounded, and written with all that it takes to ask it."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mevqa.errors import InputError, ModelError, Problem
from mevqa.safe_text import shared_name
from mevqa.training.adapters.adapter_source import AdapterSource

_CARD, _PREFERENCES = "README.md", "mevqa.json"


def fold(wrapped: Any, adapter: str) -> None:
    """Merge an adapter into its base model's weights, in place and in the precision of the weights.

    Args:
        wrapped: The ``PeftModel``; the model in it has no adapter afterwards.
        adapter: Its name, for messages.

    Raises:
        ModelError: It is of a kind that cannot be merged, or its weights are broken.
    """
    try:
        _untie(wrapped.get_base_model())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That ties were loosened is intended, and is written into the config.
            wrapped.merge_and_unload(safe_merge=True)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"the adapter {adapter} cannot be merged: {reason[:200]}") from error


def _untie(model: Any) -> None:
    """Give the output embedding weights of its own where an adapter's layer stands beside one of two that are tied.

    The layer changes what one of the two gives out. Merged into weights that both share, as peft does, it would change
    the other too.
    """
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    ends: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
    bare: list[Any] = [end.get_base_layer() if isinstance(end, BaseTunerLayer) else end for end in ends]
    if None in ends or bare == ends or bare[0].weight is not bare[1].weight:
        return
    bare[1].weight = torch.nn.Parameter(bare[1].weight.detach().clone())
    model.config.tie_word_embeddings = False


def round_weights(model: Any, dtype: str) -> None:
    """Round all weights to ``dtype``, in place.

    Raises:
        ModelError: A weight is too large for it.
    """
    import torch

    wanted = getattr(torch, dtype)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(wanted)
    for config in (model.config, *(getattr(model.config, name) for name in model.config.sub_configs)):
        config.dtype = wanted
    check_finite(model, f"the merged model in {dtype}", "; its range is too small for them, take --dtype bfloat16")


def check_finite(model: Any, whose: str, mend: str = "") -> None:
    """Refuse weights that are infinite or not a number.

    Args:
        model: The model.
        whose: What the weights belong to, for the message.
        mend: What can be done, the end of the message.

    Raises:
        ModelError: There is one.
    """
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise ModelError(f"{whose} has weights that are infinite or not a number ({name}){mend}")


def check_target(target: Path, taken: Mapping[str, Path | None]) -> None:
    """Refuse to write into a folder that holds something.

    Args:
        target: The folder to make.
        taken: Folders that are read from, by whose they are.

    Raises:
        InputError: It is a file, one of them, or not empty.
    """
    for whose, folder in taken.items():
        if folder is not None and target.resolve() == folder.resolve():
            raise InputError([Problem(target, f"is {whose} own folder; name a new one for --out")])
    if target.exists() and not target.is_dir():
        raise InputError([Problem(target, "is a file; name a new folder for --out")])
    if target.is_dir() and any(target.iterdir()):
        raise InputError([Problem(target, "is not empty; name a new folder for --out")])


def write_model(into: Path, model: Any, processor: Any, source: AdapterSource) -> None:
    """Write a merged model with its processor, and what the adapter's folder says about asking it.

    Args:
        into: An empty folder.
        model: The merged model.
        processor: Its processor.
        source: The adapter, whose preferences, prompts and card come along, and its base, whose preferences stand in
            for missing ones.
    """
    model.save_pretrained(into)
    processor.save_pretrained(into)
    for weights in into.glob("*.safetensors"):
        weights.chmod((into / "config.json").stat().st_mode)  # They are written for their owner alone.
    folders = [folder for folder in (source.folder, source.base_folder) if folder is not None]
    if wanted := next((folder / _PREFERENCES for folder in folders if (folder / _PREFERENCES).is_file()), None):
        shutil.copyfile(wanted, into / _PREFERENCES)
    if (source.folder / "prompts").is_dir():
        shutil.copytree(source.folder / "prompts", into / "prompts")
    if (source.folder / _CARD).is_file():
        card = (source.folder / _CARD).read_text(encoding="utf-8")
        card = re.sub(r"\A(---\n(?:.*\n)*?)library_name: peft\n", r"\1library_name: transformers\n", card).rstrip()
        more = (
            f"## Merged\n\nThis folder holds the adapter merged into its base model `{shared_name(source.base)}`: a "
            "whole model that needs neither. `merge.json` says which two were merged and how far the answers are "
            "apart.\n"
        )
        (into / _CARD).write_text(f"{card}\n\n{more}", encoding="utf-8")

"""Weights of an adapter merged into those of its base model, rounded, and written as a whole model."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path
from typing import Any

from mevqa.errors import ModelError
from mevqa.models.base import PREFERENCES_FILE
from mevqa.safe_text import shared_name
from mevqa.training.adapters.adapter_source import AdapterSource


def merge_weights(wrapped: Any, adapter: str) -> None:
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
    if None not in ends and bare != ends and bare[0].weight is bare[1].weight:
        bare[1].weight = torch.nn.Parameter(bare[1].weight.detach().clone())
        model.config.tie_word_embeddings = False


def round_weights(model: Any, dtype: str) -> None:
    """Round all weights to ``dtype``, in place; one that is too large for it is refused."""
    import torch

    wanted = getattr(torch, dtype)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(wanted)
    for config in (model.config, *(getattr(model.config, name) for name in model.config.sub_configs)):
        config.dtype = wanted
    check_finite(model, f"the merged model in {dtype}", "; its range is too small for them, take --dtype bfloat16")


def check_finite(model: Any, whose: str, mend: str = "") -> None:
    """Refuse weights that are infinite or not a number."""
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise ModelError(f"{whose} has weights that are infinite or not a number ({name}){mend}")


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
    preferences = [folder / PREFERENCES_FILE for folder in (source.folder, source.base_folder) if folder is not None]
    if wanted := next((path for path in preferences if path.is_file()), None):
        shutil.copyfile(wanted, into / PREFERENCES_FILE)
    if (source.folder / "prompts").is_dir():
        shutil.copytree(source.folder / "prompts", into / "prompts")
    if (source.folder / "training.json").is_file():
        shutil.copyfile(source.folder / "training.json", into / "training.json")  # It tells who was trained on.
    if (source.folder / "README.md").is_file():
        card = (source.folder / "README.md").read_text(encoding="utf-8")
        card = re.sub(r"\A(---\n(?:.*\n)*?)library_name: peft\n", r"\1library_name: transformers\n", card).rstrip()
        more = (
            f"## Merged\n\nThis folder holds the adapter merged into its base model `{shared_name(source.base)}`: a "
            "whole model that needs neither. `merge.json` says which two were merged and how far the answers are "
            "apart.\n"
        )
        (into / "README.md").write_text(f"{card}\n\n{more}", encoding="utf-8")

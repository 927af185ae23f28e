"""What is trained, on the disk: checkpoints of exactly the trained weights, and the finished adapter or model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from mevqa.files.whole import write_whole
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.trainer.trained_parts import trained

#: File of a checkpoint.
CHECKPOINT = "trained.safetensors"
#: What the packed model puts before its parameters' names.
_PREFIX = "model."


def is_adapter(model: PackedModel) -> bool:
    """Return whether an adapter is trained, and not the weights themselves."""
    return hasattr(model.model, "peft_config")


def save_checkpoint(model: PackedModel, folder: Path, state: dict[str, Any] | None = None) -> None:
    """Write the trained weights, bit by bit.

    Args:
        model: The model.
        folder: Where to.
        state: The model's gathered state, where its weights are spread over processes.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    known = state if state is not None else {name: parameter.detach() for name, parameter in trained(model)}
    save_file({name: known[name].contiguous().cpu() for name, _ in trained(model)}, folder / CHECKPOINT)


def load_checkpoint(model: PackedModel, folder: Path) -> None:
    """Put back what ``save_checkpoint`` wrote."""
    from safetensors.torch import load_file

    stored = load_file(folder / CHECKPOINT)
    with torch.no_grad():
        for name, parameter in trained(model):
            parameter.copy_(stored[name])


def save_finished(model: PackedModel, folder: Path, dtype: torch.dtype, state: dict[str, Any] | None = None) -> None:
    """Write the adapter in PEFT's layout, or the whole model when there is none.

    Args:
        model: The model.
        folder: Where to.
        dtype: Precision of a whole model on the disk, to which it is brought; adapters keep theirs.
        state: The model's gathered state, where its weights are spread over processes.
    """
    inner: Any = model.model
    own = None if state is None else {name.removeprefix(_PREFIX): value for name, value in state.items()}
    if is_adapter(model):
        # The embeddings are not trained, and PEFT would look the base up on the hub to see whether they have grown.
        inner.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False, state_dict=own)
        # PEFT writes a card of its own, which says nothing about this one.
        (folder / "README.md").unlink(missing_ok=True)
        _sort_names(folder / "adapter_config.json")
    elif own is not None:
        inner.save_pretrained(folder, state_dict={name: value.to(dtype) for name, value in own.items()})
    else:
        inner.to(dtype).save_pretrained(folder)


def _sort_names(path: Path) -> None:
    """Give the sets of names in a PEFT configuration one order: PEFT writes them as its hashes fall."""
    config = json.loads(path.read_text(encoding="utf-8"))
    for key, value in config.items():
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            config[key] = sorted(value)
    write_whole(path, json.dumps(config, indent=2, sort_keys=True))

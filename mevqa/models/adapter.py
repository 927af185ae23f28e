"""PEFT adapters on top of a loaded model."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from mevqa.errors import ModelError
from mevqa.models.digest import content_digest


def add_adapter(model: Any, adapter: str) -> tuple[Any, str]:
    """Put an adapter into ``model``.

    Args:
        model: The base model.
        adapter: Folder or hub name of a LoRA-like PEFT adapter with safetensors weights.

    Returns:
        The model with the adapter's layers in place, and the digest of the adapter's files.

    Raises:
        ModelError: There is no such adapter, or it was made for another model.
    """
    from peft import PeftModel

    folder = _adapter_folder(adapter)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    kind = config.get("peft_type")
    if kind in ("PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "ADAPTION_PROMPT"):
        raise ModelError(
            f"the adapter {adapter} is of the type {kind}, which changes prompts; LoRA-like ones are taken"
        )
    made_for = (config.get("auto_mapping") or {}).get("base_model_class")
    if made_for not in (None, type(model).__name__):
        raise ModelError(f"the adapter {adapter} was made for a {made_for}, this model is a {type(model).__name__}")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*adapter keys.*")
            wrapped = PeftModel.from_pretrained(model, str(folder))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"the adapter {adapter} does not fit the model {model.config.model_type!r}: it was made for another one "
            f"({reason[:200]})"
        ) from error
    return wrapped.get_base_model(), content_digest(folder)


def _adapter_folder(adapter: str) -> Path:
    """Return the adapter's folder on this machine.

    Raises:
        ModelError: It is not here and cannot be fetched, or it is no adapter.
    """
    folder = Path(adapter).expanduser()
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        try:
            patterns = ["adapter_config.json", "adapter_model.safetensors"]
            folder = Path(snapshot_download(adapter, allow_patterns=patterns))
        except Exception as error:
            raise ModelError(
                f"no adapter {adapter!r}: neither a folder nor on the hub as far as it can be reached"
            ) from error
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            raise ModelError(f"{adapter}: is no PEFT adapter with safetensors weights (no {name})")
    return folder

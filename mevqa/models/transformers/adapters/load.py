"""PEFT adapters on top of a loaded model."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from types import NoneType
from typing import Any

from mevqa.errors import InputError, ModelError
from mevqa.files.inputs import read_file
from mevqa.files.json_file import read_json_object
from mevqa.files.whole import utf8_named
from mevqa.models.digest import content_digest
from mevqa.models.hub import is_hub_name
from mevqa.models.transformers.adapters.key_names import fitting_adapter

#: What is fetched of an adapter on the hub: its weights, how it wants to be asked, its processor, prompts and card.
_FETCHED = ("*.json", "*.jinja", "*.model", "*.txt", "README.md", "prompts/*.yaml", "adapter_model.safetensors")
#: Kinds of the values of a configuration that are read here; peft checks the others.
_KINDS = {"peft_type": (str,), "base_model_name_or_path": (str,), "revision": (str,), "auto_mapping": (dict,)}
#: Kinds of adapter that change prompts and not weights.
_OF_PROMPTS = frozenset(
    {"PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "ADAPTION_PROMPT", "CPT", "CARTRIDGE"}
)


def wrap_with_adapter(model: Any, adapter: str) -> tuple[Any, str]:
    """Put an adapter into ``model``.

    Args:
        model: The base model; it gets the adapter's layers in place.
        adapter: Folder or hub name of a LoRA-like PEFT adapter with safetensors weights.

    Returns:
        The ``PeftModel`` around the model, and the digest of the adapter's files.

    Raises:
        ModelError: There is no such adapter, or it was made for another model.
    """
    # peft looks for bitsandbytes, which says on import that it found no faster 4-bit kernel for this processor.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    from peft import PeftModel

    folder = adapter_folder(adapter)
    config = adapter_config(folder)
    made_for = (config.get("auto_mapping") or {}).get("base_model_class")
    if made_for not in (None, type(model).__name__):
        raise ModelError(f"the adapter {adapter} was made for a {made_for}, this model is a {type(model).__name__}")
    try:
        with (
            warnings.catch_warnings(),
            utf8_named(folder) as path,
            fitting_adapter(model, adapter, path, config) as fitting,
        ):
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by names of earlier releases
            warnings.filterwarnings("ignore", message=".*tie_word_embeddings.*")  # of interest where one trains
            warnings.filterwarnings("error", message=".*adapter keys.*")
            wrapped = PeftModel.from_pretrained(model, str(fitting))
    except ModelError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"the adapter {adapter} does not fit the model {model.config.model_type!r}: it was made for another one "
            f"({reason[:200]})"
        ) from error
    return wrapped, content_digest(folder)


def adapter_config(folder: Path) -> dict[str, Any]:
    """Return what stands in an adapter's ``adapter_config.json``.

    Raises:
        ModelError: It is not JSON, does not hold an object, or is that of an adapter that changes no weights.
    """
    path = folder / "adapter_config.json"
    try:
        config = read_json_object(path)
    except InputError as error:
        raise ModelError(str(error)) from error
    for key, kinds in _KINDS.items():
        if not isinstance(config.get(key), (*kinds, NoneType)):
            raise ModelError(f"{path}: {key!r} cannot be {json.dumps(config[key])[:40]}")
    kind = config.get("peft_type")
    if kind in _OF_PROMPTS:
        raise ModelError(f"the adapter {folder} is of the type {kind}, which changes prompts; LoRA-like ones are taken")
    if config.get("megatron_config"):
        raise ModelError(f"{path}: megatron_config names a Python module to import, and an adapter may run no code")
    return config


def adapter_folder(adapter: str) -> Path:
    """Return the adapter's folder on this machine, fetched from the hub where it has to be.

    Args:
        adapter: Folder or hub name.

    Raises:
        ModelError: It is not here and cannot be fetched, or it is no adapter.
    """
    folder = Path(adapter).expanduser()
    if not folder.is_dir():
        absent = ModelError(f"no adapter {adapter!r}: neither a folder nor on the hub as far as it can be reached")
        if not is_hub_name(adapter):
            raise absent
        from huggingface_hub import snapshot_download

        try:
            folder = Path(snapshot_download(adapter, allow_patterns=list(_FETCHED)))
        except Exception as error:
            raise absent from error
    refuse_unfinished(folder, adapter)
    if (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file():
        raise ModelError(f"{adapter}: is a whole model and no adapter; give it as the model")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            raise ModelError(f"{adapter}: is no PEFT adapter with safetensors weights (no {name})")
    return folder


def refuse_unfinished(folder: Path, name: str) -> None:
    """Refuse the folder of a training of ours that was interrupted: its weights are none yet, or half-written.

    Args:
        folder: The folder of an adapter or a whole model.
        name: What the user calls it.

    Raises:
        ModelError: The record of its training lacks the end, which is written last.
    """
    try:
        record = json.loads(read_file(folder / "training.json"))
    except (OSError, ValueError, RecursionError):
        return  # of another maker
    if isinstance(record, dict) and "decides" in record and not record.get("finished"):
        raise ModelError(
            f"{name}: its training was interrupted and is not finished; run the same command again to continue it "
            f"(mevqa finetune RECIPE ... output={name})"
        )


def base_trained_on(folder: Path) -> str | None:
    """Return the revision of the base in the record of an adapter's training, None where there is none."""
    try:
        revision = read_json_object(folder / "training.json")["decides"]["model"]["revision"]
    except (InputError, KeyError, TypeError):
        return None
    return revision if isinstance(revision, str) else None

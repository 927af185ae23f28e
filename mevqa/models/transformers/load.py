"""Models of transformers, from a folder or the hub: loaded, or refused in one line before they do harm."""

from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from transformers.utils import logging as transformers_logging

from mevqa.errors import MevqaError, ModelError
from mevqa.files.whole import utf8_named
from mevqa.models.base import ModelOptions, Preferences
from mevqa.models.digest import content_digest
from mevqa.models.hub import hub_answers
from mevqa.models.transformers.adapters.load import wrap_with_adapter
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.placement import choose_device, choose_dtype, place_weights

#: Tokens of one picture, at most: more than any model's context.
_MOST_PICTURE_TOKENS = 1_000_000


def load_transformers(
    name: str, source: Path | str, options: ModelOptions, preferences: Preferences
) -> TransformersModel:
    """Load a model and its processor.

    Args:
        name: As the user wrote it.
        source: Its folder, or its name on the hub.
        options: How to load and ask it.
        preferences: How it wants to be asked.

    Raises:
        ModelError: Anything that keeps it from loading.
    """
    with utf8_named(source) if isinstance(source, Path) else nullcontext(source) as path:
        model, processor, revision = _load(name, path, options)
    try:
        return TransformersModel(
            model, processor, name=name, revision=revision, preferences=preferences, options=options
        )
    except MevqaError:
        raise
    except Exception as error:  # whatever a damaged processor makes of its own fields
        raise ModelError(_explain(name, error)) from error


def _load(name: str, source: Path | str, options: ModelOptions) -> tuple[Any, Any, str]:
    """Return model, processor and revision."""
    transformers_logging.disable_progress_bar()
    torch.manual_seed(options.seed)
    common = {
        "revision": options.revision or "main",
        "trust_remote_code": options.trust_remote_code,
        "local_files_only": isinstance(source, Path) or not hub_answers(),
    }
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    try:
        config = _vision_language_config(name, source, common)
        _refuse_kernels(name, options.attention, options.trust_remote_code, config)
        if isinstance(source, Path):
            _refuse_other_weights(name, source, config, options.trust_remote_code)
        processor = AutoProcessor.from_pretrained(source, **common)
        _refuse_endless_pictures(name, processor)
        loaded: Any = AutoModelForImageTextToText.from_pretrained(
            source,
            output_loading_info=True,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            attn_implementation=options.attention,
            **place_weights(options.device, options.quantization, device, dtype),
            **common,
        )
        model, loading = loaded
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(_explain(name, error)) from error
    if missing := sorted(loading["missing_keys"]):
        # They would be drawn at random, and the model would answer all the same.
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ModelError(f"{name} lacks weights ({missing[0]}{more}); fetch the model again")
    revision = getattr(config, "_commit_hash", None) or content_digest(Path(source))
    if options.adapter is not None:
        wrapped, digest = wrap_with_adapter(model, options.adapter)
        model = wrapped.get_base_model()
        revision = f"{revision}+{digest}"
    return model.eval(), processor, str(revision)


def layers_of(name: str, *, trust_remote_code: bool = False) -> Any:
    """Return a vision-language model without its weights: layers by name and size.

    Args:
        name: Folder or hub name; of the hub only the config is fetched.
        trust_remote_code: Whether Python code that comes with the model may run.

    Raises:
        ModelError: Its config cannot be had, or is that of another kind of model.
    """
    source: Path | str = Path(name).expanduser() if Path(name).expanduser().is_dir() else name
    common = {
        "trust_remote_code": trust_remote_code,
        "local_files_only": isinstance(source, Path) or not hub_answers(),
    }
    try:
        config = _vision_language_config(name, source, common)
        with torch.device("meta"):
            return AutoModelForImageTextToText.from_config(config, trust_remote_code=trust_remote_code)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(_explain(name, error)) from error


def _refuse_endless_pictures(name: str, processor: Any) -> None:
    """Refuse a processor that would write a picture as more tokens than memory holds."""
    for key in ("num_additional_image_tokens", "image_seq_length", "image_seq_len"):
        count = getattr(processor, key, 0)
        if isinstance(count, int) and count > _MOST_PICTURE_TOKENS:
            raise ModelError(f"{name}: its processor's {key} is {count}, at most {_MOST_PICTURE_TOKENS} are taken")


def _refuse_other_weights(name: str, folder: Path, config: Any, trust_remote_code: bool) -> None:
    """Refuse weights that are far fewer than the config describes, before memory is taken for those that lack.

    A part of the config that is null or absent stands for the library's default, which may have billions.

    Raises:
        ModelError: The folder holds less than half of them.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files or getattr(config, "quantization_config", None):
        return  # What is packed has fewer numbers than it stands for.
    stored = 0
    for path in files:
        with safe_open(path, "pt") as tensors:
            stored += sum(math.prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118
    with torch.device("meta"):  # shapes without memory
        model = AutoModelForImageTextToText.from_config(config, trust_remote_code=trust_remote_code)
    described = sum(parameter.numel() for parameter in model.parameters())
    if described > 2 * stored:
        raise ModelError(
            f"{name}: config.json describes {described:,} weights and the folder holds {stored:,}: a part of it is "
            "missing; fetch the model again"
        )


def _refuse_kernels(name: str, attention: str | None, trust_remote_code: bool, config: Any) -> None:
    """Refuse an attention implementation that is compiled code on the hub (``owner/kernel``), unless it is trusted."""
    inner = [getattr(config, key) for key in config.sub_configs if hasattr(config, key)]
    implementations = [attention, *(getattr(part, "_attn_implementation", None) for part in (config, *inner))]
    kernel = next((str(implementation) for implementation in implementations if "/" in str(implementation)), None)
    if kernel is not None and not trust_remote_code:
        raise ModelError(
            f"{name}: the attention implementation {kernel!r} is code on the hub; --trust-remote-code runs it, if you "
            "trust its author"
        )


def _vision_language_config(name: str, source: Path | str, common: dict[str, Any]) -> Any:
    """Return the config of a vision-language model."""
    config = AutoConfig.from_pretrained(source, **common)
    remote = common["trust_remote_code"] and "AutoModelForImageTextToText" in getattr(config, "auto_map", {})
    if config.model_type not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES and not remote:
        raise ModelError(
            f"{name} is a {config.model_type!r} model, which takes no pictures with text; "
            "a chat vision-language model is needed (Qwen2.5-VL, Qwen3-VL, SmolVLM, LLaVA, InternVL, Gemma 3, ...)"
        )
    return config


def _explain(name: str, error: Exception) -> str:
    """Return one line on why a model did not load, and what to do."""
    text = " ".join(str(error).split())
    if "trust_remote_code" in text:
        return f"{name} comes with its own Python code; --trust-remote-code runs it, if you trust its author"
    if (
        "couldn't connect" in text.lower()
        or "offline" in text.lower()
        or "local_files_only" in text
        or "ConnectionError" in type(error).__name__
    ):
        return (
            f"{name} is not on this machine and the hub cannot be reached; fetch it where there is a network "
            f"(hf download {name}) and give the folder, or take the embedded model nano"
        )
    if "gated" in text.lower() or "401" in text or "403" in text:
        return f"{name} wants a licence or a login on the hub: accept it on the model's page, then run `hf auth login`"
    if "not a valid model identifier" in text or "404" in text or "Repository Not Found" in text:
        return f"the hub has no model {name!r} (or it is private: `hf auth login`)"
    if "safetensors" in text:
        return f"{name} has no safetensors weights, and pickled weights are not loaded: {text}"
    if isinstance(error, ImportError):
        return f"{name} needs a package that is missing: {text}"
    return f"{name} cannot be loaded: {type(error).__name__}: {text}"

"""Refusals of models that cannot be asked, or would do harm, before their weights are loaded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mevqa.errors import ModelError

#: Tokens of one picture, at most: more than any model's context.
_MOST_PICTURE_TOKENS = 1_000_000


def refuse_endless_pictures(name: str, processor: Any) -> None:
    """Refuse a processor that would write a picture as more tokens than memory holds.

    Raises:
        ModelError: It names such a number.
    """
    for key in ("num_additional_image_tokens", "image_seq_length", "image_seq_len"):
        count = getattr(processor, key, 0)
        if isinstance(count, int) and count > _MOST_PICTURE_TOKENS:
            raise ModelError(f"{name}: its processor's {key} is {count}, at most {_MOST_PICTURE_TOKENS} are taken")


def refuse_other_weights(name: str, folder: Path, config: Any, trust_remote_code: bool) -> None:
    """Refuse weights that are far fewer than the config describes, before memory is taken for those that lack.

    A part of the config that is null or absent stands for the library's default, which may have billions.

    Raises:
        ModelError: The folder holds less than half of them.
    """
    import torch
    from safetensors import safe_open
    from transformers import AutoModelForImageTextToText

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


def refuse_kernels(name: str, attention: str | None, trust_remote_code: bool, config: Any) -> None:
    """Refuse an attention implementation that is compiled code on the hub (``owner/kernel``), unless it is trusted.

    Raises:
        ModelError: The user, a recipe or the model's own config names one.
    """
    inner = [getattr(config, key) for key in config.sub_configs if hasattr(config, key)]
    named = [attention, *(getattr(one, "_attn_implementation", None) for one in (config, *inner))]
    kernel = next((str(one) for one in named if "/" in str(one)), None)
    if kernel is not None and not trust_remote_code:
        raise ModelError(
            f"{name}: the attention implementation {kernel!r} is code on the hub; --trust-remote-code runs it, if you "
            "trust its author"
        )


def vision_language_config(name: str, source: Path | str, common: dict[str, Any]) -> Any:
    """Return the config of a vision-language model.

    Raises:
        ModelError: It is the config of something else.
    """
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN

    config = AutoConfig.from_pretrained(source, **common)
    remote = common["trust_remote_code"] and "AutoModelForImageTextToText" in getattr(config, "auto_map", {})
    if config.model_type not in KNOWN and not remote:
        raise ModelError(
            f"{name} is a {config.model_type!r} model, which takes no pictures with text; "
            "a chat vision-language model is needed (Qwen2.5-VL, Qwen3-VL, SmolVLM, LLaVA, InternVL, Gemma 3, ...)"
        )
    return config

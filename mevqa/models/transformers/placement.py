"""Where a model's weights go, and in which precision."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mevqa.errors import ModelError

if TYPE_CHECKING:
    import torch


def choose_device(wanted: str) -> str:
    """Return the device that ``wanted`` means.

    Raises:
        ModelError: This machine does not have it.
    """
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            # Of several processes that a launcher started on this machine each takes a GPU of its own.
            rank, count = os.environ.get("LOCAL_RANK", ""), torch.cuda.device_count()
            alone = not rank.isdigit() or int(os.environ.get("WORLD_SIZE") or 1) < 2
            return "cuda" if alone or count < 2 else f"cuda:{int(rank) % count}"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind = wanted.split(":")[0]
    have = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not have.get(kind, False):
        raise ModelError(f"this machine has no device {wanted!r}; it has: {', '.join(k for k, v in have.items() if v)}")
    return wanted


def choose_dtype(wanted: str, device: str) -> torch.dtype:
    """Return the precision of the weights."""
    import torch

    if wanted != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[wanted]
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.float16 if device == "mps" else torch.float32


def place_weights(wanted: str, quantization: str, device: str, dtype: torch.dtype) -> dict[str, Any]:
    """Return the loading options that say where weights go and how they are quantised.

    Args:
        wanted: The device that the user asked for; ``auto`` spreads a model over several GPUs.
        quantization: ``none``, ``4bit`` or ``8bit``.
        device: What ``choose_device`` made of it.
        dtype: Precision of the arithmetic.
    """
    import torch

    spread = wanted == "auto" and device == "cuda" and torch.cuda.device_count() > 1
    placement: dict[str, Any] = {"device_map": "auto" if spread else {"": device}}
    if quantization != "none":
        from transformers import BitsAndBytesConfig

        four = quantization == "4bit"
        # NF4 with double quantisation: Dettmers et al., "QLoRA", NeurIPS 2023, section 3.
        placement["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=four,
            load_in_8bit=not four,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    return placement

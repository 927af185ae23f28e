"""Models of full size with random weights, built from the sizes that their configs on the hub have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from mevqa.benchmarks.gpu.processors import PictureSizes, make_processor
from mevqa.errors import InputError, Problem
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.models.base import ModelOptions
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.placement import choose_dtype
from mevqa.resources import TABLES

_TABLE = TABLES / "benchmarks" / "full_size_models.yaml"
#: Parts of the config that a family names in its own way, or that are not the default of its class.
_TEXT_TYPES = {"smolvlm": "llama", "llava_onevision": "qwen2", "internvl": "qwen2", "gemma3": "gemma3_text"}
_VISION_TYPES = {"llava_onevision": "siglip_vision_model", "gemma3": "siglip_vision_model"}


class _Model(StrictModel):
    """Sizes of a model: keys of its config's text part, vision part, and of the config itself."""

    family: str
    text: dict[str, Any]
    vision: dict[str, Any]
    more: dict[str, Any]


class _Small(StrictModel):
    """Sizes of a family for small models, in place of its own."""

    text: dict[str, Any]
    vision: dict[str, Any]
    more: dict[str, Any] = {}
    pictures: PictureSizes


class _Sizes(StrictModel):
    """Content of the table."""

    models: dict[str, _Model]
    pictures: dict[str, PictureSizes]
    small: dict[str, _Small]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model's sizes, ready to be built.

    Attributes:
        name: Of the model on the hub.
        processor: Its processor.
        config: Its config, of transformers.
        side: Width and height of the pictures that it is shown, pixels.
    """

    name: str
    processor: Any
    config: Any
    side: int


def full_size_names() -> list[str]:
    """Return the names of the models whose sizes are known."""
    return list(_sizes().models)


def architecture(name: str, texts: Iterable[str], *, small: bool = False) -> Architecture:
    """Return the sizes of a model with a processor for it.

    Args:
        name: Of the model on the hub.
        texts: What its tokeniser is trained on.
        small: Two narrow layers in place of its own, to try a measurement without a GPU.

    Raises:
        InputError: Its sizes are not known.
    """
    from transformers import AutoConfig

    table = _sizes()
    if name not in table.models:
        message = f"the sizes of {name} are not known; known ones: {', '.join(table.models)}"
        raise InputError([Problem(_TABLE, message)])
    model = table.models[name]
    instead = table.small[model.family] if small else None
    pictures = instead.pictures if instead else table.pictures[model.family]
    family_processor = make_processor(model.family, pictures, texts)
    text = model.text | (instead.text if instead else {}) | family_processor.text
    vision = model.vision | (instead.vision if instead else {})
    if instead:
        text["vocab_size"] = len(family_processor.processor.tokenizer)
    if model.family in _TEXT_TYPES:
        text["model_type"] = _TEXT_TYPES[model.family]
    if model.family in _VISION_TYPES:
        vision |= {"model_type": _VISION_TYPES[model.family], "vision_use_head": False}
    more = model.more | (instead.more if instead else {}) | family_processor.more
    if "rope_parameters" not in text and model.family.startswith("qwen"):
        text["rope_parameters"] = _rotary(model.family)
    config = AutoConfig.for_model(model.family, text_config=text, vision_config=vision, **more)
    return Architecture(name, family_processor.processor, config, pictures.side)


def _rotary(family: str) -> dict[str, Any]:
    """Return the three-axis rotary positions of a Qwen family at full size."""
    section, theta = ([16, 24, 24], 1e6) if family == "qwen2_5_vl" else ([24, 20, 20], 5e6)
    return {"rope_type": "default", "mrope_section": section, "rope_theta": theta}


def build(
    plan: Architecture,
    *,
    device: str,
    precision: str = "auto",
    quantization: str = "none",
    attention: str | None = None,
) -> TransformersModel:
    """Return a model with random weights, drawn on its device, behind the package's protocol.

    Args:
        plan: Its sizes.
        device: ``cuda`` or ``cpu``.
        precision: As in ``ModelOptions``.
        quantization: ``none``, or ``4bit``: its linear layers but the head, as bitsandbytes quantises loaded ones.
        attention: Attention implementation.

    Raises:
        ImportError: bitsandbytes or the attention implementation is not installed.
    """
    import torch
    from transformers import AutoModelForImageTextToText

    torch.manual_seed(0)
    dtype = choose_dtype(precision, device)
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(plan.config, dtype=dtype, attn_implementation=attention)
    model = model.eval().to(device)
    if quantization == "4bit":
        quantize(model, dtype)
    options = ModelOptions(batch_size=16)
    return TransformersModel(model, plan.processor, name=plan.name, revision="random", options=options)


def quantize(model: Any, dtype: Any) -> None:
    """Put 4-bit layers (NF4, double quantisation) in the place of a model's linear layers but the head.

    It is what loading with ``--quantization 4bit`` makes of weights on a disk (Dettmers et al., "QLoRA", 2023).
    """
    import bitsandbytes as bnb
    import torch
    from torch import nn

    head = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        if type(module) is not nn.Linear or module is head:
            continue
        layer = bnb.nn.Linear4bit(
            module.in_features,
            module.out_features,
            bias=module.bias is not None,
            compute_dtype=dtype,
            compress_statistics=True,
            quant_type="nf4",
            device="meta",
        )
        device = module.weight.device
        layer.weight = bnb.nn.Params4bit(
            module.weight.data, requires_grad=False, compress_statistics=True, quant_type="nf4", module=layer
        )
        layer.bias = module.bias
        parent = model.get_submodule(name.rpartition(".")[0])
        setattr(parent, name.rpartition(".")[2], layer.to(device))  # which is what quantises
    model.is_loaded_in_4bit = model.is_quantized = True
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@cache
def _sizes() -> _Sizes:
    return read_yaml(_TABLE, _Sizes)

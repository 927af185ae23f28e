"""Trained parts of a model: which weights are trained, at which rate, and which modules get adapters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import torch
from torch import nn

from mevqa.errors import ModelError
from mevqa.models.transformers.adapters.load import wrap_with_adapter
from mevqa.training.recipes.recipe import Lora, Recipe

Part = Literal["adapter", "language", "projector", "vision"]

#: What the families call the module between the vision tower and the language model.
_PROJECTOR = re.compile(r"\b(multi_modal_projector|connector|merger|deepstack_merger_list|image_newline)\b")
#: What they call the vision tower.
_VISION = re.compile(r"\b(vision_tower|vision_model|visual|vision_encoder)\b")
_ADAPTER = re.compile(r"\b(lora_[A-Za-z_]+)\b")


def part_of(name: str) -> Part:
    """Return the part that a parameter or module belongs to, by its name."""
    if _ADAPTER.search(name):
        return "adapter"
    if _PROJECTOR.search(name):
        return "projector"
    return "vision" if _VISION.search(name) else "language"


def prepare(model: Any, recipe: Recipe, *, base_name: str) -> Any:
    """Freeze what the recipe keeps, put the adapter in, and return what is trained.

    Trained weights are in float32, whatever the precision of the frozen ones: an update of a thousandth is lost in
    bfloat16's eight bits.

    Args:
        model: A vision-language model of transformers.
        recipe: What is trained.
        base_name: What the adapter calls its base model.

    Returns:
        The model, or the PEFT model around it.

    Raises:
        ModelError: The model has no such part.
    """
    rates = recipe.rates.model_dump()
    for name, parameter in model.named_parameters():
        trained = recipe.lora is None and rates[part_of(name)] > 0 and parameter.is_floating_point()
        parameter.requires_grad_(trained)
        if trained:
            parameter.data = parameter.data.float()
    if recipe.lora is None:
        missing = {"language", "projector", "vision"} - {part_of(name) for name, _ in model.named_parameters()}
        wanted = [part for part in sorted(missing) if rates[part] > 0]
        if wanted:
            raise ModelError(f"the model has no {wanted[0]} that could be trained; set rates.{wanted[0]} to 0")
        return model
    if recipe.adapter is not None:
        return _trainable(_with_own_adapter(model, recipe, recipe.lora), recipe, base_name)
    return _trainable(_with_new_adapter(model, recipe, recipe.lora), recipe, base_name)


def _with_new_adapter(model: Any, recipe: Recipe, lora: Lora) -> Any:
    """Put LoRA layers into the model; whole modules that are trained besides are kept by the adapter."""
    from peft import LoraConfig, get_peft_model

    rates = recipe.rates.model_dump()
    whole_modules = [
        name for part in ("projector", "vision") if rates[part] for name in _outermost_modules(model, part)
    ]
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=target_modules(model, lora.targets),
        modules_to_save=whole_modules or None,
        use_dora=lora.dora,
        use_rslora=lora.rslora,
    )
    # Only now: libraries that are imported for the first time draw numbers too.
    torch.manual_seed(recipe.seed)
    return get_peft_model(model, config)


def _with_own_adapter(model: Any, recipe: Recipe, lora: Lora) -> Any:
    """Put the adapter that the recipe trains further into the model, its layers trainable."""
    wrapped, _ = wrap_with_adapter(model, str(recipe.adapter))
    wrapped.peft_config["default"].inference_mode = False
    wrapped.peft_config["default"].lora_dropout = lora.dropout
    for module in wrapped.modules():
        dropouts = getattr(module, "lora_dropout", None)
        if isinstance(dropouts, nn.ModuleDict) and "default" in dropouts:
            dropouts["default"] = nn.Dropout(lora.dropout) if lora.dropout else nn.Identity()
    wrapped.set_adapter("default")
    return wrapped


def _trainable(wrapped: Any, recipe: Recipe, base_name: str) -> Any:
    """Bring the adapter's weights that are trained to float32, and freeze those that the recipe keeps."""
    rates = recipe.rates.model_dump()
    wrapped.peft_config["default"].base_model_name_or_path = base_name
    for name, parameter in wrapped.named_parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
            if rates[part_of(name)] == 0:
                parameter.requires_grad_(False)
    parts = {part_of(name) for name, parameter in wrapped.named_parameters() if parameter.requires_grad}
    missing = [part for part in ("projector", "vision") if rates[part] and part not in parts]
    if missing and recipe.adapter is not None:
        raise ModelError(f"the adapter {recipe.adapter} holds no {missing[0]} to train: set rates.{missing[0]}=0")
    return wrapped


def target_modules(model: Any, targets: Iterable[str]) -> list[str]:
    """Return the names of the linear modules that get an adapter.

    Args:
        model: The model.
        targets: ``language``, ``everything``, or regular expressions.

    Raises:
        ModelError: A target matches no linear module.
    """
    head = model.get_output_embeddings()
    # Those of bitsandbytes are linear modules of torch too.
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear) and module is not head]
    groups = {"language": [name for name in linear if part_of(name) == "language"], "everything": linear}
    names: dict[str, None] = {}
    for target in targets:
        matches = groups[target] if target in groups else [name for name in linear if re.search(target, name)]
        if not matches:
            raise ModelError(f"lora.targets: {target!r} matches no linear module, e.g. {linear[-1]}")
        names.update(dict.fromkeys(matches))
    return list(names)


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the optimiser's groups: one for each part, those without weight decay (norms, biases) apart."""
    rates = recipe.rates.model_dump()
    groups: dict[tuple[Part, bool], list[nn.Parameter]] = {}
    for name, parameter in trained(model):
        groups.setdefault((part_of(name), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "lr": rates[part], "weight_decay": recipe.decay if decays else 0.0, "part": part}
        for (part, decays), parameters in sorted(groups.items())
    ]


def trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the parameters that are trained, with their names."""
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Return how many weights of each part are trained, and how many there are in all (``all``)."""
    counts: dict[str, int] = {}
    for name, parameter in trained(model):
        counts[part_of(name)] = counts.get(part_of(name), 0) + parameter.numel()
    # Four-bit weights are stored two in a byte.
    every = sum(p.numel() * (2 if p.dtype == torch.uint8 else 1) for p in model.parameters())
    return {**dict(sorted(counts.items())), "all": every}


def _outermost_modules(model: Any, part: str) -> list[str]:
    """Return the names of the outermost modules that belong to ``part`` as a whole.

    A list of modules, which is never called itself, stands for its modules: PEFT keeps what is called.

    Raises:
        ModelError: There is none.
    """
    tops: list[str] = []
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{top}.") for top in tops)
        parts = [part_of(f"{name}.{inner}") for inner, _ in module.named_parameters()]
        called = bool(name) and not isinstance(module, (nn.ModuleList, nn.ModuleDict))
        if called and not inside and parts and all(kind == part for kind in parts):
            tops.append(name)
    if not tops:
        raise ModelError(f"the model has no {part} that could be trained; set rates.{part} to 0")
    return tops

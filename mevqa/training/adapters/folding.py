"""An adapter's layers folded into the weights that they stand beside."""

from __future__ import annotations

import warnings
from typing import Any

from mevqa.errors import ModelError


def fold(wrapped: Any, adapter: str) -> None:
    """Fold an adapter into its base model's weights, in place and in the precision of the weights.

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
    """Refuse weights that are no numbers.

    Args:
        model: The model.
        whose: What the weights belong to, for the message.
        mend: What can be done, the end of the message.

    Raises:
        ModelError: A weight is infinite or not a number.
    """
    import torch

    for name, parameter in model.named_parameters():
        if not torch.all(torch.isfinite(parameter)):
            raise ModelError(f"{whose} has weights that are infinite or not a number ({name}){mend}")


def _untie(model: Any) -> None:
    """Give the output embedding weights of its own where an adapter's layer stands beside one of two that are tied.

    The layer changes what one of the two gives out. Folded into weights that both share it would change the other too.
    """
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    ends: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
    bare: list[Any] = [end.get_base_layer() if isinstance(end, BaseTunerLayer) else end for end in ends]
    if None in ends or bare == ends or bare[0].weight is not bare[1].weight:
        return
    bare[1].weight = torch.nn.Parameter(bare[1].weight.detach().clone())
    model.config.tie_word_embeddings = False

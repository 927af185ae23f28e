"""What a clip's questions share is taken through the model once.

Every question's full conversation is rendered and tokenised as if it were alone; the prefix is the longest beginning
that all of them share, and it covers every picture token. So the tokens that the model sees are the same with and
without reuse, and so are their positions: only the grouping of the arithmetic differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mevqa.errors import ModelError
from mevqa.models.transformers.generation.tree import (
    CopiedTree,
    PackedTree,
    Prefix,
    TokenTree,
    cache_argument,
    can_pack,
)
from mevqa.models.transformers.prompts.prompting import common_length


def prefix_length(prompts: Sequence[Sequence[int]], anchor: int) -> int:
    """Return the length of the prefix that ``prompts`` share, short of the last token of the shortest.

    Args:
        prompts: Token ids of each question's conversation, without what answers may change.
        anchor: Number of leading ids that pictures take part in.

    Raises:
        ModelError: The prompts differ before the last picture, or nothing follows it.
    """
    length = min(common_length(prompts), min(map(len, prompts)) - 1)
    if length < anchor:
        raise ModelError("the chat template writes the question before the pictures; such a model has no clip prefix")
    return length


def run_prefix(model: Any, inputs: Mapping[str, Any], length: int) -> Prefix:
    """Take the first ``length`` tokens, and the pictures among them, through the model.

    Args:
        model: The model.
        inputs: What the processor made of one question's conversation, ids [1, tokens] and all.
        length: Number of tokens to take.
    """
    from transformers import DynamicCache

    taken = {name: place(value, model) for name, value in cut_inputs(inputs, length).items()}
    packs = can_pack(model)
    # Without a config the cache keeps every key, also in sliding-window layers, whose window the tree then masks.
    cache = DynamicCache() if packs else DynamicCache(config=model.config)
    model(**taken, **cache_argument(model, cache), use_cache=True, logits_to_keep=1)
    offset, axes = _rotary_state(model, taken)
    return Prefix(cache, length, offset, axes)


def grow_tree(model: Any, prefix: Prefix) -> TokenTree:
    """Return an empty tree behind ``prefix``, which belongs to the tree from now on."""
    return PackedTree(model, prefix) if can_pack(model) else CopiedTree(model, prefix)


def cut_inputs(inputs: Mapping[str, Any], length: int) -> dict[str, Any]:
    """Return what the processor made of one conversation, with its first ``length`` tokens only.

    There is no attention mask among them: one sequence without padding needs none, and the models build their own
    (Gemma's pictures see themselves both ways).

    Args:
        inputs: Ids [1, tokens], pictures and whatever else the model takes.
        length: Number of tokens to take.
    """
    token_count = inputs["input_ids"].shape[1]
    return {
        name: value[:, :length] if getattr(value, "shape", None) == (1, token_count) else value
        for name, value in inputs.items()
        if name != "attention_mask"
    }


def place(value: Any, model: Any) -> Any:
    """Return a tensor on the model's device, floats in its precision."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(model.device, model.dtype) if value.is_floating_point() else value.to(model.device)


def _rotary_state(model: Any, taken: Mapping[str, Any]) -> tuple[int, int]:
    """Return the offset and the number of axes of rotary positions behind the prefix that has just been run.

    Models with multimodal rotary positions (Qwen-VL and its kin) compute the positions of the prefix themselves and
    leave on themselves how far positions run behind indices: ``rope_deltas``, state of the last pass, read at once.
    """
    inner = getattr(model, "model", model)
    if not hasattr(inner, "rope_deltas"):
        return 0, 1
    has_pictures = any(name in taken for name in ("image_grid_thw", "video_grid_thw"))
    if not has_pictures or inner.rope_deltas is None:
        return 0, 3
    return int(inner.rope_deltas.reshape(-1)[0]), 3

"""Inputs of the language model for a clip's prefix, captured where the vision-language model hands them over.

Every family merges pictures into the text in its own way: rotary positions of three axes, features that are added
inside the decoder (Qwen3-VL), pictures that see themselves both ways (Gemma 3). The model itself is run on the prefix
up to the call of its language model, and that call's arguments are kept; so none of this is written a second time.
What is frozen up to there does not change during a training, and is computed once a clip.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from mevqa.errors import ModelError
from mevqa.models.transformers.generation.prefix import place

#: Arguments of a language model that say nothing about the prefix.
_SETTINGS = frozenset({"input_ids", "cache", "past_key_values", "use_cache", "return_dict"})


@dataclass(frozen=True)
class DecoderInputs:
    """The language model's view of one clip's prefix of P tokens.

    Attributes:
        embeds: [P, width] embeddings with the pictures' features in place.
        positions: [axes, P] rotary positions; the axes are 1, or 3 or 4 for multimodal rotary positions.
        sees: By kind of attention layer (None: all kinds), [P, P] which token sees which; empty: causal.
        visual: [P] which tokens are a picture's, where features are added inside the decoder; else None.
        deepstack: Features that are added there, [picture tokens, width] for each of the first layers.
    """

    embeds: torch.Tensor
    positions: torch.Tensor
    sees: Mapping[str | None, torch.Tensor]
    visual: torch.Tensor | None = None
    deepstack: tuple[torch.Tensor, ...] = ()

    def size(self) -> int:
        """Return the number of bytes."""
        tensors = [self.embeds, self.positions, *self.sees.values(), *self.deepstack]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to(self, device: Any) -> DecoderInputs:
        """Return it on a device, cut from the graph that made it."""
        visual = None if self.visual is None else self.visual.to(device)
        return DecoderInputs(
            self.embeds.detach().to(device),
            self.positions.to(device),
            {kind: sees.to(device) for kind, sees in self.sees.items()},
            visual,
            tuple(layer.detach().to(device) for layer in self.deepstack),
        )


class _HandedOver(Exception):
    """The language model was called; carries nothing, the arguments were kept."""


class PrefixReader:
    """Reads the language model's view of prefixes, and remembers it where everything up to there is frozen.

    Args:
        model: A vision-language model of transformers, adapters in place.
        memory: Most bytes to remember, in main memory; 0 remembers nothing.

    Attributes:
        frozen: Whether nothing that is trained takes part.
    """

    def __init__(self, model: Any, memory: int) -> None:
        self._model = model
        self._decoder = model.get_decoder()
        inside = {id(parameter) for parameter in self._decoder.parameters()}
        head = model.get_output_embeddings()
        inside |= {id(parameter) for parameter in head.parameters()} if head is not None else set()
        inside -= {id(parameter) for parameter in model.get_input_embeddings().parameters()}
        self.frozen = not any(p.requires_grad for p in model.parameters() if id(p) not in inside)
        self._memory = memory if self.frozen else 0
        self._known: OrderedDict[Hashable, DecoderInputs] = OrderedDict()
        self._bytes = 0

    def read(self, inputs: Sequence[Mapping[str, Any]], keys: Sequence[Hashable | None]) -> list[DecoderInputs]:
        """Return the language model's view of each prefix.

        Clips whose inputs have the same shapes go through the model together.

        Args:
            inputs: Each clip's prefix, as ``cut_inputs`` gave it.
            keys: What each prefix depends on beside its tokens; None: it is new.
        """
        decoder_inputs: dict[int, DecoderInputs] = {}
        groups: dict[Any, list[int]] = {}
        for row, (prefix_inputs, key) in enumerate(zip(inputs, keys, strict=True)):
            if key is not None and self._memory:
                decoder_inputs[row] = self._remembered(
                    (key, tuple(prefix_inputs["input_ids"][0].tolist())), prefix_inputs
                )
            else:
                entries = sorted(prefix_inputs.items())
                shapes = tuple((name, tuple(getattr(value, "shape", ()))) for name, value in entries)
                groups.setdefault(shapes, []).append(row)
        for rows in groups.values():
            decoder_inputs.update(zip(rows, self._capture([inputs[row] for row in rows]), strict=True))
        return [decoder_inputs[row] for row in range(len(inputs))]

    def _remembered(self, key: Hashable, inputs: Mapping[str, Any]) -> DecoderInputs:
        """Return the inputs that are remembered under a key, or compute them.

        It is computed alone, so that no bit of it depends on which clips happen to stand beside it: an interrupted
        training computes it again among others. The key holds the prefix' tokens: what a clip's questions share is
        another text when other questions are drawn.
        """
        remembered = self._known.get(key)
        if remembered is not None:
            self._known.move_to_end(key)
            return remembered.to(self._model.device)
        (taken,) = self._capture([inputs])
        if taken.size() <= self._memory:
            self._known[key] = taken.to("cpu")
            self._bytes += taken.size()
            while self._bytes > self._memory:
                self._bytes -= self._known.popitem(last=False)[1].size()
        return taken

    def _capture(self, inputs: Sequence[Mapping[str, Any]]) -> list[DecoderInputs]:
        """Run the model on clips of the same shapes up to its language model."""
        joined = {
            name: torch.cat([clip_inputs[name] for clip_inputs in inputs]) if isinstance(value, torch.Tensor) else value
            for name, value in inputs[0].items()
        }
        arguments: dict[str, Any] = {}

        def keep(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if args:
                raise ModelError("the language model is called with positional arguments; it cannot be trained packed")
            arguments.update(kwargs)
            raise _HandedOver

        handle = self._decoder.register_forward_pre_hook(keep, with_kwargs=True)
        try:
            with self._as_asked() if self.frozen else nullcontext():
                self._model(**{name: place(value, self._model) for name, value in joined.items()}, use_cache=False)
        except _HandedOver:
            pass
        finally:
            handle.remove()
        return _split(arguments, len(inputs))

    @contextmanager
    def _as_asked(self) -> Iterator[None]:
        """Run frozen parts as they are asked: without dropout and without gradients.

        Each module's own mode is put back: 4-bit layers are kept from evaluation mode (``without_dropout``).
        """
        training = [module for module in self._model.modules() if module.training]
        self._model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for module in training:
                module.training = True


def _split(arguments: Mapping[str, Any], count: int) -> list[DecoderInputs]:
    """Cut the arguments of one call for ``count`` clips into each clip's."""
    unknown = [
        name
        for name, value in arguments.items()
        if name not in _SETTINGS | {"inputs_embeds", "attention_mask", "position_ids"}
        and name not in ("visual_pos_masks", "deepstack_visual_embeds")
        and (isinstance(value, (torch.Tensor, list, tuple, dict)) and len(value) > 0)
    ]
    if unknown:
        raise ModelError(f"the language model takes {', '.join(unknown)} besides embeddings; packing does not know it")
    embeds = arguments["inputs_embeds"]
    tokens = embeds.shape[1]
    positions = arguments.get("position_ids")
    if positions is None:
        positions = torch.arange(tokens, device=embeds.device).expand(1, count, tokens)
    elif positions.ndim == 2:
        positions = positions[None].expand(1, count, tokens)
    else:
        positions = positions.expand(-1, count, tokens)
    sees = _visibility(arguments.get("attention_mask"))
    visual, deepstack = arguments.get("visual_pos_masks"), arguments.get("deepstack_visual_embeds") or []
    counts = visual.sum(1).tolist() if visual is not None else []
    layers = [layer.split(counts) for layer in deepstack]
    return [
        DecoderInputs(
            embeds[row],
            positions[:, row],
            {kind: mask[min(row, len(mask) - 1)] for kind, mask in sees.items()},
            None if visual is None else visual[row],
            tuple(layer[row] for layer in layers),
        )
        for row in range(count)
    ]


def _visibility(mask: Any) -> dict[str | None, torch.Tensor]:
    """Return masks as booleans [rows, P, P], by kind of layer; none where the model only is causal."""
    kinds = mask if isinstance(mask, Mapping) else {None: mask}
    return {
        kind: (tensor if tensor.dtype == torch.bool else tensor == 0)[:, 0]
        for kind, tensor in kinds.items()
        if isinstance(tensor, torch.Tensor) and tensor.ndim == 4
    }

"""Many short continuations of one prefix in one forward pass: a tree of tokens behind a shared key-value cache.

All suffixes of a clip's questions, and all their answer options, are branches of one tree whose root is the prefix.
They are packed into a single sequence in which every token sees the prefix and its own ancestors and nothing else
(tree attention: Miao et al., "SpecInfer", ASPLOS 2024, section 4.2; Cai et al., "Medusa", ICML 2024, section 2.3.1).
Compared with a padded batch on a copied cache there is no padding and hence no gap between a token's place in the
cache and its position, the prefix's keys exist once, and options with a common beginning share its computation.
"""

from __future__ import annotations

import copy
import inspect
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import DynamicLayer

from mevqa.errors import ModelError

#: Parent of the first tokens after the prefix.
ROOT = -1
#: Largest number of logits normalised at once, which bounds the float32 copy to 64 MB.
_CHUNK = 2**24


@dataclass
class Prefix:
    """A prefix that went through the model.

    Attributes:
        cache: Its keys and values.
        length: Its number of tokens.
        offset: What is added to a token's index to give its rotary position (0, or the ``rope_deltas`` of models
            with multimodal rotary positions, where pictures take fewer positions than tokens).
        axes: Number of rotary position axes: 1, or 3 (time, height, width) for multimodal rotary positions.
    """

    cache: Any
    length: int
    offset: int = 0
    axes: int = 1

    def rewind(self) -> None:
        """Drop what a packed tree added to the cache, also where it failed half-way through the layers."""
        for layer in self.cache.layers:
            if type(layer) is not DynamicLayer or layer.keys is None or layer.values is None:
                continue
            if layer.get_seq_length() > self.length:
                layer.keys = layer.keys[..., : self.length, :]
                layer.values = layer.values[..., : self.length, :]


class TokenTree(ABC):
    """Tokens are added, then run; afterwards the model's next-token scores at the kept tokens can be read.

    Args:
        model: The model.
        prefix: The prefix; its cache belongs to the tree from now on.
    """

    def __init__(self, model: Any, prefix: Prefix) -> None:
        self._model = model
        self._prefix = prefix
        self._scores: dict[int, tuple[torch.Tensor, float]] = {}  # logits [vocabulary] and their normaliser

    @abstractmethod
    def add(self, parent: int, token: int, *, keep: bool = True) -> int:
        """Add ``token`` after ``parent`` (``ROOT``: after the prefix) and return its node.

        Args:
            parent: A node.
            token: Token id.
            keep: Whether the scores after this token will be asked for.
        """

    def release(self, node: int) -> None:  # noqa: B027
        """Mark that nothing more will be added after ``node``; what was kept for that is given back at the next run."""

    @abstractmethod
    def run(self) -> None:
        """Take everything that was added since the last run through the model."""

    def logprobs(self, node: int, tokens: Sequence[int]) -> list[float]:
        """Return the natural log-probabilities of ``tokens`` right after ``node``."""
        logits, normaliser = self._scores[node]
        return [value - normaliser for value in logits[list(tokens)].float().tolist()]

    def best(self, node: int) -> tuple[int, float]:
        """Return the likeliest token right after ``node`` and its log-probability."""
        logits, normaliser = self._scores[node]
        value, token = logits.max(-1)
        return int(token), float(value) - normaliser

    def draw(self, node: int, uniform: float, temperature: float) -> tuple[int, float]:
        """Return a token drawn right after ``node``, and its log-probability under the model itself.

        The token is where the cumulated probabilities at the temperature pass the number that was drawn.

        Args:
            node: A node.
            uniform: Drawn evenly from 0 to 1.
            temperature: Above 0; 1 draws as the model has it.
        """
        logits, normaliser = self._scores[node]
        cumulated = torch.softmax(logits.double().cpu() / temperature, -1).cumsum(-1)
        index = torch.searchsorted(cumulated, uniform * cumulated[-1], right=True)
        token = min(int(index), len(cumulated) - 1)
        return token, float(logits[token]) - normaliser

    def _keep(self, rows: Mapping[int, int], logits: torch.Tensor) -> None:
        """Keep the scores of one pass: the row of ``logits`` [rows, vocabulary] by node."""
        size = max(1, _CHUNK // logits.shape[-1])
        normalisers = torch.cat([part.float().logsumexp(-1) for part in logits.split(size)]).tolist()
        if not all(map(math.isfinite, normalisers)):
            message = "the model's scores are no numbers: its weights are damaged, or too large for --dtype float16"
            raise ModelError(message)
        self._scores.update({node: (logits[row], normalisers[row]) for node, row in rows.items()})


def add_chain(tree: TokenTree, parent: int, tokens: Sequence[int]) -> int:
    """Add ``tokens`` one after the other, keep only the scores after the last, and return its node."""
    for i, token in enumerate(tokens):
        parent = tree.add(parent, token, keep=i == len(tokens) - 1)
    return parent


class PackedTree(TokenTree):
    """The tree as one packed sequence with an explicit mask, for models whose layers are all attention layers.

    Sliding-window layers are exact: the window is counted along a token's own ancestors, not along the packed order.

    Args:
        model: The model.
        prefix: The prefix; its cache grows with the tree and belongs to it from now on. It must hold every key
            (``DynamicCache()`` without a config), also where the model would forget what left a window.
    """

    def __init__(self, model: Any, prefix: Prefix) -> None:
        super().__init__(model, prefix)
        self._windows = attention_windows(model.config)
        self._tokens: list[int] = []
        self._kept: list[int] = []
        self._depths: list[int] = []
        self._done = 0
        self._sees = np.zeros((64, 64), dtype=bool)

    def add(self, parent: int, token: int, *, keep: bool = True) -> int:
        """Add ``token`` after ``parent`` and return its node."""
        node = len(self._depths)
        if node == len(self._sees):
            self._sees = np.pad(self._sees, ((0, node), (0, node)))
        if parent != ROOT:
            self._sees[node] = self._sees[parent]
        self._sees[node, node] = True
        self._depths.append(self._depths[parent] + 1 if parent != ROOT else 0)
        self._tokens.append(token)
        if keep:
            self._kept.append(node)
        return node

    def run(self) -> None:
        """Take everything new through the model."""
        if not self._tokens:
            return
        device = self._model.device
        depths = torch.tensor(self._depths[self._done :])
        positions = depths + self._prefix.length + self._prefix.offset
        kept = torch.tensor([node - self._done for node in self._kept], device=device)
        with mask_taking_attention(self._model):
            output = self._model(
                input_ids=torch.tensor([self._tokens], device=device),
                position_ids=shape_positions(positions, self._prefix.axes).to(device),
                attention_mask=self._masks(),
                **cache_argument(self._model, self._prefix.cache),
                use_cache=True,
                logits_to_keep=kept,
            )
        self._keep({node: row for row, node in enumerate(self._kept)}, output.logits[0])
        self._done = len(self._depths)
        self._tokens, self._kept = [], []

    def _masks(self) -> Any:
        """Return the additive mask [1, 1, new, prefix + all] that the model takes, or one for each kind of layer."""
        count = len(self._depths)
        sees = torch.from_numpy(self._sees[self._done : count, :count])
        sees = torch.cat([sees.new_ones(len(sees), self._prefix.length), sees], dim=1)
        if not self._windows:
            return self._additive(sees)
        index = torch.arange(self._prefix.length + count)
        index[self._prefix.length :] = torch.tensor(self._depths) + self._prefix.length
        distance = index[self._prefix.length + self._done :, None] - index[None, :]
        masks = {
            kind: self._additive(sees if window is None else sees & (distance < window))
            for kind, window in self._windows.items()
        }
        return masks if len(masks) > 1 else next(iter(masks.values()))

    def _additive(self, sees: torch.Tensor) -> torch.Tensor:
        mask = torch.zeros(sees.shape, dtype=self._model.dtype)
        mask.masked_fill_(~sees, torch.finfo(mask.dtype).min)
        return mask[None, None].to(self._model.device)


class CopiedTree(TokenTree):
    """The tree chain by chain on copies of the cache, for models whose layers keep a state that cannot be masked.

    Linear-attention and state-space layers fold all they have seen into one state, so branches cannot be packed.
    The prefix is still taken through the model only once.
    """

    def __init__(self, model: Any, prefix: Prefix) -> None:
        super().__init__(model, prefix)
        self._caches = {ROOT: (prefix.cache, 0)}
        self._parents: list[int] = []
        self._tokens: list[int] = []
        self._wanted: set[int] = set()
        self._done = 0
        self._released: set[int] = set()

    def add(self, parent: int, token: int, *, keep: bool = True) -> int:
        """Add ``token`` after ``parent`` and return its node."""
        self._parents.append(parent)
        self._tokens.append(token)
        node = len(self._tokens) - 1
        if keep:
            self._wanted.add(node)
        return node

    def release(self, node: int) -> None:
        """Give the node's cache back, or hand it on to its one child, at the next run."""
        self._released.add(node)

    def run(self) -> None:
        """Take everything new through the model."""
        chains = self._chains()
        uses = Counter(self._parents[chain[0]] for chain in chains)
        for chain in chains:
            parent = self._parents[chain[0]]
            cache, depth = self._caches[parent]
            uses[parent] -= 1
            if parent in self._released and not uses[parent]:
                del self._caches[parent]
            else:
                cache = copy.deepcopy(cache)
            start = self._prefix.length + self._prefix.offset + depth
            positions = torch.arange(start, start + len(chain))
            output = self._model(
                input_ids=torch.tensor([[self._tokens[node] for node in chain]], device=self._model.device),
                position_ids=shape_positions(positions, self._prefix.axes).to(self._model.device),
                **cache_argument(self._model, cache),
                use_cache=True,
            )
            self._caches[chain[-1]] = (cache, depth + len(chain))
            rows = {node: row for row, node in enumerate(chain) if node in self._wanted}
            self._keep(rows, output.logits[0])
        self._done = len(self._tokens)

    def _chains(self) -> list[list[int]]:
        """Return the new nodes as unbranched chains, parents first."""
        children: dict[int, list[int]] = {}
        for node in range(self._done, len(self._tokens)):
            children.setdefault(self._parents[node], []).append(node)
        chains: list[list[int]] = []
        for node in range(self._done, len(self._tokens)):
            parent = self._parents[node]
            if chains and chains[-1][-1] == parent and len(children[parent]) == 1:
                chains[-1].append(node)
            else:
                chains.append([node])
        return chains


def shape_positions(positions: torch.Tensor, axes: int) -> torch.Tensor:
    """Return positions [length] as models take them: [1, length], or [axes, 1, length] when there are several axes."""
    return positions[None] if axes == 1 else positions[None, None].expand(axes, 1, -1)


def attention_windows(config: Any) -> dict[str, int | None]:
    """Return the window of each kind of attention layer; empty when every layer sees everything.

    Args:
        config: The model's config.
    """
    text = config.get_text_config(decoder=True)
    window = getattr(text, "sliding_window", None)
    kinds = set(getattr(text, "layer_types", None) or ())
    if window is None:
        return {}
    if not kinds:
        # Mistral-like decoders have no list of layer types: a window, where it is set, holds in every layer.
        return {"sliding_attention": window} if getattr(text, "use_sliding_window", True) else {}
    if "sliding_attention" not in kinds:
        return {}
    return {kind: window if kind == "sliding_attention" else None for kind in sorted(kinds)}


def cache_argument(model: Any, cache: Any) -> dict[str, Any]:
    """Return the argument of the model's call that hands over a key-value cache, which the call fills in place.

    It is ``cache`` in transformers from 5.24 on, ``past_key_values`` before and in code that comes with a model.
    """
    parameters = inspect.signature(type(model).forward).parameters
    return {"cache" if "cache" in parameters else "past_key_values": cache}


def can_pack(model: Any) -> bool:
    """Return whether every layer of the model's decoder is an attention layer whose mask can be given."""
    text = model.config.get_text_config(decoder=True)
    kinds = set(getattr(text, "layer_types", None) or ())
    return kinds <= {"full_attention", "sliding_attention"} and not getattr(model, "_is_stateful", False)


@contextmanager
def mask_taking_attention(model: Any) -> Iterator[None]:
    """Let the decoder attend through ``sdpa`` while another kind is chosen that takes no explicit mask."""
    text = model.config.get_text_config(decoder=True)
    chosen = getattr(text, "_attn_implementation", None)
    if chosen in (None, "eager", "sdpa"):
        yield
        return
    text._attn_implementation_internal = "sdpa"
    try:
        yield
    finally:
        text._attn_implementation_internal = chosen

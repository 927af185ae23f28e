"""A vision-language model that takes packed rows and returns their loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from mevqa.models.transformers.generation.tree import attention_windows, can_pack
from mevqa.training.packing.decoder_inputs import DecoderInputs, PrefixReader
from mevqa.training.packing.rows import FILL, IGNORED, PREFIX, PackedBatch, visible


class _HandedBack:
    """Stand-in for an inner model's output: hidden states, and None for everything else that it could hold."""

    def __init__(self, hidden: torch.Tensor) -> None:
        self.last_hidden_state = hidden

    def __getitem__(self, index: int) -> torch.Tensor:
        return (self.last_hidden_state,)[index]

    def __getattr__(self, name: str) -> None:
        return None


class PackedModel(nn.Module):
    """Wraps a model, adapters in place; its parameters are the model's own.

    Args:
        model: The vision-language model, or the PEFT model around it.
        memory: Most bytes of frozen features to remember (``PrefixReader``).
        smoothing: Label smoothing.

    Attributes:
        model: The model as it was passed in.
        packs: Whether the questions of a row go through the model together; with linear attention they go one by one.
    """

    def __init__(self, model: nn.Module, *, memory: int = 0, smoothing: float = 0.0) -> None:
        super().__init__()
        self.model = model
        self._smoothing = smoothing
        self.packs = can_pack(self.base)
        text = self.base.config.get_text_config(decoder=True)
        if self.packs and text._attn_implementation not in (None, "eager", "sdpa"):
            # Packed rows want an explicit mask, and want it again where activations are computed anew: so for good.
            text._attn_implementation_internal = "sdpa"
        # Not a submodule: the reader holds the same model.
        self._reader = [PrefixReader(self.base, memory)]

    @property
    def base(self) -> Any:
        """The vision-language model itself."""
        inner = getattr(self.model, "get_base_model", None)
        return inner() if inner is not None else self.model

    @property
    def reader(self) -> PrefixReader:
        """The reader of the prefixes."""
        return self._reader[0]

    @property
    def hf_device_map(self) -> Any:
        """Where the model's parts are; with it Trainer leaves a model alone that is spread over several GPUs.

        Raises:
            AttributeError: The model was put together here and not loaded.
        """
        return self.base.hf_device_map

    def activation_checkpointing_enable(self, **options: Any) -> None:
        """Compute activations anew in the backward pass, for less memory; Trainer calls it."""
        self.base.activation_checkpointing_enable(**options)

    def gradient_checkpointing_enable(self, **options: Any) -> None:
        """Do the same where transformers still calls it so (before 5.24)."""
        self.base.gradient_checkpointing_enable(**options)

    def forward(self, batch: PackedBatch) -> dict[str, torch.Tensor]:
        """Return the weighted sum of the answers' losses and the sum of the weights.

        Args:
            batch: Rows.
        """
        logits = self.answer_logits(batch)
        chosen = batch.labels != IGNORED
        losses = functional.cross_entropy(
            logits.float(), batch.labels[chosen], reduction="none", label_smoothing=self._smoothing
        )
        weights = batch.weights[chosen]
        return {"loss": (losses * weights).sum(), "weight": weights.sum()}

    def answer_logits(self, batch: PackedBatch) -> torch.Tensor:
        """Return the logits at every place with a label, [labels, vocabulary], row by row."""
        prefixes = self.reader.read(batch.inputs, batch.keys)
        if self.packs:
            hidden = self._decode(prefixes, batch)
        else:
            # A state that folds all tokens in cannot be masked: questions go one at a time.
            rows = [self._decode_plain(inputs, batch, row) for row, inputs in enumerate(prefixes)]
            hidden = pad_sequence(rows, batch_first=True)
        return self._logits(hidden[batch.labels != IGNORED])

    def _decode(self, prefixes: Sequence[DecoderInputs], batch: PackedBatch) -> torch.Tensor:
        """Return the hidden states behind the prefixes, [rows, tokens, width].

        The rows are laid out as the longest prefix, then the longest questions: what fills up in between is seen by
        nobody, and positions are given, so that the gap does not matter.
        """
        decoder = self.base.get_decoder()
        embeds = pad_sequence([inputs.embeds for inputs in prefixes], batch_first=True)
        longest = embeds.shape[1]
        suffix = self.base.get_input_embeddings()(batch.ids)
        rows = [_positions(inputs, longest, batch.positions[row]) for row, inputs in enumerate(prefixes)]
        positions = torch.stack(rows, 1)
        extras = _deepstack(prefixes, longest, batch.ids.shape[1])
        output = decoder(
            inputs_embeds=torch.cat([embeds, suffix.to(embeds.dtype)], 1),
            attention_mask=self._masks(prefixes, longest, batch),
            position_ids=positions[0] if len(positions) == 1 else positions,
            use_cache=False,
            **extras,
        )
        return output.last_hidden_state[:, longest:]

    def _decode_plain(self, inputs: DecoderInputs, batch: PackedBatch, row: int) -> torch.Tensor:
        """Return the hidden states of one row behind its prefix, [tokens, width], under the model's own causal mask."""
        groups = batch.groups[row]
        hidden = []
        begin = 0
        for length in groups[groups != FILL].unique_consecutive(return_counts=True)[1].tolist():
            span = slice(begin, begin := begin + length)
            suffix = self.base.get_input_embeddings()(batch.ids[row, span])
            positions = _positions(inputs, len(inputs.embeds), batch.positions[row, span])[:, None]
            output = self.base.get_decoder()(
                inputs_embeds=torch.cat([inputs.embeds, suffix.to(inputs.embeds.dtype)])[None],
                position_ids=positions[0] if len(positions) == 1 else positions,
                use_cache=False,
                **_deepstack([inputs], len(inputs.embeds), length),
            )
            hidden.append(output.last_hidden_state[0, len(inputs.embeds) :])
        return torch.cat(hidden)

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits of hidden states [labels, width] as the model itself makes them.

        Some models scale or cap what their head says, some of the same kin do not: so the model's own last lines are
        run, with a stand-in for its inner model that hands over the hidden states.
        """
        inner = self.base.model
        replaced = inner.__dict__.get("forward")
        inner.forward = lambda *args, **kwargs: _HandedBack(hidden[None])
        try:
            return self.base(input_ids=None, use_cache=False).logits[0]
        finally:
            if replaced is None:
                del inner.forward
            else:
                inner.forward = replaced

    def _masks(self, prefixes: Sequence[DecoderInputs], longest: int, batch: PackedBatch) -> Any:
        """Return the additive mask [rows, 1, tokens, tokens], or one for each kind of attention layer."""
        device = batch.groups.device
        index = torch.arange(longest, device=device)
        lengths = torch.tensor(batch.prefixes, device=device)[:, None]
        groups = torch.cat([torch.where(index < lengths, PREFIX, FILL), batch.groups], 1)
        sees = visible(groups)
        depths = torch.cat([index.expand(len(prefixes), -1), batch.positions + lengths], 1)
        windows = attention_windows(self.base.config)
        kinds: list[str | None] = list(windows) or list(prefixes[0].sees) or [None]
        masks = {kind: self._mask(kind, sees, depths, windows.get(kind or ""), prefixes) for kind in kinds}
        return masks if len(masks) > 1 or None not in masks and not windows else next(iter(masks.values()))

    def _mask(
        self,
        kind: str | None,
        sees: torch.Tensor,
        depths: torch.Tensor,
        window: int | None,
        prefixes: Sequence[DecoderInputs],
    ) -> torch.Tensor:
        """Return the mask of one kind of layer: the model's own inside the prefix, causal by question behind it."""
        if window is not None:
            sees = sees & (depths[:, :, None] - depths[:, None, :] < window)
        elif any(kind in inputs.sees for inputs in prefixes):
            sees = sees.clone()
        for row, inputs in enumerate(prefixes):
            if kind in inputs.sees:
                prefix_mask = inputs.sees[kind]
                sees[row, : len(prefix_mask), : len(prefix_mask)] = prefix_mask
        dtype = prefixes[0].embeds.dtype
        mask = torch.zeros(sees.shape, dtype=dtype, device=sees.device)
        return mask.masked_fill_(~sees, torch.finfo(dtype).min)[:, None]


def _positions(inputs: DecoderInputs, longest: int, behind: torch.Tensor) -> torch.Tensor:
    """Return the rotary positions of one row, [axes, tokens].

    Text behind the prefix goes on at one more than the largest position of any axis, as multimodal rotary positions
    are defined (Wang et al., "Qwen2-VL", 2024, section 2.1); with one axis that is the next index.
    """
    prefix_positions = inputs.positions
    following = prefix_positions.max() + 1 + behind
    filled = functional.pad(prefix_positions, (0, longest - prefix_positions.shape[1]))
    return torch.cat([filled, following.expand(len(prefix_positions), -1)], 1)


def _deepstack(prefixes: Sequence[DecoderInputs], longest: int, behind: int) -> dict[str, Any]:
    """Return the arguments about features that are added inside the decoder; none for most models."""
    if prefixes[0].visual is None:
        return {}
    masks = [
        functional.pad(inputs.visual, (0, longest + behind - len(inputs.visual)))
        for inputs in prefixes
        if inputs.visual is not None
    ]
    layers = zip(*(inputs.deepstack for inputs in prefixes), strict=True)
    return {"visual_pos_masks": torch.stack(masks), "deepstack_visual_embeds": [torch.cat(layer) for layer in layers]}

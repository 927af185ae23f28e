"""Many questions about one picture in one row: the picture's tokens once, each question behind them on its own.

Every token sees the prefix and what stands before it in its own question and answer, nothing of the other questions;
its position is counted as if its question were the only one. So a packed row computes exactly what separate rows
would, at the price of one prefix.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch.nn import functional
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from mevqa.models.conversation import messages
from mevqa.models.nano.dialogues import Turn, library
from mevqa.models.nano.tokens import IMAGE
from mevqa.records import View

_IGNORED = -100

#: The chat template only asks whether there is a picture.
_NO_PICTURE = Image.new("RGB", (1, 1))


@dataclass(frozen=True)
class PackedBatch:
    """Rows of packed questions, without the prefix, which is the same in every row.

    Attributes:
        ids: [rows, tokens] token ids.
        positions: [rows, tokens], counted from the end of the prefix.
        groups: [rows, tokens] number of the question within its row, -1 where the row is filled up.
        labels: [rows, tokens] the token to be said next, -100 where nothing is learned.
        weights: [rows, tokens] weight of the loss.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    groups: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor


class Packer:
    """Tokenises turns as the processor's chat template renders them.

    Args:
        processor: Nano's processor.

    Attributes:
        before: Ids before the picture's tokens.
    """

    def __init__(self, processor: LlavaProcessor) -> None:
        self._processor = processor
        head, _ = self._rendered("question", None).split(IMAGE)
        self.before: list[int] = self._ids(head)
        self._encode = functools.cache(self._encode_turn)

    def pack(self, rows: Sequence[Sequence[Turn]]) -> PackedBatch:
        """Pack the turns of each picture into a row."""
        encoded = [[self._encode(turn.text, turn.answer) for turn in turns] for turns in rows]
        length = max(sum(len(ids) for ids, _ in row) for row in encoded)
        shape = (len(rows), length)
        ids, positions = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        groups, labels = torch.full(shape, -1), torch.full(shape, _IGNORED)
        weights = torch.zeros(shape)
        for row, turns in enumerate(rows):
            start = 0
            for group, (turn, (tokens, answer_at)) in enumerate(zip(turns, encoded[row], strict=True)):
                stop = start + len(tokens)
                ids[row, start:stop] = torch.tensor(tokens)
                positions[row, start:stop] = torch.arange(len(tokens))
                groups[row, start:stop] = group
                labels[row, start + answer_at - 1 : stop - 1] = torch.tensor(tokens[answer_at:])
                weights[row, start + answer_at - 1 : stop - 1] = turn.weight
                start = stop
        return PackedBatch(ids, positions, groups, labels, weights)

    def _encode_turn(self, text: str, answer: str) -> tuple[list[int], int]:
        """Return the ids after the picture and the index where the answer begins."""
        asked = self._ids(self._rendered(text, None).split(IMAGE)[1])
        whole = self._ids(self._rendered(text, answer).split(IMAGE)[1])
        if whole[: len(asked)] != asked:
            raise ValueError(f"the answer {answer!r} changes the tokens of its question")
        return whole, len(asked)

    def _rendered(self, text: str, answer: str | None) -> str:
        view = View("motion-centred", _NO_PICTURE, "")
        conversation = messages(library().system("synthetic"), [view], text, answer=answer)
        rendered = self._processor.apply_chat_template(
            conversation, tokenize=False, add_generation_prompt=answer is None
        )
        return str(rendered)

    def _ids(self, text: str) -> list[int]:
        return list(self._processor.tokenizer(text, add_special_tokens=False)["input_ids"])


def answer_logits(
    model: LlavaForConditionalGeneration, before: Sequence[int], patches: torch.Tensor, batch: PackedBatch
) -> torch.Tensor:
    """Return the logits at every place with a label, [labels, vocabulary].

    Args:
        model: Nano.
        before: Ids before the picture's tokens.
        patches: [rows, picture tokens, width] hidden states of the vision tower.
        batch: The questions.
    """
    embed = model.get_input_embeddings()
    rows = len(patches)
    head = embed(torch.tensor(before))[None].expand(rows, -1, -1)
    pictures = model.model.multi_modal_projector(patches)
    inputs = torch.cat([head.to(pictures.dtype), pictures, embed(batch.ids).to(pictures.dtype)], 1)
    prefix = len(before) + patches.shape[1]
    positions = torch.cat([torch.arange(prefix)[None].expand(rows, -1), batch.positions + prefix], 1)
    hidden = model.model.language_model(
        inputs_embeds=inputs,
        attention_mask=_mask(batch.groups, prefix, inputs.dtype),
        position_ids=positions,
        use_cache=False,
    ).last_hidden_state[:, prefix:]
    return model.lm_head(hidden[batch.labels != _IGNORED])


def answer_loss(logits: torch.Tensor, batch: PackedBatch, smoothing: float) -> torch.Tensor:
    """Return the weighted mean cross-entropy of the answers' tokens."""
    chosen = batch.labels != _IGNORED
    losses = functional.cross_entropy(logits.float(), batch.labels[chosen], reduction="none", label_smoothing=smoothing)
    weights = batch.weights[chosen]
    return (losses * weights).sum() / weights.sum()


def _mask(groups: torch.Tensor, prefix: int, dtype: torch.dtype) -> torch.Tensor:
    """Return the additive mask [rows, 1, prefix + tokens, prefix + tokens]."""
    rows, tokens = groups.shape
    total = prefix + tokens
    sees = torch.ones(total, total, dtype=torch.bool).tril().repeat(rows, 1, 1)
    sees[:, prefix:, prefix:] &= groups[:, :, None] == groups[:, None, :]
    mask = torch.zeros(rows, 1, total, total, dtype=dtype)
    return mask.masked_fill_(~sees[:, None], torch.finfo(dtype).min)

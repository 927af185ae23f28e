"""All questions of a clip in one row: the clip's prefix once, each question with its answer behind it on its own.

Every token sees the prefix and what stands before it in its own question and answer, nothing of the other questions,
and its position is counted as if its question were the only one. So a packed row computes exactly what separate rows
would, at the price of one prefix. The tokens are those that ``mevqa.models.transformers.prompts.prompting`` asks with:
the prompt of inference, the answer spelled where it will stand, the end of the turn.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from mevqa.models.transformers.generation.prefix import cut_inputs, prefix_length
from mevqa.models.transformers.prompts.prompting import Prompter
from mevqa.types import View

#: Label of a place where nothing is learned.
IGNORED = -100
#: Group of the prefix, and of what only fills up a row; questions count from 1.
PREFIX, FILL = 0, -1


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as the model is asked it, with the answer that it shall give.

    Attributes:
        text: What follows the clip's prefix.
        answer: In the official surface form.
        weight: Of each of the answer's tokens in the loss.
    """

    text: str
    answer: str
    weight: float = 1.0


@dataclass(frozen=True)
class Row:
    """One clip with its questions, tokenised.

    Attributes:
        inputs: What the processor made of the clip, cut to the prefix.
        prefix: Number of the prefix' tokens.
        ids: Tokens behind the prefix.
        positions: Of these tokens, counted from the end of the prefix.
        groups: Number of each token's question, from 1.
        labels: Token to be said next, ``IGNORED`` where nothing is learned.
        weights: Weight of each label.
        key: What the prefix depends on, for features that are computed once; None: it is new every time.
        extras: What other losses want to know of the clip.
    """

    inputs: Mapping[str, Any]
    prefix: int
    ids: list[int]
    positions: list[int]
    groups: list[int]
    labels: list[int]
    weights: list[float]
    key: Hashable | None = None
    extras: Mapping[str, torch.Tensor] = field(default_factory=dict)


@dataclass
class PackedBatch:
    """Rows of packed questions.

    Attributes:
        inputs: Each row's prefix.
        prefixes: Number of tokens of each row's prefix.
        keys: Each row's key.
        ids: [rows, tokens] behind the prefixes, filled up with 0.
        positions: [rows, tokens].
        groups: [rows, tokens], ``FILL`` where a row is filled up.
        labels: [rows, tokens].
        weights: [rows, tokens], 0 where nothing is learned.
        extras: By name, [rows, ...].
    """

    inputs: list[Mapping[str, Any]]
    prefixes: list[int]
    keys: list[Hashable | None]
    ids: torch.Tensor
    positions: torch.Tensor
    groups: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    extras: dict[str, torch.Tensor]

    def to(self, device: Any, **options: Any) -> PackedBatch:
        """Return the batch on a device; the prefixes' inputs follow when they are needed."""
        names = ("ids", "positions", "groups", "labels", "weights")
        moved = {name: getattr(self, name).to(device, **options) for name in names}
        extras = {name: value.to(device, **options) for name, value in self.extras.items()}
        return PackedBatch(self.inputs, self.prefixes, self.keys, **moved, extras=extras)


def encode_row(
    prompter: Prompter,
    system: str,
    views: Sequence[View],
    turns: Sequence[Turn],
    *,
    key: Hashable | None = None,
    extras: Mapping[str, torch.Tensor] | None = None,
) -> Row:
    """Tokenise one clip with its questions, exactly as they are asked.

    Args:
        prompter: The model's.
        system: The common system text.
        views: The clip's pictures.
        turns: Its questions with answers, at least one.
        key: What the pictures depend on.
        extras: Passed on.

    Raises:
        ModelError: The chat template writes the question before the pictures.
    """
    prompts = prompter.prompts(system, views, [turn.text for turn in turns])
    prompt_ids, answers = [], []
    for prompt, turn in zip(prompts.prompts, turns, strict=True):
        back, spelled = prompter.answers(prompt.context, [prompter.escape(turn.answer)])
        prompt_ids.append(prompt.ids[: len(prompt.ids) - back])
        answers.append([*spelled[0], prompter.end_token])
    length = prefix_length(prompt_ids, prompts.anchor)
    ids: list[int] = []
    positions: list[int] = []
    groups: list[int] = []
    labels: list[int] = []
    weights: list[float] = []
    for group, (question, answer, turn) in enumerate(zip(prompt_ids, answers, turns, strict=True), start=1):
        token_ids = [*question[length:], *answer]
        begin = len(token_ids) - len(answer)
        ids += token_ids
        positions += range(len(token_ids))
        groups += [group] * len(token_ids)
        # The token before the answer says its first token, the last token says nothing.
        labels += [IGNORED] * (begin - 1) + answer + [IGNORED]
        weights += [0.0] * (begin - 1) + [turn.weight] * len(answer) + [0.0]
    inputs = cut_inputs(prompts.inputs, length)
    return Row(inputs, length, ids, positions, groups, labels, weights, key, extras or {})


def unpack(row: Row) -> list[Row]:
    """Return one row a question, all with the same prefix: what training without packing would see."""
    rows = []
    for group in dict.fromkeys(row.groups):
        indices = [i for i, other in enumerate(row.groups) if other == group]
        parts = ([values[i] for i in indices] for values in (row.ids, row.positions, row.labels, row.weights))
        ids, positions, labels, weights = parts
        rows.append(Row(row.inputs, row.prefix, ids, positions, [1] * len(indices), labels, weights, None, row.extras))  # type: ignore[arg-type]
    return rows


def collate(rows: Sequence[Row]) -> PackedBatch:
    """Put rows together, filled up to the longest."""
    length = max(len(row.ids) for row in rows)

    def filled(name: str, fill: float, dtype: torch.dtype) -> torch.Tensor:
        values = [getattr(row, name) + [fill] * (length - len(row.ids)) for row in rows]
        return torch.tensor(values, dtype=dtype)

    return PackedBatch(
        [row.inputs for row in rows],
        [row.prefix for row in rows],
        [row.key for row in rows],
        filled("ids", 0, torch.long),
        filled("positions", 0, torch.long),
        filled("groups", FILL, torch.long),
        filled("labels", IGNORED, torch.long),
        filled("weights", 0.0, torch.float32),
        {name: torch.stack([row.extras[name] for row in rows]) for name in rows[0].extras},
    )


def visible(groups: torch.Tensor) -> torch.Tensor:
    """Return which token sees which, [rows, tokens, tokens].

    Args:
        groups: [rows, tokens] ``PREFIX``, the number of a question, or ``FILL``.
    """
    tokens = groups.shape[1]
    causal = torch.ones(tokens, tokens, dtype=torch.bool, device=groups.device).tril()
    same_question = groups[:, :, None] == groups[:, None, :]
    shared = groups[:, None, :] == PREFIX
    sees = causal & (same_question | shared) & (groups[:, None, :] != FILL)
    # A token that sees nothing would make the softmax undefined; what fills up sees itself.
    return sees | torch.eye(tokens, dtype=torch.bool, device=groups.device)

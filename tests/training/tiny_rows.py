"""Rows of packed questions about noise pictures, and the reference: the untouched model on the processor's own ids."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from tiny import SYSTEM, built, views
from tiny_families import BUILDERS

from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.prompts.conversation import messages
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Row, Turn, collate, encode_row
from mevqa.types import View

ALL = sorted(BUILDERS)
#: Families whose chat template ends an answer with nothing: the end of the text stands there instead.
ENDLESS = frozenset({"llava"})
#: A class, a list and two sentences, of different lengths and weights.
TURNS = (
    Turn("What is the coarse expression class? Answer positive, negative or surprise.", "negative"),
    Turn("What are the action units?", "brow lowerer, lip corner puller", 2.0),
    Turn(
        "What are the action units present, and based on them, what is the coarse expression class?",
        "The action units present are: cheek raiser, lip stretcher. Therefore, the coarse class is positive.",
        0.5,
    ),
    Turn("Is the action unit brow lowerer shown on the face? Answer yes or no.", "yes", 1.5),
)


def fresh(name: str, attention: str = "eager") -> TransformersModel:
    """A copy of the tiny model called ``name`` that may be changed."""
    model, processor = built(name)
    own = copy.deepcopy(model)
    own.set_attn_implementation(attention)
    return TransformersModel(own, processor, name=name, revision="tiny")


def encoder(name: str) -> Callable[..., Row]:
    """Encodes rows for the tiny model called ``name``."""
    return partial(encode_row, fresh(name).prompter)


def uneven_rows(name: str) -> list[Row]:
    """Two rows with different numbers of pictures and of questions."""
    own = encoder(name)
    return [own(SYSTEM, views(0, 2), TURNS), own(SYSTEM, views(1, 1), TURNS[1:3])]


def conversation(name: str, shown_views: Sequence[View], turn: Turn) -> dict[str, Any]:
    """Inputs of the conversation with its answer, made by the processor in its documented way."""
    _, processor = built(name)
    chat = messages(SYSTEM, shown_views, turn.text, answer=turn.answer)
    pictures = [view.image for view in shown_views]
    for part in (part for message in chat for part in message["content"] if part["type"] == "image"):
        part["image"] = pictures.pop(0)
    return dict(processor.apply_chat_template(chat, tokenize=True, return_dict=True, return_tensors="pt"))


def whole_inputs(name: str, shown_views: Sequence[View], turn: Turn) -> dict[str, Any]:
    """The processor's inputs, up to the end of the turn and no further."""
    _, processor = built(name)
    inputs = conversation(name, shown_views, turn)
    ids = inputs["input_ids"][0].tolist()
    stop = processor.tokenizer.eos_token_id
    if name in ENDLESS:
        # "ASSISTANT: negative " ends with a space, in whose place the text ends.
        answered = processor.tokenizer.decode(ids).rstrip()
        assert processor.tokenizer.decode(ids[:-1]) == answered
        ids = [*ids[:-1], stop]
    else:
        ids = ids[: len(ids) - ids[::-1].index(stop)]
    width = inputs["input_ids"].shape[1]
    cut = {key: value[:, : len(ids)] if value.shape == (1, width) else value for key, value in inputs.items()}
    return {**cut, "input_ids": torch.tensor([ids])}


def plain_loss(model: Any, name: str, shown_views: Sequence[View], turn: Turn) -> torch.Tensor:
    """The outer model's cross-entropy of the answer and the end of its turn, weighted."""
    inputs = whole_inputs(name, shown_views, turn)
    length = answer_length(name, turn)
    logits = model(**inputs).logits[0, -length - 1 : -1]
    return turn.weight * torch.nn.functional.cross_entropy(logits, inputs["input_ids"][0, -length:], reduction="sum")


def answer_length(name: str, turn: Turn) -> int:
    """Number of tokens of an answer with the end of its turn."""
    _, processor = built(name)
    # Where turns are written "Assistant: yes" and prompts end with the colon, the space belongs to the answer.
    spaced = f" {turn.answer}" if name in ("llava", "smolvlm") else turn.answer
    return len(processor.tokenizer(spaced, add_special_tokens=False)["input_ids"]) + 1


def row_ids(row: Row, group: int) -> list[int]:
    """The ids of one question's whole conversation, as it is trained."""
    return row.inputs["input_ids"][0].tolist() + [i for i, own in zip(row.ids, row.groups, strict=True) if own == group]


def loss_and_gradients(model: PackedModel, rows: Sequence[Row]) -> tuple[float, dict[str, torch.Tensor]]:
    """The loss of rows and the gradient of every weight that is trained."""
    model.zero_grad(set_to_none=True)
    loss = model(collate(rows))["loss"]
    loss.backward()
    return float(loss.detach()), gradients(model)


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad and p.grad is not None}


def same_gradients(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], close: float = 1e-5) -> None:
    """Hold that all gradients are the same within ``close`` of the largest gradient of any weight."""
    assert first.keys() == second.keys()
    largest = max(float(value.abs().max()) for value in first.values())
    assert largest > 0
    for name, value in first.items():
        difference = float((value - second[name]).abs().max())
        assert difference <= close * largest, f"{name}: {difference} of {largest}"

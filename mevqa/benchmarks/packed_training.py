"""Speedup of training on questions packed behind their clip's prefix, with loss and gradients compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from mevqa.benchmarks.prefix_reuse import TurnsBenchmark, pictures, requests
from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompt_schema import DEFAULT
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Row, Turn, collate, encode_row, unpack
from mevqa.training.recipes.recipe import Lora, Rates, Recipe
from mevqa.training.trainer.trained_parts import count_parameters, prepare, trained

#: Answers to ``mevqa.benchmarks.prefix_reuse.QUESTIONS``, as the official files give them.
ANSWERS = (
    "negative",
    "disgust",
    "brow lowerer, lip corner puller",
    "yes",
    "left",
    "The action units present are: brow lowerer, lip corner puller. Therefore, the fine-grained expression class is "
    "disgust, and the coarse expression class is negative.",
)
#: One question a row; all of a clip's questions in one row; the same with the clip's frozen features known already.
WAYS = ("one question a row", "packed", "packed, features known")
#: Largest relative difference of loss and gradients that counts as the same in float32 and in half precision.
_CLOSE = {4: 1e-4, 2: 0.1}
#: Bound on remembered features.
_MEMORY = 2**31
#: Spread of the adapter's weights: it must matter, or half of its gradients would be 0.
_SPREAD = 0.02


def turns(variant: str = DEFAULT) -> tuple[str, list[Turn]]:
    """Return the system text, and six official questions with their answers as they are trained.

    Args:
        variant: Of the prompts.
    """
    system, questions = requests("official", variant=variant)
    return system, [Turn(request.text, answer) for request, answer in zip(questions, ANSWERS, strict=True)]


def measure_packing(
    model: TransformersModel,
    *,
    clips: int,
    count: int,
    size: int,
    rounds: int,
    on_round: Callable[[int], None] = lambda done: None,
) -> TurnsBenchmark:
    """Take steps on the same clips in three ways, in turns, and compare times, losses and gradients.

    The language model is adapted, the vision tower is frozen. A step is forward, backward and optimiser; the rate is
    0, so that every step is taken from the same weights.

    Args:
        model: Who is trained; it gets an adapter in place.
        clips: Clips in a step, six questions each.
        count: Pictures of a clip.
        size: Their width and height, pixels.
        rounds: Rounds that count; one before them warms up, and makes the features known that are remembered.
        on_round: Called with the number of rounds done.
    """
    system, clip_turns = turns()
    clip_pictures = [pictures(count, size, number) for number in range(clips)]
    rows = [
        encode_row(model.prompter, system, views, clip_turns, key=number) for number, views in enumerate(clip_pictures)
    ]
    base = _adapted(model.model)
    plain, knowing = PackedModel(base), PackedModel(base, memory=_MEMORY)
    batches = {
        WAYS[0]: (plain, [part for row in rows for part in unpack(row)]),
        WAYS[1]: (plain, rows),
        WAYS[2]: (knowing, rows),
    }
    picture_tokens, prompt_tokens = model.count_tokens(system, clip_pictures[0], requests("official")[1])
    tolerance, parameters = _CLOSE[model.model.dtype.itemsize], count_parameters(plain)
    result = TurnsBenchmark(clips * len(clip_turns), picture_tokens, prompt_tokens, tolerance, clips, parameters)
    optimizer = torch.optim.AdamW([parameter for _, parameter in trained(plain)], lr=0.0)
    ways = {way: partial(_step, *batch, optimizer) for way, batch in batches.items()}
    result.measure(ways, _differences, rounds, on_round)
    return result


def _adapted(model: Any) -> Any:
    """Put an adapter into all linear layers of the language model, with weights that matter."""
    torch.manual_seed(0)
    recipe = Recipe(model="benchmark", lora=Lora(), rates=Rates(adapter=1.0), steps=1)
    prepared = prepare(model, recipe, base_name="benchmark")
    with torch.no_grad():
        for _, parameter in trained(prepared):
            parameter.normal_(0, _SPREAD)
    return prepared.train()


def _step(
    model: PackedModel, rows: Sequence[Row], optimizer: torch.optim.Optimizer, turn: int
) -> tuple[float, dict[str, torch.Tensor]]:
    """Take one step, and return its mean loss and the gradients."""
    optimizer.zero_grad(set_to_none=True)
    batch = collate(rows).to(model.base.device)
    result = model(batch)
    loss = result["loss"] / result["weight"]
    loss.backward()
    optimizer.step()
    gradients = {name: p.grad.detach() for name, p in trained(model) if p.grad is not None}
    return float(loss.detach()), gradients


def _differences(
    alone: tuple[float, dict[str, torch.Tensor]], packed: tuple[float, dict[str, torch.Tensor]]
) -> dict[str, float]:
    """Return the difference of the loss relative to it, and the largest of a gradient relative to the largest one."""
    largest = max(float(value.abs().max()) for value in alone[1].values())
    apart = max(float((value - packed[1][name]).abs().max()) for name, value in alone[1].items())
    return {"loss": abs(alone[0] - packed[0]) / abs(alone[0]), "gradients": apart / largest}

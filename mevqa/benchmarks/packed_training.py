"""How much faster questions are trained packed behind their clip's prefix; loss and gradients compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from mevqa.benchmarks.prefix_reuse import pictures, requests
from mevqa.models.transformers.model import TransformersModel
from mevqa.training.packing.packed_model import PackedModel
from mevqa.training.packing.rows import Row, Turn, collate, encode_row, unpack
from mevqa.training.recipe import Lora, Rates, Recipe
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


@dataclass
class PackingBenchmark:
    """What was measured.

    Attributes:
        clips: Clips in a step.
        questions: Questions in a step.
        picture_tokens: Picture tokens of a clip.
        prompt_tokens: All tokens of the longest prompt.
        parameters: Trained weights of each part, and ``all``.
        seconds: Of the steps of each of ``WAYS`` that count.
        loss: Largest difference of the loss from that of one question a row, relative to it.
        gradient: Largest difference of a gradient, relative to the largest gradient.
        tolerance: What counts as none, by the precision of the weights.
    """

    clips: int
    questions: int
    picture_tokens: int
    prompt_tokens: int
    parameters: dict[str, int]
    seconds: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    loss: float = 0.0
    gradient: float = 0.0
    tolerance: float = 0.0

    @property
    def identical(self) -> bool:
        """Whether packing changed nothing."""
        return max(self.loss, self.gradient) <= self.tolerance

    def speedup(self, way: str) -> float:
        """Return how many times as many questions a second are trained as with one a row, by medians."""
        return statistics.median(self.seconds[WAYS[0]]) / statistics.median(self.seconds[way])

    def best_speedup(self, way: str) -> float:
        """Return the same by the least times."""
        return min(self.seconds[WAYS[0]]) / min(self.seconds[way])


def turns() -> tuple[str, list[Turn]]:
    """Return the system text, and six official questions with their answers as they are trained."""
    system, asked = requests("official")
    return system, [Turn(request.text, answer) for request, answer in zip(asked, ANSWERS, strict=True)]


def measure_packing(
    model: TransformersModel,
    *,
    clips: int,
    count: int,
    size: int,
    rounds: int,
    on_round: Callable[[int], None] = lambda done: None,
) -> PackingBenchmark:
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
    system, asked = turns()
    seen = [pictures(count, size, number) for number in range(clips)]
    rows = [encode_row(model.prompter, system, views, asked, key=number) for number, views in enumerate(seen)]
    base = _adapted(model.model)
    plain, knowing = PackedModel(base), PackedModel(base, memory=_MEMORY)
    batches = {
        WAYS[0]: (plain, [part for row in rows for part in unpack(row)]),
        WAYS[1]: (plain, rows),
        WAYS[2]: (knowing, rows),
    }
    picture_tokens, prompt_tokens = model.count_tokens(system, seen[0], requests("official")[1])
    result = PackingBenchmark(
        clips,
        clips * len(asked),
        picture_tokens,
        prompt_tokens,
        count_parameters(plain),
        tolerance=_CLOSE[model.model.dtype.itemsize],
    )
    optimizer = torch.optim.AdamW([parameter for _, parameter in trained(plain)], lr=0.0)
    for turn in range(rounds + 1):
        outcomes = {}
        for way in WAYS if turn % 2 else WAYS[::-1]:
            started = time.perf_counter()
            outcomes[way] = _step(*batches[way], optimizer)
            if turn:
                result.seconds[way].append(time.perf_counter() - started)
        for way in WAYS[1:]:
            _compare(result, outcomes[WAYS[0]], outcomes[way])
        if turn:
            on_round(turn)
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
    model: PackedModel, rows: Sequence[Row], optimizer: torch.optim.Optimizer
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


def _compare(
    result: PackingBenchmark,
    one: tuple[float, dict[str, torch.Tensor]],
    other: tuple[float, dict[str, torch.Tensor]],
) -> None:
    """Take the differences of two steps in."""
    largest = max(float(value.abs().max()) for value in one[1].values())
    apart = max(float((value - other[1][name]).abs().max()) for name, value in one[1].items())
    result.loss = max(result.loss, abs(one[0] - other[0]) / abs(one[0]))
    result.gradient = max(result.gradient, apart / largest)

"""Questions a second on a model of full size: with and without reuse of a clip's prefix, adapted and merged."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from typing import Any

import torch

from mevqa.benchmarks.gpu.architectures import Architecture, architecture, build
from mevqa.benchmarks.gpu.cases import GpuCase
from mevqa.benchmarks.gpu.memory import bound_memory, peak_memory, wait_for
from mevqa.benchmarks.prefix_reuse import measure_prefix_reuse, pictures, requests
from mevqa.models.transformers.model import TransformersModel
from mevqa.training.recipes.recipe import Lora, Rates, Recipe
from mevqa.training.trainer.trained_parts import prepare, trained
from mevqa.types import Reply

#: Pictures of a clip, rounds that count, clips of a round with an adapter.
_PICTURES, _ROUNDS, _CLIPS = 4, 3, 3
#: Spread of the adapter's weights: it must matter, so that a merge that lost it would show.
_SPREAD = 0.02


def measure_answers(case: GpuCase) -> dict[str, float]:
    """Answer six official questions about a clip with and without reuse of its prefix.

    Args:
        case: Of the kind ``answering``.

    Returns:
        Figures; ``largest_difference`` is of the natural log-probabilities of options between both ways.
    """
    plan, started = _plan(case), time.perf_counter()
    model = _build(case, plan)
    wait_for(case.device)
    built = time.perf_counter() - started
    bound_memory(None, case.device)
    result = measure_prefix_reuse(model, count=_PICTURES, size=plan.side, rounds=_ROUNDS, answers="official")
    alone, reused = (statistics.median(seconds) for seconds in result.seconds.values())
    return {
        "build_s": built,
        "prompt_tokens": float(result.prompt_tokens),
        "alone_per_s": result.questions / alone,
        "reused_per_s": result.questions / reused,
        "speedup": alone / reused,
        "answers_that_differ": result.differences["answers"],
        "largest_difference": result.differences["log-probabilities"],
        "tolerance": result.tolerance,
        **peak_memory(case.device),
    }


def measure_adapter(case: GpuCase) -> dict[str, float]:
    """Answer with an adapter (LoRA, rank 16) and with the model that it was merged into.

    Args:
        case: Of the kind ``adapter``.
    """
    plan = _plan(case)
    model = _build(case, plan)
    recipe = Recipe(model="benchmark", lora=Lora(), rates=Rates(adapter=1.0), steps=1)
    adapted: Any = prepare(model.model, recipe, base_name="benchmark").eval()
    with torch.no_grad():
        for _, parameter in trained(adapted):
            parameter.normal_(0, _SPREAD)
    bound_memory(None, case.device)
    first, with_adapter = _ask(case, model, plan)
    adapted.merge_and_unload()
    second, merged = _ask(case, model, plan)
    return {
        "adapter_per_s": with_adapter,
        "merged_per_s": merged,
        "speedup": merged / with_adapter,
        "largest_difference": _largest_difference(first, second),
        "tolerance": 0.25 if model.model.dtype.itemsize == 2 else 1e-3,
        **peak_memory(case.device),
    }


def _plan(case: GpuCase) -> Architecture:
    system, questions = requests("official")
    return architecture(case.name, [system, *(request.text for request in questions)] * 4, small=case.small)


def _build(case: GpuCase, plan: Architecture) -> TransformersModel:
    return build(
        plan,
        device=case.device,
        precision=case.precision,
        quantization=case.quantization,
        attention=case.attention,
    )


def _ask(case: GpuCase, model: TransformersModel, plan: Architecture) -> tuple[list[Reply], float]:
    """Return the replies about some clips, and questions a second; a clip before them warms up."""
    system, questions = requests("official")
    replies: list[Reply] = []
    started = 0.0
    for number in range(_CLIPS + 1):
        if number == 1:
            wait_for(case.device)
            started = time.perf_counter()
        replies += model.ask(system, pictures(_PICTURES, plan.side, number), questions)
    wait_for(case.device)
    return replies, _CLIPS * len(questions) / (time.perf_counter() - started)


def _largest_difference(first: Sequence[Reply], second: Sequence[Reply]) -> float:
    """Return the largest difference of natural log-probabilities of options."""
    apart = [
        abs(math.log(value) - math.log(second_reply.options[option]))
        for first_reply, second_reply in zip(first, second, strict=True)
        for option, value in (first_reply.options or {}).items()
        if second_reply.options and value and second_reply.options.get(option)
    ]
    return max(apart, default=math.inf)

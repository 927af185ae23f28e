"""Answers drawn at random: several to each question about a clip, each by a stream of chance of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mevqa.models.transformers.generation.chance import Chance
from mevqa.models.transformers.generation.prefix import grow_tree, prefix_length, run_prefix
from mevqa.models.transformers.generation.tasks import FreeTask
from mevqa.models.transformers.model import TransformersModel, finish_tasks
from mevqa.types import Draw, Reply, Request, View

#: Most answers that are written in one pass.
_TOGETHER = 16


def sample_replies(
    model: TransformersModel,
    system: str,
    views: Sequence[View],
    requests: Sequence[Request],
    seeds: Sequence[Sequence[Sequence[int]]],
    temperature: float = 1.0,
) -> list[list[Reply]]:
    """Draw answers to questions about one clip, written freely: neither options nor grammars hold them.

    The answers to a question are written together and apart from those to other questions: they depend on the
    questions of the clip and on the seeds alone, not on what else is asked in a run.

    Args:
        model: The model.
        system: The common system text.
        views: The clip's pictures.
        requests: Its questions.
        seeds: For each question a seed for each of its answers.
        temperature: Above 0.

    Returns:
        For each question its replies.
    """
    if not requests:
        return []
    prompter = model.prompter
    with torch.inference_mode():
        prompts = prompter.prompts(system, views, [request.text for request in requests])
        length = prefix_length([prompt.ids for prompt in prompts.prompts], prompts.anchor)
        prefix = run_prefix(model.model, prompts.inputs, length)
        replies = []
        for prompt, request, question_seeds in zip(prompts.prompts, requests, seeds, strict=True):
            tasks = [
                FreeTask(prompter, prompt, request.max_new_tokens, Chance(Draw(temperature, tuple(seed))))
                for seed in question_seeds
            ]
            for start in range(0, len(tasks), _TOGETHER):
                finish_tasks(tasks[start : start + _TOGETHER], grow_tree(model.model, prefix), length)
                prefix.rewind()
            replies.append([task.reply() for task in tasks])
    return replies

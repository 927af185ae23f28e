"""Speedup of answering a clip's questions that share its prefix, with the answers compared."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
from PIL import Image

from mevqa.models.transformers.model import TransformersModel
from mevqa.questions.prompt_schema import DEFAULT
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.types import Clip, Reply, Request, View

#: Six questions that the official files ask about one clip.
QUESTIONS = (
    "What is the coarse expression class?",
    "What is the fine-grained expression class?",
    "What are the action units?",
    "Is the action unit brow lowerer shown on the face?",
    "Is the action unit lip corner puller located on the left or right face?",
    "What are the action units present, and based on them, what is the fine-grained expression and the coarse "
    "expression class?",
)
#: Length of a freely written answer, tokens.
_FREE_TOKENS = 8
#: Largest difference of log-probabilities that counts as the same in float32 and in half precision.
_CLOSE = {4: 1e-3, 2: 0.25}

#: Result of one way of doing the work.
Result = TypeVar("Result")


@dataclass
class TurnsBenchmark:
    """Ways to do the same work with a model, timed in turns; the first is what the others are compared with.

    Attributes:
        questions: Number of questions in a round.
        picture_tokens: Number of picture tokens of a clip.
        prompt_tokens: Number of all tokens of the longest prompt.
        tolerance: Largest difference that counts as none, by the precision of the weights.
        clips: Number of clips in a round.
        parameters: Weights of each part that are trained, and ``all``; empty where nothing is.
        seconds: Seconds of each round that counts, by way.
        differences: Largest difference of any way from the first, by what is compared.
    """

    questions: int
    picture_tokens: int
    prompt_tokens: int
    tolerance: float
    clips: int = 1
    parameters: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)

    @property
    def identical(self) -> bool:
        """Whether all ways give the same."""
        return max(self.differences.values()) <= self.tolerance

    @property
    def speedup(self) -> dict[str, float]:
        """Speedup of each other way over the first, by medians."""
        return self._speedup(statistics.median)

    @property
    def best_speedup(self) -> dict[str, float]:
        """Speedup of each other way over the first, by the least times."""
        return self._speedup(min)

    def _speedup(self, summary: Callable[[list[float]], float]) -> dict[str, float]:
        first, *others = self.seconds
        return {way: summary(self.seconds[first]) / summary(self.seconds[way]) for way in others}

    def measure(
        self,
        ways: Mapping[str, Callable[[int], Result]],
        compare: Callable[[Result, Result], Mapping[str, float]],
        rounds: int,
        on_round: Callable[[int], None],
    ) -> None:
        """Do the work in every way, round by round, first in one order and then in the other.

        Args:
            ways: From the number of the round to the result of the work, by name.
            compare: From results of the first and another way to their differences.
            rounds: Number of rounds that count; one before them warms up.
            on_round: Called with the number of rounds done.
        """
        first, *others = ways
        self.seconds = {way: [] for way in ways}
        for turn in range(rounds + 1):
            results = {}
            for way in [first, *others][:: 1 if turn % 2 else -1]:
                started = time.perf_counter()
                results[way] = ways[way](turn)
                if turn:
                    self.seconds[way].append(time.perf_counter() - started)
            for way in others:
                for what, difference in compare(results[first], results[way]).items():
                    self.differences[what] = max(self.differences.get(what, 0.0), difference)
            if turn:
                on_round(turn)


def requests(answers: str = "free", dataset: str = "casme2", variant: str = DEFAULT) -> tuple[str, list[Request]]:
    """Return the system text and the requests of ``QUESTIONS``, worded by the shipped prompt library.

    Args:
        answers: ``free``: every answer is written freely, eight tokens of it, so that the work does not depend on
            what the weights happen to say. ``official``: options are scored and grammars hold, as in a real run.
        dataset: Whose classes are the options.
        variant: Of the prompts.
    """
    library = PromptLibrary.load(variant=variant)
    clip = Clip("benchmark", dataset)
    questions: list[Request] = []
    for text in QUESTIONS:
        request = library.request(question_about(clip, len(questions), text))
        questions.append(Request(request.text, max_new_tokens=_FREE_TOKENS) if answers == "free" else request)
    return library.system(dataset), questions


def pictures(count: int, size: int, seed: int) -> list[View]:
    """Return noise pictures, ``size`` pixels wide and high."""
    rng = np.random.default_rng(seed)
    return [
        View(f"picture-{i}", Image.fromarray(rng.integers(0, 256, (size, size, 3), dtype=np.uint8)), f"Picture {i + 1}")
        for i in range(count)
    ]


def measure_prefix_reuse(
    model: TransformersModel,
    *,
    count: int,
    size: int,
    rounds: int,
    answers: str = "free",
    on_round: Callable[[int], None] = lambda done: None,
) -> TurnsBenchmark:
    """Answer six questions with and without reuse, in turns, and compare times and answers.

    Args:
        model: Who is asked both times; only the sharing of the prefix differs.
        count: Number of pictures.
        size: Their width and height, pixels.
        rounds: Number of rounds that count.
        answers: ``free`` or ``official``, as in ``requests``.
        on_round: Called with the number of rounds done.
    """
    system, questions = requests(answers)
    picture_tokens, prompt_tokens = model.count_tokens(system, pictures(count, size, 0), questions)
    result = TurnsBenchmark(len(questions), picture_tokens, prompt_tokens, _CLOSE[model.model.dtype.itemsize])

    views = [pictures(count, size, turn) for turn in range(rounds + 1)]

    def ask(turn: int, reuse: bool) -> list[Reply]:
        return model.ask(system, views[turn], questions, prefix_cache=reuse)

    ways = {"each question alone": partial(ask, reuse=False), "prefix reused": partial(ask, reuse=True)}
    result.measure(ways, _differences, rounds, on_round)
    return result


def _differences(alone: Sequence[Reply], reused: Sequence[Reply]) -> dict[str, float]:
    """Return how many answers differ or failed, and the largest difference of natural log-probabilities."""
    replies = list(zip(alone, reused, strict=True))
    differ = sum(
        alone_reply.text != reused_reply.text or reused_reply.error is not None for alone_reply, reused_reply in replies
    )
    pairs = [(alone_reply.confidence, reused_reply.confidence) for alone_reply, reused_reply in replies]
    for alone_reply, reused_reply in replies:
        if alone_reply.options and reused_reply.options:
            pairs += [(alone_reply.options[option], reused_reply.options.get(option)) for option in alone_reply.options]
    apart = max((abs(math.log(first) - math.log(second)) for first, second in pairs if first and second), default=0.0)
    return {"answers": float(differ), "log-probabilities": apart}

"""How much faster a clip's questions are answered when they share its prefix, with the answers compared."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from mevqa.models.transformers.model import TransformersModel
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


@dataclass
class PrefixBenchmark:
    """What was measured.

    Attributes:
        questions: Number of questions in a round.
        picture_tokens: Number of picture tokens in the prefix.
        prompt_tokens: Number of all tokens of the longest prompt.
        reused: Seconds of each round with the prefix taken through the model once.
        repeated: Seconds of each round with every question asked alone.
        same_answers: Whether all answers are the same, word by word.
        difference: Largest difference of natural log-probabilities between the two.
        tolerance: What counts as none, by the precision of the weights.
    """

    questions: int
    picture_tokens: int
    prompt_tokens: int
    reused: list[float] = field(default_factory=list)
    repeated: list[float] = field(default_factory=list)
    same_answers: bool = True
    difference: float = 0.0
    tolerance: float = 0.0

    @property
    def identical(self) -> bool:
        """Whether reuse changed nothing."""
        return self.same_answers and self.difference <= self.tolerance

    @property
    def speedup(self) -> float:
        """Median time without reuse over median time with it."""
        return statistics.median(self.repeated) / statistics.median(self.reused)

    @property
    def best_speedup(self) -> float:
        """Least time without reuse over least time with it."""
        return min(self.repeated) / min(self.reused)


def requests(answers: str = "free", dataset: str = "casme2") -> tuple[str, list[Request]]:
    """Return the system text and the requests of ``QUESTIONS``, worded by the shipped prompt library.

    Args:
        answers: ``free``: every answer is written freely, eight tokens of it, so that the work does not depend on
            what the weights happen to say. ``official``: options are scored and grammars hold, as in a real run.
        dataset: Whose classes are the options.
    """
    library = PromptLibrary.load()
    clip = Clip("benchmark", dataset)
    asked: list[Request] = []
    for text in QUESTIONS:
        request = library.request(question_about(clip, len(asked), text))
        asked.append(Request(request.text, max_new_tokens=_FREE_TOKENS) if answers == "free" else request)
    return library.system(dataset), asked


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
) -> PrefixBenchmark:
    """Answer six questions with and without reuse, in turns, and compare times and answers.

    Args:
        model: Who is asked both times; only the sharing of the prefix differs.
        count: Number of pictures.
        size: Their width and height, pixels.
        rounds: Number of rounds that count; one before them warms up.
        answers: ``free`` or ``official``, as in ``requests``.
        on_round: Called with the number of rounds done.
    """
    system, asked = requests(answers)
    picture_tokens, prompt_tokens = model.count_tokens(system, pictures(count, size, 0), asked)
    result = PrefixBenchmark(len(asked), picture_tokens, prompt_tokens, tolerance=_CLOSE[model.model.dtype.itemsize])
    for turn in range(rounds + 1):
        views = pictures(count, size, turn)
        times: dict[bool, float] = {}
        replies: dict[bool, list[Reply]] = {}
        for reuse in (True, False) if turn % 2 else (False, True):
            started = time.perf_counter()
            replies[reuse] = model.ask(system, views, asked, prefix_cache=reuse)
            times[reuse] = time.perf_counter() - started
        result.same_answers &= [r.text for r in replies[True]] == [r.text for r in replies[False]]
        result.same_answers &= not any(reply.error for reply in replies[True])
        result.difference = max(result.difference, _difference(replies[True], replies[False]))
        if turn:
            result.reused.append(times[True])
            result.repeated.append(times[False])
            on_round(turn)
    return result


def _difference(one: Sequence[Reply], other: Sequence[Reply]) -> float:
    """Return the largest difference of log-probabilities, over options and confidences."""
    pairs = [(a.confidence, b.confidence) for a, b in zip(one, other, strict=True)]
    for a, b in zip(one, other, strict=True):
        if a.options and b.options:
            pairs += [(a.options[option], b.options.get(option)) for option in a.options]
    return max((abs(math.log(a) - math.log(b)) for a, b in pairs if a and b), default=0.0)

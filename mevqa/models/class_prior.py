"""Class frequencies that a model brings, taken out of its option scores.

A model that was trained where one class is frequent leans to it: its probability of a class is proportional to that
class's frequency there. Divided by it, the probabilities are those of a model that learned from balanced classes, for
which UF1 and UAR count each class alike. Source: Saerens, Latinne and Decaestecker, Neural Computation 14, 2002,
equation 2.4 with equal new priors. (``option_score="calibrated"`` is the correction by content-free input: the scores
for grey pictures.)
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mevqa.data.answered_clips import AnsweredClip, answered_clips, of_others
from mevqa.datasets import dataset, dataset_names
from mevqa.errors import InputError, Problem
from mevqa.facs import COARSE_CLASSES
from mevqa.models.base import Model, TakesShots
from mevqa.models.transformers.generation.chance import Chance
from mevqa.types import Clip, Reply, Request, Shot, View

LEVELS = ("coarse", "fine")


@dataclass(frozen=True, slots=True)
class ClassPrior:
    """How often each class was seen.

    Attributes:
        source: A data set, or a question file with answers.
        counts: By level (``coarse``, ``fine``) and class.
        clips: The clips of a question file; empty for a data set, of which only sums are published.
    """

    source: str
    counts: Mapping[str, Mapping[str, int]]
    clips: tuple[AnsweredClip, ...] = ()

    def without(self, clip: Clip) -> ClassPrior:
        """Return the frequencies among other people: the classes of the person who is asked about would be a leak."""
        others = of_others(self.clips, clip)
        return self if len(others) == len(self.clips) else replace(self, counts=_counted(others))

    def corrected(self, request: Request, reply: Reply) -> Reply:
        """Return a reply with the probabilities that balanced classes would give; others are returned as they are.

        The answer is the likeliest class then, or is drawn anew where the request draws.

        Args:
            request: What was asked; its options tell whether it asks for a class.
            reply: To it.
        """
        options = reply.options
        if not options or reply.error is not None:
            return reply
        counts = self._counts_of(request.options)
        if counts is None:
            return reply
        # Counted once more than they are (Laplace's rule): a class that was never seen is not endlessly likely.
        weighed = {name: share / (counts.get(name, 0) + 1) for name, share in options.items()}
        total = sum(weighed.values())
        if not total:
            return reply
        shares = {name: value / total for name, value in weighed.items()}
        best = max(shares, key=lambda name: shares[name])
        if request.draw is not None:
            least = sys.float_info.min
            index = Chance(request.draw).choice([math.log(max(share, least)) for share in shares.values()])
            best = list(shares)[index]
        return replace(reply, text=best, options=shares, confidence=shares[best])

    def _counts_of(self, options: Sequence[str]) -> Mapping[str, int] | None:
        """Return the counts of a question's classes; None for a question that asks for no class."""
        level = "coarse" if set(options) <= set(COARSE_CLASSES) else "fine"
        counts = self.counts.get(level, {})
        return counts if options and set(options) & counts.keys() else None


def class_prior(source: str) -> ClassPrior:
    """Return the class frequencies of a data set (``casme2``), or of a question file with answers.

    Raises:
        InputError: It is neither, or tells no class.
    """
    path = Path(source)
    clips: tuple[AnsweredClip, ...] = ()
    if path.suffix in (".jsonl", ".json") or path.is_file():
        clips = answered_clips(path)
        counts = _counted(clips)
    elif source in dataset_names():
        shipped_prior = dataset(source).prior
        counts = {
            level: dict({} if shipped_prior is None else getattr(shipped_prior.counts, level)) for level in LEVELS
        }
    else:
        message = f"{source!r} is no data set ({', '.join(sorted(dataset_names()))}) and no question file with answers"
        raise InputError([Problem("--prior", message)])
    if not any(counts.values()):
        raise InputError(
            [
                Problem(
                    "--prior",
                    f"{source} tells the classes of no clips: name a data set that is counted, or a file with answers",
                )
            ]
        )
    return ClassPrior(
        source,
        {level: dict(sorted(level_counts.items())) for level, level_counts in counts.items() if level_counts},
        clips,
    )


def _counted(clips: Iterable[AnsweredClip]) -> dict[str, dict[str, int]]:
    """Return how many clips have each class; each clip counts once."""
    counts: dict[str, Counter[str]] = {level: Counter() for level in LEVELS}
    for clip in clips:
        for level, name in (("coarse", clip.coarse), ("fine", clip.fine)):
            if name is not None:
                counts[level][name] += 1
    return {level: dict(level_counts) for level, level_counts in counts.items()}


class CorrectedModel:
    """A model whose probabilities of classes are corrected for the frequencies that it brings."""

    def __init__(self, model: Model, prior: ClassPrior) -> None:
        self._model = model
        self._prior = prior

    def __getattr__(self, name: str) -> Any:
        """Return everything else as the model has it."""
        return getattr(self._model, name)

    def for_clip(self, clip: Clip) -> CorrectedModel:
        """Return the model with the frequencies that are taken out of answers about one clip."""
        return CorrectedModel(self._model, self._prior.without(clip))

    def ask(
        self, system: str, views: Sequence[View], requests: Sequence[Request], *, shots: Sequence[Shot] = ()
    ) -> list[Reply]:
        """Ask the model, and correct what it says of classes."""
        if shots and isinstance(self._model, TakesShots):
            replies = self._model.ask(system, views, requests, shots=shots)
        else:
            replies = self._model.ask(system, views, requests)
        return [self._prior.corrected(request, reply) for request, reply in zip(requests, replies, strict=True)]

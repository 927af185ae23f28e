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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mevqa.data.official import read_questions
from mevqa.data.persons import Person, person
from mevqa.datasets import dataset, dataset_names
from mevqa.errors import InputError, Problem
from mevqa.facs import COARSE_CLASSES
from mevqa.models.base import Model, TakesShots
from mevqa.models.transformers.generation.chance import Chance
from mevqa.questions.answers import read_answer
from mevqa.questions.question_types import question_type
from mevqa.types import Clip, Reply, Request, Shot, View

LEVELS = ("coarse", "fine")


@dataclass(frozen=True, slots=True)
class ClassPrior:
    """How often each class was seen.

    Attributes:
        source: A data set, or a question file with answers.
        counts: By level (``coarse``, ``fine``) and class.
        persons: The same of each person of a question file; empty for a data set, of which only sums are published.
        shown: Who is seen in each clip of the file, by its id.
    """

    source: str
    counts: Mapping[str, Mapping[str, int]]
    persons: Mapping[Person, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    shown: Mapping[str, Person] = field(default_factory=dict)

    def without(self, clip: Clip) -> ClassPrior:
        """Return the frequencies among other people: the classes of the person who is asked about would be a leak."""
        # A row to answer may not tell the subject of a clip that the file has with its subject.
        own = self.persons.get(self.shown.get(clip.id, person(clip)))
        if own is None:
            return self
        others = {level: Counter(counts) - Counter(own.get(level, {})) for level, counts in self.counts.items()}
        return replace(self, counts=others, persons={}, shown={})

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
            place = Chance(request.draw).choice([math.log(max(share, least)) for share in shares.values()])
            best = list(shares)[place]
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
    persons: dict[Person, dict[str, Counter[str]]] = {}
    shown: dict[str, Person] = {}
    if path.suffix in (".jsonl", ".json") or path.is_file():
        persons, shown = _counted(path)
        counts = {level: sum((own[level] for own in persons.values()), Counter()) for level in LEVELS}
    elif source in dataset_names():
        known = dataset(source).prior
        counts = {level: Counter({} if known is None else getattr(known.counts, level)) for level in LEVELS}
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
        source, {level: dict(sorted(own.items())) for level, own in counts.items() if own}, persons, shown
    )


def _counted(path: Path) -> tuple[dict[Person, dict[str, Counter[str]]], dict[str, Person]]:
    """Return how many clips of each person of a file have each class, and who is seen in each clip."""
    questions = read_questions(path).questions
    seen: dict[str, dict[str, str]] = {level: {} for level in LEVELS}
    shown: dict[str, Person] = {}
    for question in questions:
        shown[question.clip_id] = person(Clip(question.clip_id, question.dataset, subject=question.subject))
        level = question_type(question.type).fact
        if level in seen and question.reference is not None:
            value = read_answer(question, question.reference).value
            if isinstance(value, str):
                seen[level][question.clip_id] = value
    persons: dict[Person, dict[str, Counter[str]]] = {}
    for counted, by_clip in seen.items():
        for clip_id, value in by_clip.items():
            persons.setdefault(shown[clip_id], {one: Counter() for one in LEVELS})[counted][value] += 1
    return persons, shown


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

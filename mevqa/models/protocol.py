"""What a model must offer to be asked, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from mevqa.records import View

#: How closed questions are scored; what each is good for is argued in ``mevqa.models.options``.
OptionScore = Literal["mean", "sum", "calibrated"]


class Grammar(Protocol):
    """The admissible answers to one request, as segments that may follow what has been written."""

    def next(self, text: str) -> tuple[str, ...]:
        """Return the segments that may follow ``text``.

        Args:
            text: What has been written so far: the empty string, or segments of this grammar joined.

        Returns:
            Non-empty admissible continuations; the empty string among them means that the answer may end here;
            an empty tuple means that it ends here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Exactly one way of answering is taken: ``options`` are scored, else ``grammar`` constrains generation, else
    the model writes freely.

    Attributes:
        text: What follows the clip's prefix: the question and the instruction of its type.
        options: The closed question's options.
        grammar: The admissible answers of an open question.
        max_new_tokens: Bound on what is generated.
    """

    text: str
    options: tuple[str, ...] = ()
    grammar: Grammar | None = None
    max_new_tokens: int = 96


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said to one request.

    Attributes:
        text: The answer; empty exactly when ``error`` is set.
        options: Probability of each option, summing to one, when the request had options.
        confidence: Probability of the answer (of its constrained choices), 0 to 1; None when it is not known.
        error: Why there is no answer.
        truncated: Whether the bound on new tokens stopped the model before it ended its answer.
    """

    text: str
    options: Mapping[str, float] | None = None
    confidence: float | None = None
    error: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a model wants to be asked when the user does not say.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        variant: Variant of the prompt library (``default``, ``brief``, ...).
        option_score: How its closed questions are scored (``mevqa.models.options``): ``sum`` for a model that was
            trained on these very answers, ``mean`` for one that was not.
        sees_rest: Whether it can be asked if a clip shows an expression at all; a model that was trained on nothing
            but expressions cannot tell.
    """

    views: tuple[str, ...] = ("onset", "apex", "offset", "motion", "magnified")
    sampler: str = "oao"
    variant: str = "default"
    option_score: OptionScore = "mean"
    sees_rest: bool = True


@runtime_checkable
class Model(Protocol):
    """A vision-language model.

    Attributes:
        name: As the user wrote it (``nano``, a hub name, a folder).
        revision: What identifies the weights: a commit, a content hash, ``scripted``.
        preferences: How it wants to be asked.
    """

    name: str
    revision: str
    preferences: Preferences

    def ask(self, system: str, views: Sequence[View], requests: Sequence[Request]) -> list[Reply]:
        """Answer all questions about one clip; its prefix (system text and views) is taken through the model once.

        Args:
            system: The common system text.
            views: The clip's pictures with captions, in order.
            requests: The questions; none depends on another.

        Returns:
            One reply a request, in order. A request that fails gets a reply with ``error``; the others still answer.
        """
        ...

"""What a model must offer to be asked, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mevqa.types import OptionScore, Reply, Request, View


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a model wants to be asked when the user does not say.

    Attributes:
        views: Names of the views, in order.
        sampler: Name of the sampling strategy.
        variant: Variant of the prompt library (``default``, ``brief``, ...).
        option_score: How its closed questions are scored (``mevqa.models.transformers.options``): ``sum`` for a model
            that was trained on these very answers, ``mean`` for one that was not.
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

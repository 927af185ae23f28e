"""Chance of one drawn answer: a stream of numbers of its own, so that nothing else that is asked changes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mevqa.types import Draw

if TYPE_CHECKING:
    from mevqa.models.transformers.generation.tree import TokenTree


class Chance:
    """Draws tokens and choices at a temperature.

    Args:
        draw: Temperature and seed.
    """

    def __init__(self, draw: Draw) -> None:
        self._rng = np.random.default_rng(list(draw.seed))
        self._temperature = draw.temperature

    def token(self, tree: TokenTree, node: int) -> tuple[int, float]:
        """Return a token drawn right after a node, and its log-probability under the model itself."""
        return tree.draw(node, self._rng.random(), self._temperature)

    def choice(self, scores: Sequence[float]) -> int:
        """Return the place of one of several log-scores, drawn in proportion to exp(score / temperature)."""
        top = max(scores)
        weights = [math.exp((score - top) / self._temperature) for score in scores]
        at = self._rng.random() * sum(weights)
        for index, weight in enumerate(weights):
            at -= weight
            if at < 0:
                return index
        return len(weights) - 1

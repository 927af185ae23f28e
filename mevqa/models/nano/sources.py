"""Where training batches come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mevqa.models.nano.dialogues import Turn, draw_turns
from mevqa.models.nano.drawn_maps import draw_maps
from mevqa.models.nano.examples import Expression, class_targets, draw_expressions, to_pixels, unit_targets


@dataclass(frozen=True)
class Batch:
    """Maps with what is to be seen and said about them.

    Attributes:
        pixels: [rows, 3, 28, 28].
        units: [rows, 2, units], 0 or 1.
        fine: [rows] index.
        coarse: [rows] index.
        turns: Questions and answers of each row; empty when only seeing is trained.
    """

    pixels: torch.Tensor
    units: torch.Tensor
    fine: torch.Tensor
    coarse: torch.Tensor
    turns: Sequence[Sequence[Turn]]


class BatchSource:
    """Draws batches; each is decided by its seed alone."""

    def batch(self, rows: int, seed: tuple[int, ...], *, talk: bool) -> Batch:
        """Draw one batch.

        Args:
            rows: Number of maps.
            seed: Decides the batch.
            talk: Whether questions are drawn too.
        """
        rng = np.random.default_rng(seed)
        expressions = draw_expressions(rows, rng)
        maps = draw_maps([expression.units for expression in expressions], rng)
        return to_batch(maps, expressions, rng, talk=talk)


def to_batch(maps: np.ndarray, expressions: Sequence[Expression], rng: np.random.Generator, *, talk: bool) -> Batch:
    """Put maps and expressions together."""
    fine, coarse = class_targets(expressions)
    turns = [draw_turns(expression, rng) for expression in expressions] if talk else []
    return Batch(to_pixels(maps), unit_targets(expressions), fine, coarse, turns)

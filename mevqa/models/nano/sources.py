"""Where training batches come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mevqa.models.nano.dialogues import Turn, draw_turns
from mevqa.models.nano.drawn_maps import draw_maps
from mevqa.models.nano.examples import Expression, class_targets, draw_expressions, to_pixels, unit_targets
from mevqa.models.nano.rendered_maps import RenderedMaps


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
    """Makes batches; each is decided by its seed alone.

    Args:
        rendered: Maps from rendered faces; None: all are drawn.
        share: Share of rendered maps in a batch.
    """

    def __init__(self, rendered: RenderedMaps | None = None, share: float = 0.35) -> None:
        self._rendered = rendered
        self._share = share if rendered is not None else 0.0

    def batch(self, rows: int, seed: tuple[int, ...], *, talk: bool) -> Batch:
        """Make one batch.

        Args:
            rows: Number of maps.
            seed: Decides the batch.
            talk: Whether questions are drawn too.
        """
        rng = np.random.default_rng(seed)
        rendered = round(rows * self._share)
        expressions = draw_expressions(rows - rendered, rng)
        maps = draw_maps([expression.units for expression in expressions], rng)
        if self._rendered is not None:
            more, shown = self._rendered.sample(rendered, rng)
            maps, expressions = np.concatenate([maps, more]), [*expressions, *shown]
        return to_batch(maps, expressions, rng, talk=talk)


def to_batch(
    maps: NDArray[np.uint8], expressions: Sequence[Expression], rng: np.random.Generator, *, talk: bool
) -> Batch:
    """Put maps and expressions together."""
    fine, coarse = class_targets(expressions)
    turns = [draw_turns(expression, rng) for expression in expressions] if talk else []
    return Batch(to_pixels(maps), unit_targets(expressions), fine, coarse, turns)

"""Training examples: an expression, its motion map as the network takes it, and what its units are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES, ActionUnit, unit_number
from mevqa.synthetic.expressions import draw_expression, expression_table
from mevqa.video.motion.flow import centre_channels

#: Units that are told apart, by number.
UNITS: tuple[int, ...] = tuple(unit_number(name) for name in UNIT_NAMES)
FINE: tuple[str, ...] = tuple(expression_table().classes)
COARSE: tuple[str, ...] = ("positive", "negative", "surprise")

#: How often each fine class is drawn: a quarter each for the classes that are a coarse class of their own, the
#: negative classes share the other half. The losses are weighted to make both levels count as balanced.
_ALONE = ("happiness", "surprise")
FINE_SHARES = np.array([0.25 if fine in _ALONE else 0.5 / (len(FINE) - len(_ALONE)) for fine in FINE])
FINE_WEIGHTS = 1 / (FINE_SHARES * len(FINE))
COARSE_WEIGHTS = np.array([4 / 3, 2 / 3, 4 / 3])

_CLASSES = taxonomy("synthetic")


@dataclass(frozen=True)
class Expression:
    """An expression: its fine class and action units.

    Attributes:
        fine: Fine-grained class.
        units: Its action units in number order.
    """

    fine: str
    units: tuple[ActionUnit, ...]

    @property
    def coarse(self) -> str:
        """Coarse class."""
        return str(_CLASSES.coarse_of(self.fine))


def draw_expressions(count: int, rng: np.random.Generator) -> list[Expression]:
    """Draw expressions in the shares of training."""
    fines = rng.choice(len(FINE), size=count, p=FINE_SHARES)
    return [Expression(*draw_expression(rng, FINE[index])) for index in fines]


def to_pixels(maps: NDArray[np.uint8]) -> torch.Tensor:
    """Turn motion maps [maps, 28, 28, 3] into the network's input, as the view and nano's processor do."""
    centred = np.stack([centre_channels(rgb) for rgb in maps]).astype(np.float32)
    return torch.from_numpy((centred - 128) / (127 / 4)).permute(0, 3, 1, 2).contiguous()


def unit_targets(expressions: Sequence[Expression]) -> torch.Tensor:
    """Return which units act on the left and on the right, [expressions, 2, units], 0 or 1."""
    targets = torch.zeros(len(expressions), 2, len(UNITS))
    for row, expression in zip(targets, expressions, strict=True):
        for unit in expression.units:
            if unit.number in UNITS:
                sides = {"left": [0], "right": [1], None: [0, 1]}[unit.side]
                row[sides, UNITS.index(unit.number)] = 1
    return targets


def class_targets(expressions: Sequence[Expression]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the indices of the fine and of the coarse classes."""
    fine = torch.tensor([FINE.index(expression.fine) for expression in expressions])
    coarse = torch.tensor([COARSE.index(expression.coarse) for expression in expressions])
    return fine, coarse

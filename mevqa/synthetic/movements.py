"""Movements of the units of one expression from onset to offset: plain rise and fall, or creep, hold and late units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mevqa.facs import ActionUnit
from mevqa.synthetic.profiles import Shape

#: Share of the expressions that rise and fall without creep and hold. No label file tells it: they are here so that
#: both are tried.
_PLAIN = 0.25

#: Share of the other expressions in which some of several units start while the first ones are nearly risen.
_LATE = 0.4

#: Movements ebb away like this after the offset, ms: longer than the longest micro-expression, so that a clip does not
#: show the return that no coder saw.
_EBB_MS = 1500.0


@dataclass(frozen=True)
class Movement:
    """Some units of an expression that move together.

    Attributes:
        units: Which.
        delay: Frames after the onset of the expression at which they start.
        shape: Their course.
    """

    units: tuple[ActionUnit, ...]
    delay: int
    shape: Shape

    @property
    def is_plain(self) -> bool:
        """Whether it rises without creep."""
        return self.shape.shoulder == 1.0


def draw_movements(
    rng: np.random.Generator, units: tuple[ActionUnit, ...], rise: int, fps: float, kind: str
) -> tuple[Movement, ...]:
    """Draw the course of an expression; all its movements have their largest extent at its apex.

    Args:
        rng: Decides everything.
        units: Of the expression.
        rise: Frames from onset to apex.
        fps: Frames per second.
        kind: ``micro`` or ``macro``.
    """
    if rng.random() < _PLAIN:
        hold = float(rng.uniform(0.2, 0.6)) if kind == "macro" else 0.0
        shape = Shape(rise=float(rng.uniform(0.85, 1.3)), fall=float(rng.uniform(0.8, 1.3)), hold=hold)
        return (Movement(units, 0, shape),)
    first = Movement(units, 0, _held_shape(rng, fps, creeps=True))
    if len(units) < 2 or rise < 3 or rng.random() >= _LATE:
        return (first,)
    order = [units[index] for index in rng.permutation(len(units))]
    leading = int(rng.integers(1, len(units)))
    delay = int(np.clip(round(rng.uniform(0.3, 0.6) * rise), 1, rise - 1))
    late = Movement(tuple(order[leading:]), delay, _held_shape(rng, fps, creeps=False))
    return (Movement(tuple(order[:leading]), 0, first.shape), late)


def _held_shape(rng: np.random.Generator, fps: float, *, creeps: bool) -> Shape:
    """Draw the shape of a movement that is held and does not return all the way."""
    return Shape(
        rise=float(rng.uniform(0.85, 1.3)),
        fall=float(rng.uniform(0.8, 1.3)),
        shoulder=float(rng.uniform(0.6, 0.88)) if creeps else 1.0,
        shoulder_at=float(rng.uniform(0.35, 0.7)) if creeps else 1.0,
        creep=float(rng.uniform(1.0, 1.6)),
        hold=float(rng.uniform(0.15, 0.5)),
        sag=float(rng.uniform(0.08, 0.2)),
        rest=float(rng.uniform(0.0, 0.4)),
        ebb=_EBB_MS * fps / 1000,
        tremor=float(rng.uniform(0.0, 0.05)),
    )

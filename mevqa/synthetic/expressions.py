"""The table of action units of each expression, and random draws from it (``mevqa/tables/expressions.yaml``)."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from mevqa.facs import ActionUnit, Side
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.resources import TABLES

_TABLE = TABLES / "expressions.yaml"
_SIDES: tuple[Side, Side] = ("left", "right")


class Combination(StrictModel):
    """Units that occur together, how often, and whether always on one side."""

    units: tuple[int, ...]
    weight: float
    one_sided: bool = False


class ExpressionTable(StrictModel):
    """The table: probabilities of one-sidedness, dropped and added units, and the classes."""

    one_sided: Mapping[int, float]
    dropped: float
    added: float
    extras: tuple[int, ...]
    classes: Mapping[str, tuple[Combination, ...]]


@functools.cache
def expression_table() -> ExpressionTable:
    """Return the table of expressions."""
    return read_yaml(_TABLE, ExpressionTable)


def draw_expression(
    rng: np.random.Generator, fine: str | None = None, *, exact: bool = False
) -> tuple[str, tuple[ActionUnit, ...]]:
    """Draw the units of an expression, in number order; all one-sided units of one face are on the same side.

    Args:
        rng: Decides everything.
        fine: The class; None draws one, all equally often.
        exact: Only the table's combinations, no unit dropped or added.

    Returns:
        The fine class and its units; a dropped or added unit leaves the class as it is.
    """
    table = expression_table()
    fine = fine or str(rng.choice(list(table.classes)))
    combinations = table.classes[fine]
    weights = np.array([combination.weight for combination in combinations])
    chosen = combinations[int(rng.choice(len(combinations), p=weights / weights.sum()))]
    numbers = list(chosen.units)
    if not exact:
        if len(numbers) > 1 and rng.random() < table.dropped:
            numbers.pop(int(rng.integers(len(numbers))))
        if rng.random() < table.added:
            numbers.append(int(rng.choice([unit for unit in table.extras if unit not in numbers])))
    side = _SIDES[int(rng.integers(2))]
    units = []
    for number in sorted(numbers):
        likelihood = 1.0 if chosen.one_sided and number == 14 else table.one_sided.get(number, 0.0)
        units.append(ActionUnit(number, side if rng.random() < likelihood else None))
    return fine, tuple(units)

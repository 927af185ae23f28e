from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES, unit_name
from mevqa.synthetic.expressions import draw_expression, expression_table
from mevqa.synthetic.faces.fields import unit_fields


def test_every_class_is_one_of_the_taxonomy_and_every_unit_can_be_drawn_and_named():
    table = expression_table()
    assert set(table.classes) == set(taxonomy("synthetic").fine)
    units = {unit for combinations in table.classes.values() for c in combinations for unit in c.units}
    for unit in units | set(table.extras):
        assert unit in unit_fields()
        assert unit_name(unit) in UNIT_NAMES


def test_a_combination_tells_its_class():
    seen: dict[tuple[tuple[int, ...], bool], str] = {}
    for fine, combinations in expression_table().classes.items():
        for combination in combinations:
            key = (combination.units, combination.one_sided)
            assert seen.setdefault(key, fine) == fine


@pytest.mark.parametrize("fine", expression_table().classes)
def test_exact_draws_are_combinations_of_the_class(fine):
    rng = np.random.default_rng(0)
    allowed = {combination.units for combination in expression_table().classes[fine]}
    for _ in range(50):
        drawn, units = draw_expression(rng, fine, exact=True)
        assert drawn == fine
        assert tuple(unit.number for unit in units) in allowed
        assert len({unit.side for unit in units if unit.side}) <= 1


def test_contempt_is_on_one_side_and_happy_dimples_on_both():
    rng = np.random.default_rng(1)
    for fine, sided in (("contempt", True), ("happiness", False)):
        for _ in range(60):
            _, units = draw_expression(rng, fine, exact=True)
            assert all((unit.side is not None) == sided for unit in units if unit.number == 14)


def test_classes_are_drawn_equally_often_by_default_and_sides_too():
    rng = np.random.default_rng(2)
    drawn = [draw_expression(rng) for _ in range(800)]
    counts = Counter(fine for fine, _ in drawn)
    assert min(counts.values()) > 60
    sides = Counter(unit.side for _, units in drawn for unit in units if unit.side)
    assert 0.4 < sides["left"] / sides.total() < 0.6

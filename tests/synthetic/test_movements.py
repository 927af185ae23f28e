from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mevqa.facs import ActionUnit
from mevqa.synthetic.movements import draw_movements

UNITS = (ActionUnit(1), ActionUnit(2), ActionUnit(5))


def drawn(count, *, units=UNITS, rise=20, kind="micro"):
    rng = np.random.default_rng(3)
    return [draw_movements(rng, units, rise, 100.0, kind) for _ in range(count)]


@pytest.mark.parametrize("kind", ["micro", "macro"])
def test_expressions_are_plain_or_creep_and_are_held_and_some_have_a_second_movement(kind):
    shapes = Counter(
        "plain" if movements[0].is_plain else "late" if len(movements) > 1 else "held"
        for movements in drawn(400, kind=kind)
    )
    assert 0.2 < shapes["plain"] / 400 < 0.3 and 0.35 < shapes["held"] / 400 < 0.55 and 0.2 < shapes["late"] / 400 < 0.4


def test_every_unit_moves_in_exactly_one_movement():
    for movements in drawn(100):
        assert sorted(unit.number for movement in movements for unit in movement.units) == [1, 2, 5]


def test_a_second_movement_starts_before_the_apex_while_the_first_rises():
    late = [movements[1] for movements in drawn(200) if len(movements) > 1]
    assert late and all(0 < movement.delay < 20 for movement in late)


@pytest.mark.parametrize(("units", "rise"), [((ActionUnit(4),), 20), (UNITS, 2)])
def test_one_unit_or_a_rise_of_two_frames_has_one_movement(units, rise):
    assert all(len(movements) == 1 for movements in drawn(100, units=units, rise=rise))


def test_held_expressions_do_not_come_back_to_rest_at_once():
    shapes = [movements[0].shape for movements in drawn(200) if not movements[0].is_plain]
    assert all(shape.shoulder < 0.9 and shape.hold > 0 and shape.sag > 0 for shape in shapes)
    assert 0.1 < np.median([shape.rest for shape in shapes]) < 0.3

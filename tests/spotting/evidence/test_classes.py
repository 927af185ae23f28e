"""The emotion class that follows from measured action units by rules."""

from __future__ import annotations

import math

import pytest

from mevqa.facs import FINE_PROTOTYPES, ActionUnit
from mevqa.spotting.events import UnitCandidate
from mevqa.spotting.evidence.classes import class_resemblances


def _candidates(*units: tuple[int, float]) -> list[UnitCandidate]:
    return [UnitCandidate(ActionUnit(number), share) for number, share in units]


@pytest.mark.parametrize("name", FINE_PROTOTYPES)
def test_a_prototype_resembles_its_own_class_most(name):
    units = FINE_PROTOTYPES[name]
    resemblances = class_resemblances(_candidates(*((number, 1 / len(units)) for number in units)))
    assert next(iter(resemblances)) == name and math.isclose(resemblances[name], 1.0)


def test_resemblance_is_the_cosine_with_the_prototype():
    # sqrt(.81) of unit 12 in the direction (6, 12) / sqrt(2); unit 25 is in no prototype.
    assert class_resemblances(_candidates((12, 0.81), (25, 0.19)))["happiness"] == pytest.approx(0.9 / math.sqrt(2))


def test_an_event_without_units_has_no_class():
    assert class_resemblances([]) == {}

import numpy as np
import pytest
from made_curves import REGIONS, column

from mevqa.spotting.evidence.units import _atoms, unit_candidates


def moved(**regions):
    """Motion down by region; underscores for spaces."""
    motion = np.zeros(2 * len(REGIONS))
    for name, size in regions.items():
        motion[column(name.replace("_", " "), 1)] = size
    return motion


def test_the_unit_that_made_a_motion_is_named():
    names, atoms = _atoms()
    (candidate,) = unit_candidates(atoms[:, names.index((12, "left"))] + atoms[:, names.index((12, "right"))])
    assert str(candidate.unit) == "12" and candidate.share == pytest.approx(1.0)


def test_a_unit_on_one_side_is_named_with_it():
    names, atoms = _atoms()
    (candidate,) = unit_candidates(atoms[:, names.index((2, "right"))])
    assert str(candidate.unit) == "R2" and candidate.share == pytest.approx(1.0)


def test_brows_that_rise_are_raisers_and_not_the_lowerer():
    brows = {f"{side}_{part}_brow": -0.02 for side in ("left", "right") for part in ("inner", "outer")}
    numbers = [candidate.unit.number for candidate in unit_candidates(moved(**brows))]
    assert numbers[0] in (1, 2) and 4 not in numbers


def test_no_motion_has_no_unit():
    assert unit_candidates(np.zeros(2 * len(REGIONS))) == ()

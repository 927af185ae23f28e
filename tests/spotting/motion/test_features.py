import numpy as np
import pytest
from made_curves import REGIONS, column

from mevqa.spotting.evidence.boundaries import Course
from mevqa.spotting.motion.detect import Candidate
from mevqa.spotting.motion.features import FEATURES, features


def candidate_features(strength=5.0, course=(1_000.0, 1_150.0, 1_400.0), unlike=0.1, **moved):
    motion = np.zeros(2 * len(REGIONS))
    for name, size in moved.items():
        motion[column(name.replace("_", " "), 1)] = size
    candidate = Candidate(Course(*course), strength, True, motion, motion, 440.0, unlike, 0.2, 0)
    return dict(zip(FEATURES, features(candidate), strict=True))


def test_features_are_in_their_documented_units():
    values = candidate_features(left_inner_brow=-0.02, right_inner_brow=-0.02)
    assert values["strength"] == pytest.approx(np.log(5)) and values["motion"] == pytest.approx(np.log(0.02))
    assert values["duration"] == pytest.approx(np.log(0.8)) and values["rise"] == pytest.approx(0.375)
    assert values["spread"] == pytest.approx(np.log(2))
    assert (values["brows"], values["eyes"], values["mouth"]) == (1.0, 0.0, 0.0)
    assert values["unlike"] == 0.1 and values["blinking"] == 0.2


def test_one_side_is_distinguished_from_both():
    assert candidate_features(left_mouth_corner=0.02)["one_sided"] == pytest.approx(1.0)
    assert candidate_features(left_mouth_corner=0.02, right_mouth_corner=0.02)["one_sided"] == pytest.approx(0.0)


def test_both_sides_have_the_same_features():
    left, right = (
        candidate_features(left_cheek=-0.01, left_mouth_corner=-0.03),
        candidate_features(right_cheek=-0.01, right_mouth_corner=-0.03),
    )
    # The fields of the two sides are painted on whole pixels.
    assert left == pytest.approx(right, abs=0.01)


def test_units_explain_a_smile_better_than_scattered_motion():
    smile = candidate_features(left_mouth_corner=-0.03, right_mouth_corner=-0.03, left_cheek=-0.015, right_cheek=-0.015)
    scattered = candidate_features(left_outer_brow=0.02, upper_lip=-0.02, nose_bridge=0.03, right_cheek=0.02)
    assert smile["fit"] > 0.5 > scattered["fit"] and smile["units"] >= 1


def test_every_number_is_finite_even_where_nothing_moves():
    assert np.isfinite(list(candidate_features(strength=0.0, course=(10.0, 10.0, 10.0)).values())).all()

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.synthetic.profiles import Shape, blink_profile, drift, expression_profile

RELEASE = {
    "fall": st.floats(0.7, 1.4),
    "hold": st.sampled_from([0.0, 0.3, 0.6]),
    "sag": st.floats(0.02, 0.3),
    # Not the numbers so small that what ebbs from them is no number.
    "rest": st.just(0.0) | st.floats(1e-3, 0.5),
    "ebb": st.floats(20.0, 400.0),
    "tremor": st.floats(0.0, 0.1),
}
CREEP = {"shoulder": st.floats(0.5, 0.95), "shoulder_at": st.floats(0.2, 0.9), "creep": st.floats(1.0, 2.0)}
SHAPES = st.builds(Shape, rise=st.floats(0.8, 1.4), **RELEASE) | st.builds(
    Shape, rise=st.floats(0.8, 1.4), **RELEASE, **CREEP
)


@given(st.integers(0, 40), st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), SHAPES)
def test_a_movement_is_largest_at_the_apex_only_and_ebbs_from_its_rest(before, up, down, after, shape):
    onset, apex, offset = before, before + up, before + up + down
    profile = expression_profile(offset + after, onset, apex, offset, shape)
    assert profile[apex] == 1.0 and np.count_nonzero(profile == 1.0) == 1
    assert np.all(profile[: onset + 1] == 0.0) and profile[offset] == pytest.approx(shape.rest)
    assert np.all(np.diff(profile[onset : apex + 1]) > 0)
    assert np.all(np.diff(profile[apex : offset + 1]) < 0)
    later = profile[offset:]
    assert np.all(np.diff(later) < 0) if shape.rest else np.all(later == 0.0)


@given(SHAPES, st.integers(0, 50))
def test_a_tremor_only_takes_away_and_leaves_the_apex_alone(shape, seed):
    tremor = drift(np.random.default_rng(seed), 100, 5.0, 1.0)
    still, shaken = (expression_profile(100, 10, 40, 80, shape, curve) for curve in (None, tremor))
    assert int(np.argmax(shaken)) == 40 and shaken[40] == 1.0
    assert np.all(shaken <= still) and np.all(shaken >= (1 - shape.tremor) * still)


def test_a_shoulder_is_reached_fast_and_the_rest_by_creep():
    profile = expression_profile(120, 0, 60, 110, Shape(shoulder=0.8, shoulder_at=0.4))
    assert profile[24] > 0.8 and np.diff(profile[:24]).mean() > 3 * np.diff(profile[24:61]).mean()


@pytest.mark.parametrize("frames", [(5, 5, 9), (5, 9, 9), (9, 8, 12), (5, 9, 20), (-1, 4, 8)])
def test_frames_out_of_order_are_refused(frames):
    with pytest.raises(ValueError, match="not in order"):
        expression_profile(20, *frames)


def test_a_blink_closes_the_lids_fully_and_opens_them_again():
    profile = blink_profile(40, 5, 8, 15)
    assert profile[13] == 1.0 and profile[5] == 0.0 and profile[28] == 0.0
    assert np.all((profile >= 0) & (profile <= 1))


def test_a_drift_starts_at_zero_is_smooth_and_has_the_spread_asked_for():
    curves = np.array([drift(np.random.default_rng(seed), 400, 20.0, 3.0) for seed in range(200)])
    assert np.all(curves[:, 0] == 0.0)
    assert np.abs(np.diff(curves)).max() < 1.0
    # The difference of two independent values has twice the variance.
    assert curves[:, -1].std() == pytest.approx(3.0 * 2**0.5, rel=0.2)

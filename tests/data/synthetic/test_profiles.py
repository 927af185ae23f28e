from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.data.synthetic.profiles import blink_profile, drift, expression_profile


@given(
    st.integers(0, 40), st.integers(1, 60), st.integers(1, 60), st.integers(1, 40),
    st.floats(0.8, 1.4), st.floats(0.7, 1.4), st.sampled_from([0.0, 0.3, 0.6]),
)  # fmt: skip
def test_an_expression_rises_to_one_at_the_apex_only_and_is_gone_outside(before, up, down, after, rise, fall, hold):
    onset, apex, offset = before, before + up, before + up + down
    profile = expression_profile(offset + after, onset, apex, offset, rise=rise, fall=fall, hold=hold)
    assert profile[apex] == 1.0 and np.count_nonzero(profile == 1.0) == 1
    assert np.all(profile[: onset + 1] == 0.0) and np.all(profile[offset:] == 0.0)
    assert np.all(np.diff(profile[onset : apex + 1]) > 0) and np.all(np.diff(profile[apex : offset + 1]) < 0)


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

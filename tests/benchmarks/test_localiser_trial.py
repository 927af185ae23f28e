from __future__ import annotations

import pytest

from mevqa.benchmarks.localiser_trial import ApexError, error_table, measure_apex
from mevqa.synthetic.writer import SynthSettings, make_plans


@pytest.mark.parametrize(
    ("frames", "fps", "within"), [(2, 25, True), (3, 25, False), (-4, 200, True), (5, 200, False), (-3, 100, False)]
)
def test_an_apex_counts_within_20_ms_or_2_frames(frames, fps, within):
    assert ApexError(frames, fps, "held").is_within is within


def test_the_table_says_on_which_side_the_apex_was_missed():
    errors = [ApexError(frames, 100, "held") for frames in (-9, -8, -7, 0)] + [ApexError(1, 25, "plain")]
    rows = {line[:12].strip(): line for line in error_table(errors).splitlines()}
    assert list(rows)[1:] == ["25 fps", "100 fps", "held", "plain", "together"]
    assert "25.0%   -82, -75, -52" in rows["held"] and "100.0%   +40, +40, +40" in rows["25 fps"]
    assert "40.0%" in rows["together"]


@pytest.mark.parametrize("exponential", [False, True])
def test_a_clip_is_made_and_measured(exponential):
    (plan,) = make_plans(SynthSettings(clips=1, seed=3, fps=(30.0,)))
    error = measure_apex(plan, 3, exponential=exponential)
    assert error.fps == 30.0 and abs(error.frames) < plan.frames
    assert (error.shape == "exponential") is exponential

from dataclasses import replace

import numpy as np
import pytest
from made_records import NAMES, lost, resting

from mevqa.spotting.features.grid import even_motion

STEP = 1000 / 30


def test_uneven_times_become_even_steps():
    times = np.sort(np.random.default_rng(0).uniform(0, 4_000, 118))
    times = np.concatenate([[0.0], times, [4_000.0]])
    record = resting(times)
    record.displacement[:, NAMES.index("chin"), 1] = times / 1e5
    even = even_motion(record)
    assert np.diff(even.times_ms) == pytest.approx(STEP) and even.times_ms[0] == 0.0
    chin = even.motion[:, NAMES.index("chin"), 1]
    assert np.abs(np.diff(chin, 2)).max() < 1e-6 and np.ptp(chin) > 0.02
    assert np.abs(times[even.frames] - even.times_ms).max() < 60


def test_a_frame_rate_below_that_of_the_grid_is_filled():
    even = even_motion(resting(np.arange(50) * 125.0))
    assert even.measured.all() and len(even.times_ms) == 184


def test_where_the_face_is_lost_nothing_is_measured():
    record = lost(resting(np.arange(90) * STEP), slice(30, 60))
    stretch = record.stretch.copy()
    stretch[60:] = 1
    even = even_motion(replace(record, stretch=stretch))
    assert even.measured.tolist() == [True] * 30 + [False] * 30 + [True] * 30
    assert set(even.stretch[30:60]) == {-1} and set(even.stretch[60:]) == {1}
    assert not even.motion[30:60].any()


def test_a_short_gap_is_bridged_and_not_called_measured():
    record = resting(np.arange(60) * STEP)
    chin = NAMES.index("chin")
    record.displacement[:, chin, 1] = np.linspace(0, 0.03, 60)
    record = lost(record, slice(20, 25))
    record.displacement[20:25] = 0
    even = even_motion(record)
    assert np.flatnonzero(~even.measured).tolist() == [20, 21, 22, 23, 24]
    assert np.abs(np.diff(even.motion[:, chin, 1], 2)).max() < 1e-6


def test_a_jump_of_the_timestamps_does_not_fill_memory():
    times = np.arange(60) * STEP
    times[30:] += 3e9
    stretch = np.zeros(60, np.int32)
    stretch[30:] = 1
    even = even_motion(resting(times, stretch=stretch))
    assert len(even.times_ms) < 120 and even.times_ms[-1] == times[-1]


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_frames(count):
    even = even_motion(resting(np.arange(count) * STEP))
    assert len(even.times_ms) == count and not even.measured.any()


def test_rest_is_taken_out_of_each_stretch():
    record = resting(np.arange(600) * STEP)
    record.displacement[:300, :, 0], record.displacement[300:, NAMES.index("chin"), 1] = 0.02, 0.05
    stretch = np.zeros(600, np.int32)
    stretch[300:] = 1
    moved = even_motion(replace(record, stretch=stretch)).from_rest()
    assert np.abs(moved).max() < 1e-9


def test_a_record_of_other_regions_is_refused():
    with pytest.raises(ValueError, match="other regions"):
        even_motion(replace(resting(np.arange(5.0)), regions=NAMES[::-1]))

import numpy as np
import pytest
from made_curves import REGIONS, column

from mevqa.spotting.tracking.curves import channels, join, running_median
from mevqa.spotting.tracking.tracker import Reading

COUNT = len(REGIONS)


def readings(times, displacement=None, mismatch=None, stretch=0):
    """Readings of a face that rests unless told otherwise."""
    shape = (len(times), COUNT)
    displacement = np.zeros((*shape, 2)) if displacement is None else displacement
    mismatch = np.full(shape, 0.05) if mismatch is None else mismatch
    rows = zip(times, displacement, mismatch, strict=True)
    return [Reading(n, ms, stretch, d, m, np.eye(2, 3)) for n, (ms, d, m) in enumerate(rows)]


def test_stretches_are_not_joined_and_short_ones_left_out():
    times = np.arange(0, 2_000, 40.0)
    pieces = [
        *readings(times),
        *readings(times + 3_000, stretch=1),
        *readings(np.arange(5_200, 5_400, 40.0), stretch=2),
    ]
    assert [(stretch.number, stretch.times_ms[0]) for stretch in join(pieces)] == [(0, 0.0), (1, 3_000.0)]


def test_a_lost_frame_is_bridged_and_a_varying_rate_made_even():
    times = np.sort(np.random.default_rng(0).uniform(0, 4_000, 120))
    displacement = np.zeros((120, COUNT, 2))
    displacement[:, REGIONS.index("chin"), 1] = times / 1e5
    (curves,) = join(readings(times, displacement))
    assert np.ptp(np.diff(curves.times_ms)) == pytest.approx(0, abs=1e-6)
    chin = curves.motion[:, column("chin", 1)]
    assert np.abs(np.diff(chin, 2)).max() < 1e-6 and np.ptp(chin) > 0.01


def test_lids_are_interpolated_over_a_blink_and_the_blink_is_known():
    times = np.arange(0, 6_000, 1000 / 30)
    closed = (times > 3_000) & (times < 3_200)
    lids = [place for place, name in enumerate(REGIONS) if "lid" in name]
    displacement, mismatch = np.zeros((len(times), COUNT, 2)), np.full((len(times), COUNT), 0.05)
    displacement[np.ix_(closed, lids, [1])] = 0.08
    mismatch[np.ix_(closed, lids)] = 0.8
    (curves,) = join(readings(times, displacement, mismatch))
    assert np.abs(curves.motion).max() < 1e-9
    seen = curves.times_ms[curves.blinking]
    assert seen.min() == pytest.approx(3_000, abs=80) and seen.max() == pytest.approx(3_200, abs=80)


def test_one_lid_alone_does_not_move():
    times = np.arange(0, 4_000, 1000 / 30)
    displacement = np.zeros((len(times), COUNT, 2))
    displacement[50:60, REGIONS.index("left upper lid"), 1] = 0.03
    (curves,) = join(readings(times, displacement))
    assert np.abs(curves.motion).max() < 1e-9
    displacement[50:60, REGIONS.index("right upper lid"), 1] = 0.02
    (curves,) = join(readings(times, displacement))
    assert curves.motion[:, column("left upper lid", 1)].max() == pytest.approx(0.02)
    assert column("left upper lid", 1) in channels() and column("right upper lid", 1) not in channels()


def test_a_covered_region_is_not_believed():
    times = np.arange(0, 4_000, 1000 / 30)
    chin = REGIONS.index("chin")
    displacement, mismatch = np.zeros((len(times), COUNT, 2)), np.full((len(times), COUNT), 0.05)
    displacement[50:60, chin, 1] = 0.1
    mismatch[50:60, chin] = 1.2
    (curves,) = join(readings(times, displacement, mismatch))
    assert np.abs(curves.motion).max() < 1e-9


def test_the_running_median_follows_slow_change_and_not_events():
    times = np.arange(0, 20_000, 50.0)
    values = times / 1e4
    values[100:110] += 5
    assert np.abs(running_median(values, times, 4_000) - times / 1e4)[80:320].max() < 0.06

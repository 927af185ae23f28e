from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mevqa.video.decoding.timing import ASSUMED_FPS, decide_timing, without_gaps

REGULAR = np.arange(10) * 5.0


@pytest.mark.parametrize(
    ("given", "metadata", "times", "tick", "fps", "source"),
    [
        (60.0, Fraction(200), REGULAR, 0.0, 60.0, "given"),
        (None, Fraction(200), REGULAR, 0.0, 200.0, "metadata"),
        (None, Fraction(30000, 1001), None, 0.0, 30000 / 1001, "metadata"),
        (None, Fraction(90000), REGULAR, 0.01, 200.0, "timestamps"),
        (None, Fraction(1000), REGULAR, 1.0, 200.0, "timestamps"),
        (None, None, REGULAR, 0.0, 200.0, "timestamps"),
        (None, Fraction(90000), None, 0.0, ASSUMED_FPS, "assumed"),
        (None, None, None, 0.0, ASSUMED_FPS, "assumed"),
        (None, Fraction(300), np.round(np.arange(10) * 1000 / 300), 1.0, 300.0, "metadata"),
        (None, Fraction(100), REGULAR, 0.0, 200.0, "timestamps"),
    ],
)
def test_the_frame_rate_and_where_it_comes_from(given, metadata, times, tick, fps, source):
    timing = decide_timing(10, given, metadata, times, tick)
    assert (timing.fps, timing.source) == (pytest.approx(fps), source)
    assert timing.times_ms.shape == (10,)
    if source == "given" or times is None:
        assert timing.times_ms == pytest.approx(np.arange(10) * 1000.0 / fps)
    else:
        assert timing.times_ms is times


def test_a_rate_that_the_file_tells_too_leaves_its_times_as_they_vary():
    uneven = np.cumsum([0.0, 30, 36, 34, 33.3, 33.4, 33, 33, 34, 33])
    own = decide_timing(10, None, Fraction(30), uneven)
    assert own.times_ms is uneven
    for given in (30.0, 30.002):
        timing = decide_timing(10, given, Fraction(30), uneven)
        assert (timing.fps, timing.source) == (own.fps, own.source) and timing.times_ms is uneven
    assert decide_timing(10, 29.97, Fraction(30), uneven).times_ms == pytest.approx(np.arange(10) * 1000 / 29.97)
    assert decide_timing(10, 30.0, None, None).source == "given"


def test_one_frame_has_a_rate_too():
    assert decide_timing(1, None, Fraction(25), np.zeros(1)).fps == 25.0
    assert decide_timing(1, None).times_ms.tolist() == [0.0]


def test_a_gap_is_shortened_to_a_second_and_slow_footage_has_none():
    jump = np.array([0.0, 40, 80, 1e8, 1e8 + 40])
    assert without_gaps(jump).tolist() == [0, 40, 80, 1080, 1120]
    slow = np.arange(5) * 2000.0
    assert without_gaps(slow) is slow

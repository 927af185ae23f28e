import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_curves import bump

from mevqa.spotting.boundaries import follow

TIMES = np.arange(0, 12_000, 1000 / 30)


@given(
    onset=st.floats(3_000, 4_000),
    rise=st.floats(120, 500),
    fall=st.floats(120, 900),
    level=st.floats(-5, 5),
)
def test_a_raised_cosine_on_any_level_is_read_to_within_a_sample(onset, rise, fall, level):
    curve = level + bump(TIMES, onset, onset + rise, onset + rise + fall)
    near = int(np.abs(TIMES - onset - (rise + fall) / 2).argmin())
    course = follow(curve, TIMES, near, rise + fall)
    assert course.onset_ms == pytest.approx(onset, abs=40)
    assert course.apex_ms == pytest.approx(onset + rise, abs=90)
    assert course.offset_ms == pytest.approx(onset + rise + fall, abs=40)


def test_the_walk_stops_where_the_next_hill_begins():
    curve = bump(TIMES, 3_000, 3_200, 3_500) + bump(TIMES, 3_600, 3_900, 4_400)
    course = follow(curve, TIMES, int(np.abs(TIMES - 3_220).argmin()), 450)
    assert course.offset_ms == pytest.approx(3_500, abs=60)


def test_small_bumps_do_not_stop_the_walk():
    curve = bump(TIMES, 3_000, 3_500, 4_400) + 0.05 * np.sin(TIMES / 40)
    course = follow(curve, TIMES, int(np.abs(TIMES - 3_700).argmin()), 1_300)
    assert course.onset_ms == pytest.approx(3_000, abs=120) and course.offset_ms == pytest.approx(4_400, abs=160)

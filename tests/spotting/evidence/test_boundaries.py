import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_curves import bump

from mevqa.spotting.evidence.boundaries import follow

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


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rest", [0.3, 0.4])
def test_what_is_left_of_an_expression_and_ebbs_away_is_not_a_part_of_it(rest, seed):
    times = np.arange(0, 4000, 1000 / 30)
    up, down = np.clip((times - 1000) / 200, 0, 1), np.clip((times - 1200) / 300, 0, 1)
    left = rest * np.exp(-np.maximum(times - 1500, 0) / 1500)
    curve = (0.5 - 0.5 * np.cos(np.pi * up)) * (left + (1 - rest) * (0.5 + 0.5 * np.cos(np.pi * down)))
    curve += 0.02 * np.random.default_rng(seed).standard_normal(len(times))
    course = follow(curve, times, int(np.abs(times - 1200).argmin()), 500)
    assert abs(course.onset_ms - 1000) <= 67 and abs(course.apex_ms - 1200) <= 67
    assert abs(course.offset_ms - 1500) <= 67
